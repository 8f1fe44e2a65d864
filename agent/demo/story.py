"""
The fictional GHT « Val-de-Brume », six months into its phase.

Everything is invented; names end in `.example` and most addresses are those kept for documentation.
The dates are chosen so that the day of the story (`AS_OF`) shows a due date near, a decision that
waits, a reading that the texts leave open and objectives that are met.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

PROGRAMME = "D1BIS_2026"
CANDIDATE_ID = "ght-val-de-brume"
CANDIDATE_NAME = "GHT Val-de-Brume"
PHASE_START = date(2026, 3, 2)
VALIDATED_ON = date(2026, 4, 27)
DECLARATION = date(2027, 3, 15)
AS_OF = date(2026, 9, 15)
READ_AT = datetime(2026, 9, 14, 4, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Establishment:
    """A member of the group; `activity` in thousands of the combined activity."""

    id: str
    name: str
    finess: str
    activity: int
    support: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """A forest and the establishments it serves."""

    id: str
    name: str
    establishments: tuple[str, ...]
    forest_dns: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """What an establishment shows to the Internet."""

    id: str
    name: str
    establishment: str
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    kind: str = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdsReport:
    """One report of the ADS service; `score` None: whoever dropped it did not say."""

    directory: str
    on: date
    score: float | None
    points: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something that an audit may find; `score` and `vector` are CVSS 3's."""

    id: str
    plugin: int
    name: str
    severity: int
    score: float
    vector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureRun:
    """One exposure audit, done in the night before `on`; `findings` pairs a host with a flaw's id."""

    number: int
    on: date
    findings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What somebody declares of an establishment, with the words of its proof file if it has one."""

    kind: str
    establishment: str
    fields: Mapping[str, str]
    by: str
    proof: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureScan:
    """A regular audit and its runs."""

    number: int
    name: str
    targets: tuple[str, ...]
    runs: tuple[ExposureRun, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """A domain controller."""

    name: str
    system: str
    version: str
    site: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A DNS record of an AD-integrated zone."""

    name: str
    type: str
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """What a directory holds that its description tells."""

    dns_name: str
    netbios_name: str
    sid: str
    guid: str
    sites: tuple[tuple[str, tuple[str, ...]], ...]
    controllers: tuple[Controller, ...]
    trust_partner: str
    trust_netbios_name: str
    trust_sid: str
    zone: str
    records: tuple[Record, ...]


CHU = Establishment(id="chu-brumeville", name="CHU de Brumeville", finess="990000010", activity=62_000, support=True)
CH = Establishment(id="ch-roncebois", name="CH de Roncebois", finess="990000028", activity=30_000)
HL = Establishment(id="hl-vertefontaine", name="Hôpital local de Vertefontaine", finess="990000036", activity=8_000)
ESTABLISHMENTS = (CHU, CH, HL)

CHU_DIRECTORY = Directory(
    id="ad-chu",
    name="Forêt du CHU, partagée avec l'hôpital local",
    establishments=(CHU.id, HL.id),
    forest_dns="brume.chu-brumeville.example",
)
CH_DIRECTORY = Directory(
    id="ad-ch", name="Forêt du CH de Roncebois", establishments=(CH.id,), forest_dns="ad.ch-roncebois.example"
)
DIRECTORIES = (CHU_DIRECTORY, CH_DIRECTORY)

CHU_SURFACE = Surface(
    id="internet-chu",
    name="Accès Internet du CHU",
    establishment=CHU.id,
    names=("www.chu-brumeville.example", "vpn.chu-brumeville.example", "courriel.chu-brumeville.example"),
    addresses=("192.0.2.16/28",),
)
CH_SURFACE = Surface(
    id="internet-ch",
    name="Accès Internet du CH",
    establishment=CH.id,
    names=("www.ch-roncebois.example", "teleconsultation.ch-roncebois.example"),
    addresses=("198.51.100.8/29",),
)
HL_SURFACE = Surface(
    id="vitrine-hl",
    name="Site vitrine de l'hôpital local",
    establishment=HL.id,
    names=("www.hl-vertefontaine.example",),
    addresses=("192.0.2.40",),
    kind="showcase",
)
SURFACES = (CHU_SURFACE, CH_SURFACE, HL_SURFACE)

_CHU_RSSI = "Camille Aubert, RSSI du GHT"
_CH_DSI = "Sacha Lemoine, DSI du CH de Roncebois"
_WEAK = ("vuln1_permissions_naming_context", "vuln2_privileged_members_no_preauth", "vuln3_dormant_users")
_BETTER = ("vuln3_dormant_users", "vuln3_password_change_inactive_servers", "vuln4_functional_level")
ADS_REPORTS = (
    AdsReport(directory=CHU_DIRECTORY.id, on=date(2026, 3, 20), score=2, points=_WEAK, by=_CHU_RSSI),
    AdsReport(directory=CH_DIRECTORY.id, on=date(2026, 3, 30), score=2, points=_WEAK, by=_CH_DSI),
    AdsReport(directory=CHU_DIRECTORY.id, on=date(2026, 5, 11), score=3, points=_BETTER, by=_CHU_RSSI),
    AdsReport(directory=CH_DIRECTORY.id, on=date(2026, 5, 26), score=2, points=_BETTER, by=_CH_DSI),
    AdsReport(directory=CHU_DIRECTORY.id, on=date(2026, 7, 6), score=3, points=_BETTER, by=_CHU_RSSI),
    AdsReport(directory=CH_DIRECTORY.id, on=date(2026, 7, 20), score=None, points=_BETTER, by=_CH_DSI),
    AdsReport(directory=CHU_DIRECTORY.id, on=date(2026, 8, 31), score=3, points=_BETTER, by=_CHU_RSSI),
)
ORADAD_AT = datetime(2026, 8, 30, 20, 15, 0, tzinfo=UTC)

FLAWS = {
    flaw.id: flaw
    for flaw in (
        Flaw(
            id="certificate-expired",
            plugin=990002,
            name="TLS certificate has expired",
            severity=2,
            score=5.3,
            vector="CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:L/A:N",
        ),
        Flaw(
            id="vpn-memory-read",
            plugin=990003,
            name="VPN gateway reads memory out of bounds",
            severity=3,
            score=7.5,
            vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
        ),
        Flaw(
            id="gateway-path-traversal",
            plugin=990004,
            name="Gateway runs code through a path traversal",
            severity=4,
            score=9.8,
            vector="CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        ),
        Flaw(
            id="library-edge",
            plugin=990005,
            name="Library flaw, hard to reach",
            severity=4,
            score=9.0,
            vector="CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H",
        ),
    )
}
_VPN, _MAIL = CHU_SURFACE.names[1], CHU_SURFACE.names[2]
_TELE = CH_SURFACE.names[1]
CHU_SCAN = ExposureScan(
    number=17,
    name="Exposition Internet : CHU et hôpital local",
    targets=(*CHU_SURFACE.names, *HL_SURFACE.names),
    runs=(
        ExposureRun(number=1701, on=date(2026, 3, 24), findings=((_VPN, "gateway-path-traversal"),)),
        ExposureRun(number=1702, on=date(2026, 5, 12), findings=((_VPN, "vpn-memory-read"),)),
        ExposureRun(number=1703, on=date(2026, 7, 7), findings=((_MAIL, "certificate-expired"),)),
        ExposureRun(number=1704, on=date(2026, 8, 25), findings=((_MAIL, "certificate-expired"),)),
    ),
)
CH_SCAN = ExposureScan(
    number=23,
    name="Exposition Internet : CH de Roncebois",
    targets=CH_SURFACE.names,
    runs=(
        ExposureRun(number=2301, on=date(2026, 3, 26), findings=((_TELE, "certificate-expired"),)),
        ExposureRun(number=2302, on=date(2026, 5, 19), findings=((_TELE, "certificate-expired"),)),
        ExposureRun(number=2303, on=date(2026, 7, 16)),
        ExposureRun(number=2304, on=date(2026, 9, 8), findings=((_TELE, "library-edge"),)),
    ),
)

DECLARED = (
    Declared(
        kind="crisis_exercise",
        establishment=CHU.id,
        fields={"held_on": "2026-06-11", "decision_cell": "oui"},
        proof="compte-rendu-exercice.txt",
        text="Exercice de crise cyber du 11 juin 2026, CHU de Brumeville : scénario et RETEX (document fictif).\n",
        by=_CHU_RSSI,
    ),
    Declared(
        kind="osis",
        establishment=CHU.id,
        fields={"budget_share_filled": "oui", "priority_measures_filled": "43", "filled_on": "2026-09-01"},
        by=_CHU_RSSI,
    ),
)

_SERVER_2019 = ("Windows Server 2019 Standard", "10.0 (17763)")
_SERVER_2022 = ("Windows Server 2022 Standard", "10.0 (20348)")
FOREST = Forest(
    dns_name=CHU_DIRECTORY.forest_dns,
    netbios_name="BRUME",
    sid="S-1-5-21-1810042517-2733110920-1190526645",
    guid="5b0c2f6e-4a0d-4c1f-9b0e-0d6c3f2a7e11",
    sites=(("Brumeville", ("10.62.0.0/16", "10.63.0.0/16")), ("Vertefontaine", ("10.8.0.0/20",))),
    controllers=(
        Controller(name="DC-BRUME-2", system=_SERVER_2022[0], version=_SERVER_2022[1], site="Brumeville"),
        Controller(name="DC-FONTAINE", system=_SERVER_2019[0], version=_SERVER_2019[1], site="Vertefontaine"),
    ),
    trust_partner=CH_DIRECTORY.forest_dns,
    trust_netbios_name="RONCEBOIS",
    trust_sid="S-1-5-21-3025117442-918273645-2771940031",
    zone="chu-brumeville.example",
    records=(
        Record(name="www", type="A", data="192.0.2.17"),
        Record(name="vpn", type="A", data="192.0.2.18"),
        Record(name="courriel", type="A", data="192.0.2.19"),
        Record(name="intranet", type="A", data="10.62.4.5"),
        # No surface declares this name, and its address is routed: the dossier's list shows it.
        Record(name="ancien-portail", type="A", data="192.88.99.20"),
        Record(name="rendez-vous", type="CNAME", data="ancien-portail.chu-brumeville.example."),
    ),
)

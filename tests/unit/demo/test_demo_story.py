from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from agent.bootstrap import evaluate_scenario
from agent.demo import configuration, story
from agent.demo.files import InboxFile, received_files, recorded_files
from collectors import side_file
from collectors.formats.interface import Limits, Source
from collectors.formats.registry import readers
from config.finess import has_valid_check_digit
from config.load import examine_text
from tests.lab import tenable

if TYPE_CHECKING:
    from pathlib import Path

    from agent.domain.exposure import Reading

FILES = {file.name: file for file in (*received_files(), *recorded_files())}
REPORTS = [name for name in FILES if name + ".toml" in FILES]
KINDS = {
    ".html": "ads_report",
    ".nessus": "exposure_report",
    ".csv": "asset_list",
    ".mla": "oradad_archive",
    ".log": "oradad_log",
}


def reading_of(file: InboxFile) -> Reading:
    reader = next(reader for reader in readers()[0] if reader.sniff(file.content[: 64 * 1024], file.name))
    return reader.read(Source(stream=io.BytesIO(file.content), name=file.name, size=len(file.content)), Limits())


def objectives(*, undecided_score: float) -> dict[str, Any]:
    audits = [
        {
            "id": str(run.number),
            "date": run.on.isoformat(),
            "tool": "INDUSTRIAL",
            "covers": covers,
            "findings": [
                {"id": flaw, "cvss": story.FLAWS[flaw].score, "surface": covers[0]} for _, flaw in run.findings
            ],
        }
        for scan, covers in (
            (story.CHU_SCAN, [story.CHU_SURFACE.id, story.HL_SURFACE.id]),
            (story.CH_SCAN, [story.CH_SURFACE.id]),
        )
        for run in scan.runs
    ]
    scenario: dict[str, object] = {
        "id": story.CANDIDATE_ID,
        "programme": story.PROGRAMME,
        "as_of": story.AS_OF.isoformat(),
        "candidate": {
            "type": "GHT",
            "establishments": [
                {"id": one.id, "activity": one.activity, "support": one.support} for one in story.ESTABLISHMENTS
            ],
        },
        "phase": {"start": story.PHASE_START.isoformat(), "declaration": story.DECLARATION.isoformat()},
        "ads": [
            {"id": one.id, "establishments": list(one.establishments), "kind": "onprem"} for one in story.DIRECTORIES
        ],
        "ads_audits": [
            {
                "id": f"{one.directory}-{one.on}",
                "date": one.on.isoformat(),
                "ads": [one.directory],
                "score": undecided_score if one.score is None else one.score,
            }
            for one in story.ADS_REPORTS
        ],
        "surfaces": [{"id": one.id, "establishments": [one.establishment], "kind": one.kind} for one in story.SURFACES],
        "exposure_audits": audits,
    }
    found = evaluate_scenario(scenario)["objectives"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", REPORTS)
def test_every_file_is_recognised_and_read_whole(name: str) -> None:
    reading = reading_of(FILES[name])

    assert reading.complete
    assert not reading.problems
    expected = KINDS.get("." + name.rpartition(".")[2])
    assert expected in (None, reading.kind)


@pytest.mark.parametrize("name", [name + ".toml" for name in REPORTS])
def test_every_side_file_says_only_what_can_be_said(name: str) -> None:
    stated, problems = side_file.parse(FILES[name].content)

    assert not problems
    assert stated.by


def test_exactly_one_report_comes_without_its_score() -> None:
    silent = [
        name
        for name in REPORTS
        if name.endswith(".html") and side_file.parse(FILES[name + ".toml"].content)[0].score is None
    ]

    assert silent == ["rapport-ads-ad-ch-2026-07-20.html"]


def test_the_recorded_directory_knows_its_controllers_trust_and_sites() -> None:
    reading = reading_of(FILES[f"annuaire-{story.FOREST.dns_name}.json"])

    snapshot: Any = reading.summary["snapshot"]
    assert [one["name"] for one in snapshot["domain_controllers"]] == ["DC-BRUME-2", "DC-FONTAINE"]
    assert [one["partner"] for one in snapshot["trusts"]] == [story.CH_DIRECTORY.forest_dns]
    assert [one["name"] for one in snapshot["sites"]] == ["Brumeville", "Vertefontaine"]


def test_the_recorded_zone_shows_a_public_name_that_no_surface_declares() -> None:
    reading = reading_of(FILES[f"zones-dns-{story.FOREST.dns_name}.json"])

    assets: Any = reading.summary["assets"]
    declared = {name for surface in story.SURFACES for name in surface.names}
    public = {one["name"] for one in assets if one["public"] and one["asset_kind"] == "domain"}
    assert public - declared == {"ancien-portail.chu-brumeville.example", "rendez-vous.chu-brumeville.example"}


@pytest.mark.parametrize("score", [1, 5], ids=["worst score", "best score"])
def test_the_screen_teaches_a_near_due_date_an_open_reading_and_what_is_met(score: float) -> None:
    found = objectives(undecided_score=score)

    verdicts = {code: one["candidate"]["verdict"] for code, one in found.items()}
    assert verdicts == {"D1.O1.A": "at_risk", "D1.O1.B": "met", "D1.O2.A": "met", "D1.O2.B": "at_risk"}
    assert found["D1.O1.A"]["candidate"]["reasons"] == ["DUE_SOON"]
    assert found["D1.O1.A"]["candidate"]["next_due"] == "2026-09-25"
    assert found["D1.O2.B"]["establishments"][story.CH.id]["contested"] == ["cvss9"]


def test_the_missing_score_decides_for_the_smaller_hospital_alone() -> None:
    worst, best = (objectives(undecided_score=score)["D1.O1.B"]["establishments"] for score in (1, 5))

    assert (worst[story.CH.id]["verdict"], best[story.CH.id]["verdict"]) == ("at_risk", "met")
    assert worst[story.CHU.id]["verdict"] == best[story.CHU.id]["verdict"] == "met"


def test_nobody_real_is_named() -> None:
    names = [name for surface in story.SURFACES for name in surface.names]
    names += [story.FOREST.zone, *(one.forest_dns for one in story.DIRECTORIES)]

    assert all(name.endswith(".example") for name in names)
    assert all(has_valid_check_digit(one.finess) for one in story.ESTABLISHMENTS)


def test_the_configuration_has_no_fault_and_is_warned_of_as_a_demonstration(tmp_path: Path) -> None:
    first = f"""
version = 1
[candidate]
id = "{story.CANDIDATE_ID}"
name = "{story.CANDIDATE_NAME}"
type = "GHT"
[[programmes]]
id = "{story.PROGRAMME}"
phase_start = 2026-03-02
[[establishments]]
id = "{story.CANDIDATE_ID}"
name = "{story.CANDIDATE_NAME}"
activity = 1
[vault]
path = "coffre"
recipients = [
    "age1x5wurnk7n866fpp2aedcj8wjsj85nsjwfr28ewdnrmd4tfedudfs9r0gs9",
    "age169k608lz3j52d0h9xmskw653ftwht9g5earjuf8t44amvzuxd42q505spg",
]
[state]
path = "etat"
[inbox]
path = "boite"
"""

    found = examine_text(configuration.completed(first), path=tmp_path / "carenage.toml")

    assert found.problems == ()
    assert {where for where, _ in found.warnings} == {"demo", "vault.recipients", "channels"}
    assert found.configuration is not None
    assert found.configuration.demo is not None
    assert found.configuration.demo.as_of == story.AS_OF
    assert [one.id for one in found.configuration.establishments] == [one.id for one in story.ESTABLISHMENTS]


@pytest.mark.parametrize("flaw", story.FLAWS.values(), ids=story.FLAWS)
def test_the_double_of_the_platform_finds_the_same_flaws(flaw: story.Flaw) -> None:
    plugin = tenable.PLUGINS[flaw.id]

    assert (plugin.id, plugin.name, plugin.severity) == (flaw.plugin, flaw.name, flaw.severity)
    assert plugin.cvss["3"] == (flaw.score, flaw.vector)


def test_two_demonstrations_drop_the_same_bytes() -> None:
    again = {file.name: file for file in (*received_files(), *recorded_files())}

    assert json.dumps(sorted(again)) == json.dumps(sorted(FILES))
    assert all(again[name].content == file.content for name, file in FILES.items())

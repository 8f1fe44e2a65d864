"""The shape of the one configuration file; every description is what the reference page and the example show."""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from config.secret_sources import SecretReference

SLUG = r"^[a-z0-9][a-z0-9-]{0,63}$"
FINESS = r"^(?:[0-9]{9}|2[AB][0-9]{7})$"
DOMAIN_SID = r"^S-1-5-21-[0-9]{1,10}-[0-9]{1,10}-[0-9]{1,10}$"
EMAIL = r"^[^@\s,;<>\x00-\x1f]+@[^@\s,;<>\x00-\x1f]+\.[^@\s,;<>\x00-\x1f]+$"
KIND = r"^[a-z0-9][a-z0-9_]{0,63}$"
PROGRAMME_ID = r"^[A-Z0-9][A-Z0-9_]{0,63}$"
PATTERNS: dict[str, str] = {
    SLUG: "il faut un identifiant : minuscules sans accent, chiffres et « - », 64 caractères au plus",
    FINESS: "un numéro FINESS a 9 chiffres (2A ou 2B au début pour la Corse)",
    DOMAIN_SID: "il faut le SID d'un domaine, de la forme S-1-5-21-…-…-…",
    EMAIL: "il faut une adresse électronique, de la forme nom@domaine.fr",
    KIND: "il faut un type : minuscules, chiffres et « _ »",
    PROGRAMME_ID: "il faut le nom d'un programme, par exemple D1BIS_2026",
}
# What a first configuration writes where a person has to.
UNNAMED = "Nom à compléter"
EXAMPLE_RECIPIENTS = (
    "age1x5wurnk7n866fpp2aedcj8wjsj85nsjwfr28ewdnrmd4tfedudfs9r0gs9",
    "age169k608lz3j52d0h9xmskw653ftwht9g5earjuf8t44amvzuxd42q505spg",
)
_DNS_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_MAX_DOMAIN_LENGTH = 253


def _refuse(message: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "{text}", {"text": message})


def domain_name(value: str) -> str:
    """Return a domain name in lower case, in its ASCII (punycode) form, without the final dot."""
    try:
        text = value.strip().rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        text = ""
    labels = text.split(".")
    if len(text) > _MAX_DOMAIN_LENGTH or len(labels) < 2 or not all(_DNS_LABEL.fullmatch(label) for label in labels):  # noqa: PLR2004
        raise _refuse("il faut un nom de domaine complet, par exemple www.ch-exemple.fr (sans https://, sans « * »)")
    return text


def address_or_range(value: str) -> str:
    """Return an address or a CIDR range in canonical text; a single address without its prefix length."""
    try:
        network = ipaddress.ip_network(value.strip())
    except ValueError:
        raise _refuse(
            "il faut une adresse IP ou une plage CIDR dont les bits d'hôte sont nuls, par exemple 192.0.2.0/28"
        ) from None
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _path(value: Any, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip() or "\x00" in value:
        raise _refuse("il faut un chemin, entre guillemets")
    if value.startswith("~"):
        raise _refuse("« ~ » n'est pas développé : écrivez le chemin entier, ou relatif au fichier de configuration")
    folder = (info.context or {}).get("folder")
    return Path(folder) / value if folder is not None else Path(value)


def _activity(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise _refuse("il faut un nombre, ou un texte décimal comme « 12345.67 »")
    try:
        number = Decimal(str(value).replace(",", "."))
    except InvalidOperation:
        raise _refuse("il faut un nombre, ou un texte décimal comme « 12345.67 »") from None
    if not number.is_finite() or number <= 0:
        raise _refuse("il faut un nombre plus grand que zéro")
    return number


def _time_zone(value: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _refuse("fuseau horaire inconnu ; par exemple Europe/Paris, Indian/Reunion, America/Martinique") from None
    return value


def _guid(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise _refuse("il faut un GUID, de la forme 01234567-89ab-cdef-0123-456789abcdef") from None


def _proxy_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^/\s]+/?", value):
        raise _refuse("il faut l'adresse du proxy, par exemple http://proxy.ch-exemple.fr:3128, sans compte dedans")
    return value


def age_recipient(value: str) -> str:
    """Return an age public key (`age1…`); a private key is refused without being repeated."""
    import pyrage

    if value.strip().upper().startswith("AGE-SECRET-KEY-"):
        raise _refuse(
            "c'est une clé PRIVÉE : ne l'écrivez nulle part sur ce serveur ; il faut la clé publique, "
            "qui commence par age1. Considérez cette clé comme compromise et remplacez-la"
        )
    try:
        return str(pyrage.x25519.Recipient.from_str(value.strip()))
    except pyrage.RecipientError:
        raise _refuse("il faut une clé publique age, qui commence par age1 (recopiée en entier)") from None


def _two_at_least(keys: tuple[str, ...]) -> tuple[str, ...]:
    if len(keys) < 2:  # noqa: PLR2004 - the owner's key and the one that saves the day
        raise _refuse("il faut au moins deux clés publiques : celle du RSSI et une clé de secours")
    return keys


def _one_at_least(programmes: tuple[Programme, ...]) -> tuple[Programme, ...]:
    if not programmes:
        raise _refuse("il faut au moins un programme")
    return programmes


Slug = Annotated[str, Field(pattern=SLUG)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Finess = Annotated[str, Field(pattern=FINESS)]
Domain = Annotated[str, AfterValidator(domain_name)]
AddressOrRange = Annotated[str, AfterValidator(address_or_range)]
Recipient = Annotated[str, AfterValidator(age_recipient)]
ConfiguredPath = Annotated[Path, BeforeValidator(_path), WithJsonSchema({"type": "string"})]
Activity = Annotated[Decimal, BeforeValidator(_activity), WithJsonSchema({"type": ["number", "string"]})]
Slugs = Annotated[tuple[Slug, ...], Field(strict=False)]
HolidaysRegion = Literal[
    "metropole",
    "alsace-moselle",
    "guadeloupe",
    "guyane",
    "la-reunion",
    "martinique",
    "mayotte",
    "nouvelle-caledonie",
    "polynesie-francaise",
    "saint-barthelemy",
    "saint-martin",
    "saint-pierre-et-miquelon",
    "wallis-et-futuna",
]


class Section(BaseModel):
    """Base of every table of the file: exact types, unknown keys refused, unchangeable, values kept out of errors."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)


class Demo(Section):
    """Configuration de démonstration : elle fixe le jour de l'évaluation. Jamais en production."""

    as_of: date = Field(description="Jour où tout est évalué.", examples=[date(2026, 9, 1)])


class Candidate(Section):
    """Qui candidate au programme."""

    id: Slug = Field(
        description="Identifiant choisi une fois : chaque preuve scellée le porte.", examples=["ght-exemple"]
    )
    name: Name = Field(description="Nom officiel.", examples=["GHT Exemple"])
    type: Literal["GHT", "PUBLIC_HORS_GHT", "PRIVE"] = Field(description="Nature du candidat.", examples=["GHT"])
    finess: Finess | None = Field(
        default=None,
        description="Numéro FINESS de l'entité juridique (pour un GHT : de l'établissement support).",
        examples=["010000008"],
    )
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        default="Europe/Paris", description="Fuseau horaire des dates du programme."
    )
    holidays_region: HolidaysRegion = Field(default="metropole", description="Calendrier des jours fériés.")


class Programme(Section):
    """Un programme de financement suivi."""

    id: Annotated[str, Field(pattern=PROGRAMME_ID)] = Field(description="Le programme.", examples=["D1BIS_2026"])
    phase_start: date = Field(description="Démarrage de la phase, tel que déclaré.", examples=[date(2026, 3, 2)])
    validation_date: date | None = Field(
        default=None,
        description="Validation de la candidature par l'ARS ; elle établit l'éligibilité.",
        examples=[date(2026, 4, 20)],
    )
    declaration: date | None = Field(
        default=None,
        description="Date prévue de la déclaration d'atteinte ; à défaut, le dernier jour du programme, s'il en a un.",
        examples=[date(2027, 3, 15)],
    )
    control_date: date | None = Field(default=None, description="Date du contrôle.", examples=[date(2027, 6, 1)])
    declaration_deadline: date | None = Field(
        default=None,
        description="Dernier jour de déclaration, si l'autorité l'a déplacé.",
        examples=[date(2027, 3, 31)],
    )
    warn_days: int | None = Field(default=None, ge=0, le=365, description="Préavis, en jours.", examples=[15])
    share_threshold: int | None = Field(
        default=None, ge=0, le=100, description="Part d'activité à couvrir, en pour cent.", examples=[66]
    )
    min_establishments: int | None = Field(
        default=None, ge=1, le=1000, description="Nombre minimal d'établissements.", examples=[2]
    )
    lead_days_ads: int | None = Field(
        default=None, ge=0, le=365, description="Délai pour obtenir un audit ADS, en jours.", examples=[0]
    )
    lead_days_industrial: int | None = Field(
        default=None, ge=0, le=365, description="Délai pour obtenir un audit industriel, en jours.", examples=[0]
    )

    def scenario_config(self) -> dict[str, Any]:
        """Return what is set here of a scenario's `config` (contract/evaluation.md), as JSON-ready values."""
        aside = {"id", "phase_start", "validation_date", "declaration", "control_date"}
        return self.model_dump(mode="json", exclude=aside, exclude_none=True)


class Establishment(Section):
    """Un établissement du candidat."""

    id: Slug = Field(description="Identifiant choisi une fois.", examples=["ch-exemple"])
    name: Name = Field(description="Nom officiel.", examples=["Centre hospitalier d'Exemple"])
    finess: Finess | None = Field(
        default=None, description="FINESS juridique (EJ) dans un GHT, géographique (EG) sinon.", examples=["010000008"]
    )
    activity: Activity = Field(
        description="Activité combinée, nombre ou texte décimal ; seules les parts comptent.", examples=["12345.67"]
    )
    support: bool = Field(default=False, description="Établissement support du GHT.")
    esms: bool = Field(
        default=False, description="Établissement médico-social : hors du domaine 1, dans le périmètre du Parcours 3."
    )
    in_perimeter: bool = Field(default=True, description="Dans le périmètre du programme.")


class Directory(Section):
    """Un annuaire technique (une forêt Active Directory, ou Entra ID seul)."""

    id: Slug = Field(description="Identifiant choisi une fois.", examples=["ad-exemple"])
    name: Name = Field(description="Nom courant.", examples=["Forêt exemple.local"])
    establishments: Slugs = Field(
        default=(), description="Établissements servis ; vide : le candidat lui-même.", examples=[["ch-exemple"]]
    )
    kind: Literal["onprem", "hybrid", "entra_only"] = Field(
        description="Sur site, hybride, ou Entra ID seul.", examples=["onprem"]
    )
    forest_dns: Domain | None = Field(default=None, description="Nom DNS de la forêt.", examples=["exemple.local"])
    forest_guid: Annotated[str, AfterValidator(_guid)] | None = Field(
        default=None,
        description="GUID de la forêt : une collecte qui en montre un autre alarme.",
        examples=["01234567-89ab-cdef-0123-456789abcdef"],
    )
    domain_sid: Annotated[str, Field(pattern=DOMAIN_SID)] | None = Field(
        default=None, description="SID du domaine racine : idem.", examples=["S-1-5-21-1004336348-1177238915-682003330"]
    )
    in_service: date | None = Field(
        default=None, description="Mise en service, si après le démarrage.", examples=[date(2026, 6, 1)]
    )
    retired: date | None = Field(default=None, description="Arrêt.", examples=[date(2026, 12, 31)])
    replaces: Slugs = Field(default=(), description="Annuaires que celui-ci remplace.", examples=[["ancien-ad"]])


class Surface(Section):
    """Ce qui est exposé sur Internet et relève d'un même audit."""

    id: Slug = Field(description="Identifiant choisi une fois.", examples=["internet"])
    name: Name = Field(description="Nom courant.", examples=["Accès Internet du CH d'Exemple"])
    establishments: Slugs = Field(
        default=(), description="Établissements concernés ; vide : le candidat lui-même.", examples=[["ch-exemple"]]
    )
    kind: Literal["own", "showcase", "saas_access_point", "vendor_saas"] = Field(
        default="own",
        description="En propre, site vitrine, point d'accès d'un SaaS, SaaS de l'éditeur (hors périmètre).",
    )
    names: Annotated[tuple[Domain, ...], Field(strict=False)] = Field(
        default=(), description="Noms de domaine.", examples=[["www.ch-exemple.fr", "vpn.ch-exemple.fr"]]
    )
    addresses: Annotated[tuple[AddressOrRange, ...], Field(strict=False)] = Field(
        default=(), description="Adresses ou plages CIDR.", examples=[["192.0.2.0/28", "2001:db8::1"]]
    )
    exposed_from: date | None = Field(
        default=None, description="Première exposition, si après le démarrage.", examples=[date(2026, 6, 1)]
    )


class PluginEntry(Section):
    """A table whose remaining keys belong to the plugin of its `kind`."""

    model_config = ConfigDict(extra="allow")

    id: Slug
    kind: Annotated[str, Field(pattern=KIND)]

    @property
    def settings(self) -> dict[str, Any]:
        """Return the plugin's own keys as written; secrets stay references (`config.plugin_settings.settings_for`)."""
        return dict(self.__pydantic_extra__ or {})


class CollectorEntry(PluginEntry):
    """Une source de preuves ; plusieurs du même type peuvent coexister. Les autres clés sont celles du type."""

    id: Slug = Field(description="Identifiant choisi une fois.", examples=["annuaire-ldap"])
    kind: Annotated[str, Field(pattern=KIND)] = Field(description="Type de collecteur.", examples=["ldap"])
    directory: Slug | None = Field(default=None, description="Annuaire concerné.", examples=["ad-exemple"])
    enabled: bool = Field(default=True, description="Faux : la source est gardée mais n'est plus interrogée.")
    tool: Literal["SILENE", "INDUSTRIAL", "CYBERSURVEILLANCE", "UNKNOWN"] | None = Field(
        default=None,
        description="Nature de l'audit d'exposition, quand la source ne le dit pas (UNKNOWN : à décider plus tard).",
        examples=["INDUSTRIAL"],
    )


class Person(Section):
    """Une personne à prévenir."""

    id: Slug = Field(description="Identifiant.", examples=["rssi"])
    name: Name = Field(description="Nom affiché.", examples=["Camille Martin"])
    role: Literal["rssi", "dsi", "referent", "admin"] = Field(description="Rôle.", examples=["rssi"])
    email: Annotated[str, Field(pattern=EMAIL, max_length=254)] = Field(
        description="Adresse électronique.", examples=["rssi@ch-exemple.fr"]
    )
    channels: Slugs = Field(
        default=(), description="Canaux préférés ; vide : tous ceux qui la citent.", examples=[["courriel"]]
    )


class ChannelEntry(PluginEntry):
    """Un canal d'alerte. Les autres clés sont celles du type."""

    id: Slug = Field(description="Identifiant.", examples=["courriel"])
    kind: Annotated[str, Field(pattern=KIND)] = Field(description="Type de canal.", examples=["smtp"])
    to: Slugs = Field(default=(), description="Personnes prévenues par ce canal.", examples=[["rssi"]])


class TargetEntry(PluginEntry):
    """Une destination du dossier de preuves. Les autres clés sont celles du type."""

    id: Slug = Field(description="Identifiant.", examples=["portail"])
    kind: Annotated[str, Field(pattern=KIND)] = Field(description="Type de destination.", examples=["folder"])


class Vault(Section):
    """Le coffre : des preuves chiffrées, que cet agent ne peut pas relire."""

    path: ConfiguredPath = Field(description="Dossier du coffre.", examples=["/var/lib/carenage/vault"])
    recipients: Annotated[tuple[Recipient, ...], Field(strict=False), AfterValidator(_two_at_least)] = Field(
        description="Clés publiques age, deux au moins (RSSI et secours). Les clés privées restent hors de ce serveur.",
        json_schema_extra={"minItems": 2},
        examples=[list(EXAMPLE_RECIPIENTS)],
    )


class State(Section):
    """L'état propre de l'agent."""

    path: ConfiguredPath = Field(description="Dossier de l'état.", examples=["/var/lib/carenage/state"])


class Inbox(Section):
    """Le dossier où l'on dépose les fichiers reçus."""

    path: ConfiguredPath = Field(description="Dossier de dépôt.", examples=["/var/lib/carenage/inbox"])
    settle_seconds: int = Field(
        default=60, ge=0, le=86_400, description="Un fichier est pris après ce temps sans changement."
    )
    keep_days: int = Field(
        default=30, ge=0, le=3650, description="Jours de garde d'un fichier scellé avant son effacement."
    )


class Log(Section):
    """Le journal technique."""

    path: ConfiguredPath | None = Field(
        default=None,
        description="Fichier du journal ; sans lui, la sortie d'erreur.",
        examples=["/var/log/carenage/carenage.log"],
    )
    level: Literal["ERROR", "WARNING", "INFO", "DEBUG"] = Field(default="INFO", description="Niveau de détail.")


class Network(Section):
    """Comment l'agent sort : proxy et autorités de certification."""

    proxy_url: Annotated[str, AfterValidator(_proxy_url)] | None = Field(
        default=None, description="Adresse du proxy de sortie.", examples=["http://proxy.ch-exemple.fr:3128"]
    )
    proxy_user: Name | None = Field(
        default=None, description="Compte, si le proxy en demande un.", examples=["carenage"]
    )
    proxy_password: SecretReference | None = Field(
        default=None, description="Mot de passe du proxy, par référence.", examples=[{"file": "/etc/carenage/proxy"}]
    )
    no_proxy: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(),
        description="Noms joints sans proxy ; un point devant vaut pour tout le domaine.",
        examples=[[".ch-exemple.local"]],
    )
    ca_file: ConfiguredPath | None = Field(
        default=None,
        description="Autorités à ajouter à celles du système (PEM) : proxy qui inspecte TLS, service interne.",
        examples=["/etc/ssl/certs/hopital.pem"],
    )


class Configuration(Section):
    """Le fichier entier."""

    version: Literal[1] = Field(description="Version du format.", examples=[1])
    demo: Demo | None = None
    candidate: Candidate
    programmes: Annotated[tuple[Programme, ...], Field(strict=False), AfterValidator(_one_at_least)]
    establishments: Annotated[tuple[Establishment, ...], Field(strict=False)] = ()
    directories: Annotated[tuple[Directory, ...], Field(strict=False)] = ()
    surfaces: Annotated[tuple[Surface, ...], Field(strict=False)] = ()
    collectors: Annotated[tuple[CollectorEntry, ...], Field(strict=False)] = ()
    people: Annotated[tuple[Person, ...], Field(strict=False)] = ()
    channels: Annotated[tuple[ChannelEntry, ...], Field(strict=False)] = ()
    targets: Annotated[tuple[TargetEntry, ...], Field(strict=False)] = ()
    vault: Vault
    state: State
    inbox: Inbox
    log: Log = Field(default_factory=Log)
    network: Network = Field(default_factory=Network)

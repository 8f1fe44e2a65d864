"""What the collectors of a directory have in common: where it begins, how its values become JSON, one `doctor` line."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from agent.domain.directory.distinguished_name import dns_name
from agent.domain.errors import AgentError, CollectorError
from agent.domain.evidence import RawEvidence
from collectors.active_directory.connection import ConnectionSettings, Session, connect
from collectors.interface import CheckResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.domain.evidence import EvidenceClass
    from collectors.active_directory.ber import Attributes
    from collectors.interface import CollectionContext

ROOT_DSE = (
    "defaultNamingContext",
    "rootDomainNamingContext",
    "configurationNamingContext",
    "schemaNamingContext",
    "dnsHostName",
    "domainFunctionality",
    "forestFunctionality",
    "domainControllerFunctionality",
)
_BINARY = frozenset({"objectsid", "objectguid", "securityidentifier", "dnsrecord"})

Json = dict[str, list[Any]]


class RootDse:
    """What a domain controller says of itself, and the naming contexts that searches begin at."""

    def __init__(self, session: Session) -> None:
        self._attributes = session.read("", ROOT_DSE)
        self.domain = self._context("defaultNamingContext")
        self.forest = self._context("rootDomainNamingContext")
        self.configuration = self._context("configurationNamingContext")
        self.schema = self._context("schemaNamingContext")

    @property
    def dns_name(self) -> str:
        """Return the DNS name of the controller's domain."""
        return dns_name(self.domain)

    def json(self) -> Json:
        """Return what was read."""
        return json_attributes(self._attributes, ROOT_DSE)

    def _context(self, name: str) -> str:
        values = self._attributes.get(name)
        if not values:
            raise CollectorError(
                f"Le serveur ne dit pas son « {name} » : ce n'est pas un contrôleur de domaine Active Directory.",
                hint="Vérifiez l'adresse configurée.",
            )
        return values[0].decode("utf-8", "replace")


def json_attributes(attributes: Attributes, names: Sequence[str]) -> Json:
    """Return the values in a stable order, under the names asked for; bytes that are no text as {"hex": …}."""
    asked = {name.casefold(): name for name in names}
    return {
        asked.get(name.casefold(), name): [_json_value(name, value) for value in sorted(values)]
        for name, values in attributes.items()
        if values
    }


def evidence(
    document: dict[str, Any],
    *,
    name: str,
    collector: str,
    evidence_class: EvidenceClass,
    context: CollectionContext,
) -> RawEvidence:
    """Return `document` as evidence; the same facts give the same bytes."""
    data = (json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
    return RawEvidence(
        collector=collector,
        name=name,
        media_type="application/json",
        evidence_class=evidence_class,
        received_at=context.now,
        open=lambda: io.BytesIO(data),
        facts_on=context.now.astimezone(context.zone).date(),
        subject=context.subject,
    )


def check(settings: ConnectionSettings, context: CollectionContext) -> Iterator[CheckResult]:
    """Yield whether the directory can be reached and the account is accepted; one attempt."""
    what = "Annuaire " + ", ".join(settings.urls)
    try:
        with connect(settings, login=context.login) as session:
            name = RootDse(session).dns_name
    except AgentError as error:
        yield CheckResult(what=what, ok=False, message=" ".join(filter(None, (error.message, error.hint))))
    else:
        yield CheckResult(what=what, ok=True, message=f"Connexion et authentification réussies ({name}).")


def _json_value(name: str, value: bytes) -> Any:
    if name.casefold() not in _BINARY:
        try:
            return value.decode()
        except UnicodeDecodeError:
            pass
    return {"hex": value.hex()}

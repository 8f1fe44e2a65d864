"""The list of public names and addresses that the establishment declares, kept in a file by its CISO."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from agent.domain.errors import SourceAnswerError, UnreachableError
from agent.domain.evidence import EvidenceClass, RawEvidence
from collectors.interface import CheckResult, CollectionContext, Collector, CollectorSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_BYTES = 16 * 1024 * 1024
_MEDIA_TYPES = {".csv": "text/csv", ".toml": "application/toml", ".txt": "text/plain"}


class DeclaredSettings(CollectorSettings):
    """`path` is the file (CSV, TOML, or one name a line in `.txt`)."""

    path: Path = Field(description="Fichier tenu par le RSSI : CSV, TOML, ou .txt avec un nom par ligne.")


class DeclaredCollector(Collector[DeclaredSettings]):
    """Seals the declared list as it stands."""

    name: ClassVar[str] = "declared"
    title: ClassVar[str] = "Liste déclarée"
    family: ClassVar[str] = "inventory"
    evidence_class: ClassVar[EvidenceClass] = EvidenceClass.INVENTORY
    settings_type: ClassVar[type[CollectorSettings]] = DeclaredSettings

    def collect(self, context: CollectionContext) -> Iterator[RawEvidence]:
        """
        Yield the file.

        Raises UnreachableError when it cannot be read (a share may come back), SourceAnswerError
        when it is empty, too large or of another kind: an empty list would say that nothing is exposed.
        """
        path = self.settings.path
        media_type = _MEDIA_TYPES.get(path.suffix.lower())
        if media_type is None:
            raise SourceAnswerError(
                f"La liste déclarée « {path.name} » n'est ni un CSV, ni un TOML, ni un .txt.",
                hint="Enregistrez-la dans l'un de ces formats.",
            )
        content = self._content()
        if not content.strip():
            raise SourceAnswerError(
                f"La liste déclarée « {path} » est vide.", hint="Restaurez le fichier ; rien n'est retiré entre-temps."
            )
        yield RawEvidence(
            collector=self.collector_id,
            name=path.name,
            media_type=media_type,
            evidence_class=self.evidence_class,
            received_at=context.now,
            open=partial(BytesIO, content),
            subject=context.subject,
        )

    def check(self, context: CollectionContext) -> Iterator[CheckResult]:
        """Read the file, as a collection would."""
        what = f"liste déclarée « {self.settings.path} »"
        try:
            for _ in self.collect(context):
                yield CheckResult(what=what, ok=True, message="Lisible.")
        except (UnreachableError, SourceAnswerError) as error:
            yield CheckResult(what=what, ok=False, message=" ".join(filter(None, (error.message, error.hint))))

    def _content(self) -> bytes:
        path = self.settings.path
        try:
            with path.open("rb") as stream:
                content = stream.read(_MAX_BYTES + 1)
        except OSError as error:
            raise UnreachableError(
                f"La liste déclarée « {path} » ne se lit pas ({error.strerror or 'erreur du système'}).",
                hint="Vérifiez le chemin et les droits du compte de service.",
            ) from error
        if len(content) > _MAX_BYTES:
            raise SourceAnswerError(f"La liste déclarée « {path} » dépasse {_MAX_BYTES // 1024 // 1024} Mio.")
        return content

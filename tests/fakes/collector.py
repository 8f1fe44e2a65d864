"""A collector with an account, whose source answers what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from agent.domain.errors import AgentError
from agent.domain.evidence import EvidenceClass
from agent.domain.secret import Secret
from collectors.interface import CheckResult, CollectionContext, Collector, CollectorSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.domain.evidence import RawEvidence


class FakeSettings(CollectorSettings):
    """One secret."""

    password: Secret = Field(description="Mot de passe du compte.")


class FakeCollector(Collector[FakeSettings]):
    """`failure` is raised at the login, `later` once it is over; `attempts` counts the logins."""

    name: ClassVar[str] = "fake"
    title: ClassVar[str] = "Source factice"
    family: ClassVar[str] = "exposure"
    evidence_class: ClassVar[EvidenceClass] = EvidenceClass.EXPOSURE
    settings_type: ClassVar[type[CollectorSettings]] = FakeSettings

    def __init__(self, collector_id: str, password: str, *, account: str = "svc@fake") -> None:
        super().__init__(collector_id, FakeSettings(password=Secret(password)))
        self._account = account
        self.failure: BaseException | None = None
        self.later: BaseException | None = None
        self.attempts = 0

    @property
    def account(self) -> str | None:
        return self._account

    def collect(self, context: CollectionContext) -> Iterator[RawEvidence]:
        with context.login():
            self.attempts += 1
            if self.failure is not None:
                raise self.failure
        if self.later is not None:
            raise self.later
        yield from ()

    def check(self, context: CollectionContext) -> Iterator[CheckResult]:
        """Say what happened, as a collector does that catches its own errors."""
        try:
            list(self.collect(context))
        except AgentError as error:
            yield CheckResult(what="source", ok=False, message=error.message)
        else:
            yield CheckResult(what="source", ok=True, message="Connexion réussie.")

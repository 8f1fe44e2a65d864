"""The port every collector implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime, tzinfo
    from pathlib import Path

    from agent.domain.evidence import EvidenceClass, RawEvidence
    from agent.http import HttpSession


class CollectorSettings(BaseModel):
    """Base of every collector's settings; unknown keys are refused, secrets arrive resolved."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


SettingsT = TypeVar("SettingsT", bound=CollectorSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionContext:
    """
    What one collection is given.

    `now` is aware UTC, `zone` the hospital's civil time; `subject` the slug of the
    configured directory, or None; `cursor` the opaque text that the last success left;
    `http` opens the one HTTP session (proxy, trust, limits) for an allow-listed host;
    `work_dir` is a private folder for what is too large for memory. A secret is first sent
    to a source inside `login()`, and nothing else is done there: a process that dies inside
    leaves the account blocked.
    """

    now: datetime
    zone: tzinfo = UTC
    subject: str | None = None
    cursor: str | None = None
    http: Callable[[str], HttpSession] | None = None
    work_dir: Path | None = None
    login: Callable[[], AbstractContextManager[object]] = nullcontext


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """
    One line of `doctor`: `what` was tried, whether it is `ok`, and in French what to do when not.

    `is_doubtful`: it works, and a person should look at it.
    """

    what: str
    ok: bool
    message: str
    is_doubtful: bool = False


class Collector(ABC, Generic[SettingsT]):
    """
    One source of evidence.

    A module under a collector family holds exactly one subclass, whose `name` is the
    module's name and the `kind` of the configuration. `family` is the folder.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    family: ClassVar[str]
    evidence_class: ClassVar[EvidenceClass]
    settings_type: ClassVar[type[CollectorSettings]]
    needs_directory: ClassVar[bool] = False

    def __init__(self, collector_id: str, settings: SettingsT) -> None:
        self.collector_id = collector_id
        self.settings = settings
        self.next_cursor: str | None = None

    @property
    def account(self) -> str | None:
        """Return what a refused login blocks (`user@service`), None without credentials."""
        return None

    @abstractmethod
    def collect(self, context: CollectionContext) -> Iterator[RawEvidence | tuple[RawEvidence, ...]]:
        """
        Yield evidence as the source returned it, unmodified.

        A tuple holds items that belong in one deposit, the main one first. Bytes can be
        opened until the next item is asked for. `next_cursor` always speaks for the items
        already taken up. Raises a `CollectorError` when the source cannot be read; what
        was yielded before that is kept.
        """

    def check(self, context: CollectionContext) -> Iterator[CheckResult]:
        """Yield one harmless check after the other, for `doctor`."""
        del context
        yield from ()

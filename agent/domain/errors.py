"""
The one tree of errors, and the process exit codes they map to (docs/reference/exit-codes.md).

Messages are French: they reach people. `hint` says what to do next.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitCode(IntEnum):
    """What the process answers; the gravest of several wins (`gravest`)."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    OBJECTIVE_NOT_MET = 3
    INCOMPLETE = 4
    INTEGRITY = 5
    DELIVERY_PENDING = 6
    NO_ANCHOR = 7
    BUSY = 75
    CONFIGURATION = 78


GRAVEST_FIRST: tuple[ExitCode, ...] = (
    ExitCode.UNEXPECTED,
    ExitCode.USAGE,
    ExitCode.BUSY,
    ExitCode.INTEGRITY,
    ExitCode.CONFIGURATION,
    ExitCode.INCOMPLETE,
    ExitCode.DELIVERY_PENDING,
    ExitCode.NO_ANCHOR,
    ExitCode.OBJECTIVE_NOT_MET,
    ExitCode.OK,
)


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the gravest of `codes`, OK when there are none."""
    return min(codes, key=GRAVEST_FIRST.index, default=ExitCode.OK)


class AgentError(Exception):
    """Base of every error the agent raises on purpose."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED
    retryable: ClassVar[bool] = False
    code: ClassVar[str] = "ERROR"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AgentError):
    """The command was called in a way that cannot work."""

    exit_code = ExitCode.USAGE
    code = "USAGE"


class DeclarationError(UsageError):
    """What people declare does not hold together, nothing was sealed; `problems`: every fault as (place, message)."""

    code = "DECLARATION"

    def __init__(self, message: str, *, problems: Iterable[tuple[str, str]] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class NotAvailableError(UsageError):
    """The command exists in the contract; a later release brings it."""

    code = "NOT_AVAILABLE"


class ConfigurationError(AgentError):
    """The configuration cannot be used; `problems` lists every fault as (path, message)."""

    exit_code = ExitCode.CONFIGURATION
    code = "CONFIGURATION"

    def __init__(self, message: str, *, problems: Iterable[tuple[str, str]] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class ScenarioError(ConfigurationError):
    """An evaluation scenario is malformed; `problems` name the JSON paths."""

    code = "SCENARIO"


class WrongUserError(ConfigurationError):
    """A command that writes was started by somebody who does not own the vault."""

    code = "WRONG_USER"


class BusyError(AgentError):
    """Another pass holds the lock."""

    exit_code = ExitCode.BUSY
    retryable = True
    code = "BUSY"


class CollectorError(AgentError):
    """A source could not be collected or read."""

    exit_code = ExitCode.INCOMPLETE
    code = "COLLECTOR"


class AuthenticationError(CollectorError):
    """The source refused our credentials; retrying would lock the account."""

    code = "AUTHENTICATION"


class ProxyAuthenticationError(AuthenticationError):
    """The proxy on the way refused its account; the source was not asked."""

    code = "PROXY_AUTHENTICATION"


class AccessDeniedError(CollectorError):
    """The source knows us and does not let us see what was asked; our account is not at risk."""

    code = "ACCESS_DENIED"


class UnreachableError(CollectorError):
    """The source did not answer; a later run may succeed."""

    retryable = True
    code = "UNREACHABLE"


class RateLimitedError(UnreachableError):
    """The source asks to wait; `retry_after_seconds` when it said how long."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after_seconds: float | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class SourceAnswerError(CollectorError):
    """The source answered something that cannot be used (truncated, oversized, of another shape)."""

    retryable = True
    code = "SOURCE_ANSWER"


class UntrustedPeerError(CollectorError):
    """The certificate of the other side is not trusted."""

    code = "UNTRUSTED_PEER"


class ReadingError(CollectorError):
    """A file was recognised but is damaged or incomplete."""

    code = "READING"


class UnrecognisedError(UsageError):
    """No reader recognises the file; `tried` names the formats."""

    code = "UNRECOGNISED"

    def __init__(self, message: str, *, tried: Iterable[str] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.tried = tuple(tried)


class VaultError(AgentError):
    """The vault could not do what was asked; nothing was lost."""

    exit_code = ExitCode.INCOMPLETE
    retryable = True
    code = "VAULT"


class IntegrityError(AgentError):
    """Evidence or journal is damaged."""

    exit_code = ExitCode.INTEGRITY
    code = "INTEGRITY"


class HeldError(IntegrityError):
    """The deposit was built and verified but not committed: the journal needs a person's decision."""

    code = "HELD"

    def __init__(self, message: str, *, held_id: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.held_id = held_id


class IdentityError(UsageError):
    """The private key given cannot open what was asked."""

    code = "IDENTITY"


class DeliveryError(AgentError):
    """An alert or a dossier could not be delivered; it stays pending, `retry_after_seconds` when told how long."""

    exit_code = ExitCode.DELIVERY_PENDING
    retryable = True
    code = "DELIVERY"

    def __init__(self, message: str, *, retry_after_seconds: float | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class DeliveryRefusedLoginError(DeliveryError):
    """The channel or target refused our credentials; trying them again would lock the account."""

    retryable = False
    code = "DELIVERY_LOGIN"


class StateError(AgentError):
    """The agent's own database or state line cannot be used; no evidence is concerned."""

    exit_code = ExitCode.INCOMPLETE
    retryable = True
    code = "STATE"

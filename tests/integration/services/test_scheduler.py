"""The clock that ticks: a failing pass never stops the next, and a request to stop is honoured at once."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from agent.domain.errors import BusyError, ExitCode
from agent.scheduler import tick_forever

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAST_MINUTES = 0.001


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def failing_with(error: Exception | None, passes: list[int], last: int = 3) -> Callable[[], ExitCode]:
    def one_pass() -> ExitCode:
        passes.append(len(passes))
        if len(passes) >= last:
            os.kill(os.getpid(), signal.SIGTERM)
        elif error is not None:
            raise error
        return ExitCode.OK

    return one_pass


@pytest.mark.parametrize(
    "error", [None, BusyError("Une autre passe est en cours."), RuntimeError("a bug")], ids=["well", "failed", "bug"]
)
@pytest.mark.filterwarnings("default")
def test_passes_follow_each_other_whatever_happens(error: Exception | None) -> None:
    passes: list[int] = []

    assert tick_forever(failing_with(error, passes), every_minutes=FAST_MINUTES) == ExitCode.OK
    assert len(passes) >= 3


def test_the_first_pass_comes_at_once_and_a_pass_under_way_ends_before_the_service() -> None:
    ended = threading.Event()

    def one_pass() -> ExitCode:
        os.kill(os.getpid(), signal.SIGTERM)
        ended.wait(0.3)
        ended.set()
        return ExitCode.OK

    tick_forever(one_pass, every_minutes=60)

    assert ended.is_set()

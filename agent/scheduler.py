"""APScheduler as a clock that ticks; what is due is decided by the pass itself."""

from __future__ import annotations

import logging
import signal
import threading
from typing import TYPE_CHECKING

from agent.clock import SystemClock
from agent.domain.errors import AgentError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

_LISTEN_SECONDS = 0.5


def tick_forever(one_pass: Callable[[], ExitCode], *, every_minutes: float) -> ExitCode:
    """
    Call `one_pass` now and then every `every_minutes`, until SIGTERM or SIGINT; a pass under way ends first.

    A tick missed while the machine slept is caught up once; a failing pass never stops the next.
    """
    from apscheduler.schedulers.background import BackgroundScheduler
    from apscheduler.triggers.interval import IntervalTrigger

    scheduler = BackgroundScheduler(timezone="UTC")
    one_at_a_time = threading.Lock()

    def tick() -> None:
        with one_at_a_time:
            try:
                code = one_pass()
            except AgentError as error:
                logger.error("pass failed: %s", error.message)  # noqa: TRY400 - an expected failure has no traceback
            except Exception:
                logger.exception("pass failed unexpectedly")
            else:
                logger.info("pass ended", extra={"code": int(code)})

    stopping = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        del number, frame
        stopping = True

    # One job whose first run is now: a second, one-off job would be removed while the scheduler stops, and fail.
    scheduler.add_job(
        tick,
        IntervalTrigger(seconds=every_minutes * 60),
        next_run_time=SystemClock().now(),
        coalesce=True,
        misfire_grace_time=None,
        max_instances=1,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    scheduler.start()
    # A signal only leaves word: whatever lock this thread holds when it comes, stopping may need.
    idle = threading.Event()
    while not stopping:
        idle.wait(_LISTEN_SECONDS)
    scheduler.shutdown(wait=True)
    return ExitCode.OK

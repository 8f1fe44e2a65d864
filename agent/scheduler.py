"""APScheduler as a clock that ticks; what is due is decided by the pass itself."""

from __future__ import annotations

import logging
import signal
from typing import TYPE_CHECKING

from agent.domain.errors import AgentError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)


def tick_forever(one_pass: Callable[[], ExitCode], *, every_minutes: int) -> ExitCode:
    """
    Call `one_pass` now and then every `every_minutes`, until SIGTERM or SIGINT; a pass under way ends first.

    A tick missed while the machine slept is caught up once; a failing pass never stops the next.
    """
    from apscheduler.schedulers.blocking import BlockingScheduler
    from apscheduler.triggers.interval import IntervalTrigger

    scheduler = BlockingScheduler(timezone="UTC")

    def tick() -> None:
        try:
            code = one_pass()
        except AgentError as error:
            logger.error("pass failed: %s", error.message)  # noqa: TRY400 - an expected failure has no traceback
        except Exception:
            logger.exception("pass failed unexpectedly")
        else:
            logger.info("pass ended", extra={"code": int(code)})

    def stop(number: int, frame: object) -> None:
        del number, frame
        scheduler.shutdown(wait=True) if scheduler.running else None

    scheduler.add_job(
        tick, IntervalTrigger(minutes=every_minutes), coalesce=True, misfire_grace_time=None, max_instances=1
    )
    scheduler.add_job(tick, coalesce=True, misfire_grace_time=None)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    scheduler.start()
    return ExitCode.OK

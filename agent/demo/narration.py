"""Tells the steps of a demonstration: a spinner on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from agent.domain.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from agent.clock import Clock


class ConsoleNarrator:
    """Numbers the steps, and says how long each took; `to_stderr` leaves standard output to a JSON document."""

    def __init__(self, clock: Clock, *, to_stderr: bool = False) -> None:
        self._clock = clock
        self._to_stderr = to_stderr
        self._stream = sys.stderr if to_stderr else sys.stdout
        self._console: Console | None = None
        self._number = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce the step; an error of ours that leaves it is told with the step's name."""
        self._number += 1
        self.tell(f"{self._number:>2}. {title}")
        started_at = self._clock.monotonic()
        try:
            if self._stream.isatty():
                with self._spinner():
                    yield
                self.say(f"fait en {self._clock.monotonic() - started_at:.1f} s")
            else:
                yield
        except AgentError as error:
            raise AgentError(f"L'étape « {title} » a échoué. {error.message}", hint=error.hint) from error

    def say(self, text: str) -> None:
        """Tell lines under the step."""
        for line in text.splitlines():
            self.tell(f"      {line}")

    def tell(self, text: str = "") -> None:
        """Tell a line that belongs to no step."""
        if self._console is None:
            click.echo(text, err=self._to_stderr)
        else:
            self._console.print(text, soft_wrap=True)

    @contextmanager
    def _spinner(self) -> Iterator[None]:
        from rich.console import Console

        self._console = Console(file=self._stream, highlight=False, markup=False, emoji=False)
        try:
            with self._console.status("…"):
                yield
        finally:
            self._console = None

"""Every reading has words: a short sentence for what it is about, and one for each of its values."""

from __future__ import annotations

import pytest

from agent.domain.programme import READINGS
from agent.texts import readings


@pytest.mark.parametrize("reading", READINGS)
def test_no_reading_is_shown_by_its_code(reading: str) -> None:
    assert readings.topic(reading) != reading
    assert all(readings.answer(reading, value) != str(value) for value in READINGS[reading])

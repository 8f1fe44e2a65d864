"""Days of declared objectives that run from a date which the texts leave open: soonest, latest, and past."""

from __future__ import annotations

import pytest

from agent.domain.forecast.declared import declared_obligations
from agent.domain.forecast.obligation import Standing, What
from agent.domain.forecast.working_days import WorkingDays
from tests.unit.domain.forecast.cases import HOLIDAYS, parsed, scenario

PRUDENT, PERMISSIVE = "2027-07-30", "2028-09-30"


def milestones(as_of: str, verdict: str) -> list[Standing]:
    """How the milestone of the convergence trajectory (D1.O6.B) stands on a day."""
    value = parsed(scenario(as_of=as_of))
    assessment = {"objectives": {"D1.O6.B": {"candidate": {"verdict": verdict}, "units": {}}}}
    found = declared_obligations(value.programme, value, assessment, WorkingDays(HOLIDAYS))
    return [one.standing for one in found if one.what is What.MILESTONE]


@pytest.mark.parametrize(
    ("as_of", "standing"),
    [
        pytest.param(PRUDENT, Standing.OPEN, id="last prudent day"),
        pytest.param("2027-07-31", Standing.CONTESTED, id="the day after"),
        pytest.param(PERMISSIVE, Standing.CONTESTED, id="last permissive day"),
        pytest.param("2028-10-01", Standing.LOST, id="past under every reading"),
    ],
)
def test_a_milestone_is_lost_once_its_last_day_is_past_under_every_reading(as_of: str, standing: Standing) -> None:
    assert milestones(as_of, "at_risk") == [standing]


def test_a_milestone_that_was_reached_in_time_is_not_said_to_be_lost() -> None:
    assert milestones("2028-10-01", "met") == []

"""Evaluation against size, on one core: `python -m bench.evaluation [--rounds N] [--candidates N]`."""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from agent.domain.assessment import Assessment, evaluate
from agent.domain.scenario import Scenario, parse_scenario
from config.programme_files import find_programme

Json = dict[str, Any]

START = date(2026, 3, 1)
DAYS_A_YEAR = 365
BETWEEN_AUDITS, JITTER = 50, 9
READINGS = {
    "mean_mode": ["edges", "between"],
    "mean_cmp": ["lt", "le"],
    "gap_cmp": ["lt", "le"],
    "ads_gap": ["apply", "phase_mean_only"],
    "first_audit": ["start_plus_60d", "start_plus_2m", "absolute"],
    "lost_report": ["not_counted", "counted"],
    "cvss9": ["ge", "gt"],
    "high_recurrence": ["blocking", "ignored"],
    "o2b_coverage": ["full", "flex"],
}

PINNED_BY_DEFAULT = {
    "silene_in_sequence": ["ignored", "blocking"],
    "support_counts": [True, False],
    "migration": ["chain", "separate"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """
    How large a candidate is: `audits` ADS runs of each directory, and as many exposure audits.

    `alike`: each exposure audit covers everything or one establishment; otherwise it covers its own draw of the
    elements, so that no two elements share their audits. `beyond`: audits planned after the day of the evaluation.
    """

    establishments: int
    directories: int
    elements: int
    audits: int
    alike: bool = True
    beyond: int = 0

    @property
    def items(self) -> int:
        """How many things the input names."""
        return self.establishments + self.elements + self.directories * (1 + self.audits + self.beyond)


YEARS = 5
GHT = Size(establishments=20, directories=40, elements=400, audits=YEARS * DAYS_A_YEAR // BETWEEN_AUDITS)
ORDINARY = Size(establishments=3, directories=2, elements=20, audits=12)


def candidate(size: Size, *, seed: int = 1) -> Json:
    """Return a scenario of a size, always the same for a seed; its phase is as long as its audits need."""
    draw = Random(seed)
    today = size.audits * BETWEEN_AUDITS + 4 * JITTER
    establishments = [f"E{number:03}" for number in range(size.establishments)]
    directories = [f"AD{number:03}" for number in range(size.directories)]
    elements = [f"X{number:04}" for number in range(size.elements)]
    homes = {name: establishments[rank % size.establishments] for rank, name in enumerate(elements)}
    return {
        "id": f"candidate-{seed}",
        "programme": "D1BIS_2026",
        "candidate": {
            "type": "GHT",
            "establishments": [
                {"id": name, "activity": str(draw.randint(1, 900) / 10), "support": rank == 0}
                for rank, name in enumerate(establishments)
            ],
        },
        "phase": {"start": START.isoformat(), "declaration": _day(today + 30)},
        "as_of": _day(today),
        "config": {"declaration_deadline": _day(today + 30), "readings": READINGS},
        "ads": [
            {"id": name, "establishments": [establishments[rank % size.establishments]], "kind": "onprem"}
            for rank, name in enumerate(directories)
        ],
        "ads_audits": [
            _ads_run(f"{name}-{rank}", name, rank, draw)
            for name in directories
            for rank in range(size.audits + size.beyond)
        ],
        "surfaces": [{"id": name, "establishments": [homes[name]]} for name in elements],
        "exposure_audits": [
            _exposure_audit(rank, _covered(rank, size, homes, draw), draw) for rank in range(size.audits + size.beyond)
        ],
    }


def _day(count: int) -> str:
    return (START + timedelta(days=count)).isoformat()


def _ads_run(name: str, directory: str, rank: int, draw: Random) -> Json:
    return {
        "id": name,
        "date": _day(BETWEEN_AUDITS * (rank + 1) + draw.randint(-JITTER, JITTER)),
        "ads": [directory],
        "score": draw.choice([1, 2, 2, 3, 4]),
        "downloaded": draw.random() < 0.9,
    }


def _covered(rank: int, size: Size, homes: dict[str, str], draw: Random) -> str | list[str]:
    if not size.alike:
        return [name for name in homes if draw.random() < 0.8]
    if rank % 3:
        return "*"
    left_out = f"E{draw.randrange(size.establishments):03}"
    return [name for name, home in homes.items() if home != left_out]


def _exposure_audit(rank: int, covered: str | list[str], draw: Random) -> Json:
    return {
        "id": f"exposure-{rank}",
        "date": _day(BETWEEN_AUDITS * (rank + 1) + draw.randint(-JITTER, JITTER)),
        "tool": draw.choice(["SILENE", "INDUSTRIAL", "INDUSTRIAL"]),
        "covers": covered,
        "findings": [
            {"id": f"V{number}", "cvss": draw.choice([5, 7.5, 8.9, 9, 9.8]), "surface": name}
            for number, name in enumerate(covered if isinstance(covered, list) else [])
            if draw.random() < 0.1
        ],
    }


def parsed(scenario: Json) -> Scenario:
    return parse_scenario(scenario, find_programme)


def judge(scenario: Scenario) -> Assessment:
    return evaluate(scenario.programme, scenario)


def seconds(action: Callable[[], object]) -> float:
    """Return how long one core worked on an action; objects made before it are left out of the collector's rounds."""
    gc.collect()
    gc.freeze()
    started = time.process_time()
    action()
    spent = time.process_time() - started
    gc.unfreeze()
    return spent


def interleaved(actions: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the least seconds of each action, one of each per round: what else the machine does only adds."""
    found: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            found[name].append(seconds(action))
    return {name: min(values) for name, values in found.items()}


def print_one_ght(rounds: int) -> None:
    """Print what the large candidate costs, step by step, and what makes it dearer."""
    whole = candidate(GHT)
    read = parsed(whole)
    sizes = {
        "evaluate": GHT,
        "evaluate, no two elements audited alike": replace(GHT, alike=False),
        "evaluate, as many audits still to come": replace(GHT, beyond=GHT.audits),
    }
    actions: dict[str, Callable[[], object]] = {name: _judged(candidate(size)) for name, size in sizes.items()}
    actions["evaluate, every reading pinned"] = _under(whole, {name: values[0] for name, values in READINGS.items()})
    actions["evaluate, those pinned by default opened"] = _under(whole, {**READINGS, **PINNED_BY_DEFAULT})
    actions["parse_scenario"] = lambda: parsed(whole)
    actions["as_json"] = evaluate(read.programme, read).as_json
    least = interleaved(actions, rounds)
    print(
        f"{GHT.establishments} establishments, {GHT.directories} directories, {GHT.elements} elements, "
        f"{YEARS} years of audits ({len(whole['ads_audits'])} ADS runs, {len(whole['exposure_audits'])} of exposure)"
    )
    base = least["evaluate"]
    for name, value in least.items():
        target = " (target < 50 ms)" if name.startswith("evaluate") else ""
        print(f"  {name:<42} {value * 1000:8.1f} ms  {value / base:5.2f}x{target}")


def _under(scenario: Json, readings: Json) -> Callable[[], object]:
    """Return the evaluation of a scenario under other readings: what combinations cost shows beside it."""
    return _judged({**scenario, "config": {**scenario["config"], "readings": readings}})


def print_growth(rounds: int) -> None:
    """Print the time of one candidate against its size, doubled in each way."""
    half = Size(establishments=10, directories=20, elements=200, audits=18)
    ways: dict[str, list[Size]] = {
        "all but audits": [_larger(half, times, 1) for times in (1, 2, 4, 8)],
        "audits": [_larger(half, 1, times) for times in (1, 2, 4, 8)],
        "elements": [replace(half, elements=half.elements * times) for times in (1, 2, 4, 8)],
    }
    for way, sizes in ways.items():
        for alike in (True, False):
            drawn = [replace(size, alike=alike) for size in sizes]
            actions = {str(rank): _judged(candidate(size)) for rank, size in enumerate(drawn)}
            times = list(interleaved(actions, rounds).values())
            growth = "  ".join(f"{later / earlier:.2f}x" for earlier, later in pairwise(times))
            shown = " ".join(f"{value * 1000:7.1f}" for value in times)
            print(f"  {way + ('' if alike else ', no two alike'):<30} {shown} ms   each doubling: {growth}")


def _larger(size: Size, perimeter: int, audits: int) -> Size:
    return replace(
        size,
        establishments=size.establishments * perimeter,
        directories=size.directories * perimeter,
        elements=size.elements * perimeter,
        audits=size.audits * audits,
    )


def _judged(scenario: Json) -> Callable[[], object]:
    read = parsed(scenario)
    return lambda: judge(read)


def print_candidates(count: int) -> None:
    """Print what many ordinary candidates cost, one after the other, none kept."""
    spent = {"parse_scenario": 0.0, "evaluate": 0.0, "to JSON text": 0.0}
    for seed in range(count):
        scenario = candidate(ORDINARY, seed=seed)
        marks = [time.process_time()]
        read = parsed(scenario)
        marks.append(time.process_time())
        assessment = judge(read)
        marks.append(time.process_time())
        json.dumps(assessment.as_json())
        marks.append(time.process_time())
        for step, (earlier, later) in zip(spent, pairwise(marks), strict=True):
            spent[step] += later - earlier
    print(
        f"{count} candidates of {ORDINARY.establishments} establishments, {ORDINARY.directories} directories, "
        f"{ORDINARY.elements} elements, {ORDINARY.audits} audits of each"
    )
    for step, value in (*spent.items(), ("all", sum(spent.values()))):
        print(f"  {step:<42} {value:8.2f} s  ({value / count * 1000:.2f} ms each; target for 3000: < 10 s)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--candidates", type=int, default=3000)
    arguments = parser.parse_args()
    print_one_ght(arguments.rounds)
    print("Time against size, each column twice the one before (target: at most 2x)")
    print_growth(arguments.rounds)
    print_candidates(arguments.candidates)


if __name__ == "__main__":
    main()

"""Judging money against the size of its table, on one core: `python -m bench.spending [--rounds N]`."""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from agent.domain.facts import SpendingLineFact
from agent.domain.statement import SpendingLine, Statement, judge_table
from bench.evaluation import interleaved
from config.spending_rules import spending_rules

PROGRAMME = "D1BIS_2026"
START, DECLARATION = date(2026, 3, 2), date(2027, 3, 31)
SIZES = (2_500, 5_000, 10_000, 20_000)
WORDS = ("Durcissement de l'annuaire", "Prestation d'audit", "Licence EDR", "Abonnement PRIS", "Serveur d'échange")
NATURES = ("Coûts externes (prestations)", "licence", "Matériel")


def table(size: int) -> list[SpendingLine]:
    """Return a table of so many lines, always the same."""
    return [
        SpendingLine(
            table="depenses.csv",
            fact=SpendingLineFact(
                where=f"ligne {rank}",
                amount=Decimal(rank + 1),
                label=f"{WORDS[rank % len(WORDS)]}, lot {rank}",
                objective="D1.O1.B",
                nature=NATURES[rank % len(NATURES)],
                supplier=f"Fournisseur {rank % 50}",
                order_number=f"BC-{rank}",
                order_on=START + timedelta(days=37 * rank % 400),
                invoice_number=f"F-{rank}",
                invoice_on=START + timedelta(days=37 * rank % 400 + 30),
            ),
        )
        for rank in range(size)
    ]


def judged(lines: list[SpendingLine]) -> Statement:
    return judge_table(
        lines,
        spending_rules(PROGRAMME),
        programme=PROGRAMME,
        phase_start=START,
        declaration=DECLARATION,
        as_of=DECLARATION,
        public=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    tables = {size: table(size) for size in SIZES}
    least = interleaved(
        {str(size): lambda lines=lines: judged(lines) for size, lines in tables.items()},  # type: ignore[misc]
        parser.parse_args().rounds,
    )
    growth = "  ".join(f"{later / earlier:.2f}x" for earlier, later in pairwise(least.values()))
    print(f"{SIZES[-1]} lines: {least[str(SIZES[-1])] * 1000:.0f} ms (target < 2 s); each doubling: {growth}")


if __name__ == "__main__":
    main()

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

from agent.domain.facts import SpendingFact
from agent.domain.programme import Source
from agent.domain.spending import Remark, Standing
from agent.services.fact_codec import from_json
from agent.services.spending import SpendingTable, report
from agent.texts.spending import TEMPLATE, euros, sentence, source
from collectors.formats.interface import Limits
from config.spending_rules import spending_rules
from tests.unit.collectors.formats.test_format_spending_table import lines, read

_DOMAIN = Path(__file__).parents[3] / "agent" / "domain"
_RULES = (_DOMAIN / "rules" / "spending.py", _DOMAIN / "statement.py")


def test_every_code_of_the_rule_has_its_sentence() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in _RULES)
    codes = set(re.findall(r'"([A-Z]{4,}(?:_[A-Z]+)*)"', text)) - {"INVOICE", "ORDER"}
    values = dict.fromkeys(("day", "limit", "first", "last", "text", "category", "where", "table", "programme"), "x")
    values |= {"days": "1", "whole": "2", "amount": "3"}

    assert len(codes) > 40
    for code in codes:
        assert re.search(r"[^?]\.$| \?$", sentence(Remark(code, Standing.ELIGIBLE, values=values)))


def test_days_and_amounts_are_written_as_in_french() -> None:
    remark = Remark(
        "INVOICE_BEFORE", Standing.NOT_ELIGIBLE, values={"day": date(2026, 1, 1), "limit": date(2026, 3, 2)}
    )

    assert sentence(remark) == "La facture est du 1er janvier 2026, avant le 2 mars 2026."
    assert euros(Decimal("1234567.5")) == "1\u202f234\u202f567,50 €"


def test_words_of_a_table_are_shown_as_they_are_whatever_they_hold() -> None:
    remark = Remark("OBJECTIVE_UNKNOWN", Standing.TO_CONFIRM, values={"text": "{day} {0} %s"})

    assert "{day} {0} %s" in sentence(remark)


def test_inferred_source_is_said_so() -> None:
    remark = Remark("PAY_SUMMARY", Standing.TO_CONFIRM, (Source(document="D1bis", question="Q/R 2.15", inferred=True),))

    assert "par analogie" in source(remark)


def test_template_has_headings_that_the_reader_knows_all() -> None:
    cells = {"Montant TTC": "100", "Date de commande": "01/04/2026", "Décision": "oui"}
    found = read(";".join(TEMPLATE) + "\n" + ";".join(cells.get(title, "") for title in TEMPLATE) + "\n", Limits())

    assert found.summary["ignored_columns"] == []
    assert lines(found) == [{"where": "ligne 2", "order_on": "2026-04-01", "amount": "100.00", "decision": True}]


def test_sample_of_the_page_is_worth_what_the_page_says() -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "spending.md").read_text(encoding="utf-8")
    block = re.search(r"```csv\n(.*?)```", page, re.DOTALL)
    assert block is not None
    found = read(block[1])
    fact = from_json({"kind": "spending", "table": "depenses.csv", "lines": lines(found)})
    assert isinstance(fact, SpendingFact)
    made = report(
        [SpendingTable(name="depenses.csv", fact=fact)],
        spending_rules("D1BIS_2026"),
        programme="D1BIS_2026",
        programmes=["D1BIS_2026"],
        phase_start=date(2026, 3, 2),
        declaration=date(2027, 3, 31),
        as_of=date(2026, 12, 1),
        public=True,
    ).statement

    assert (found.complete, found.problems, found.summary["ignored_columns"]) == (True, (), [])
    assert [(one.judgement.standing.name, str(one.judgement.retained)) for one in made.lines] == [
        ("ELIGIBLE", "12400.50"),
        ("ELIGIBLE", "2740.00"),
        ("ELIGIBLE", "18000.00"),
        ("ELIGIBLE", "9800.00"),
        ("NOT_ELIGIBLE", "0.00"),
    ]

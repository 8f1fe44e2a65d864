"""What each programme says of money, from its own table and the catalogue of categories (config/spending.toml)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from agent.domain.programme import Source
from agent.domain.spending import Category, Engagement, Nature, SpendingRules, Standing, Test
from agent.domain.wording import folded
from config.programme_files import load_programme, programme_document

if TYPE_CHECKING:
    from collections.abc import Iterable

_STANDINGS = {
    "eligible": Standing.ELIGIBLE,
    "to_confirm": Standing.TO_CONFIRM,
    "not_eligible": Standing.NOT_ELIGIBLE,
}


@cache
def spending_rules(programme_id: str) -> SpendingRules:
    """
    Return what a programme says of money.

    Raises ConfigurationError when no programme has that id.
    """
    programme = load_programme(programme_id)
    return spending_rules_from(programme_document(programme_id).get("spending", {}), programme.order)


def spending_rules_from(table: dict[str, Any], objectives: tuple[str, ...]) -> SpendingRules:
    """
    Build the rules of a programme from its decoded `[spending]` table, empty when its texts say nothing of money.

    Raises KeyError, TypeError or ValueError when it does not hold together: the file is ours, so a fault is a bug.
    """
    catalogue = _catalogue()
    said = {name: group for group in table.get("categories", ()) for name in group["ids"]}
    unknown = set(said) - {item["id"] for item in catalogue["categories"]}
    if unknown:
        raise ValueError(f"unknown categories of spending: {sorted(unknown)}")
    return SpendingRules(
        engagement=Engagement(table.get("engagement", "unstated")),
        opens_on=table.get("opens_on"),
        prorata=table.get("prorata", False),
        objectives=objectives,
        categories=tuple(_category(item, said.get(item["id"], {})) for item in catalogue["categories"]),
        natures={Nature(name): _folded(words) for name, words in catalogue["natures"].items()},
        default_categories={Nature(name): item for name, item in catalogue["default_categories"].items()},
        sources={rule: tuple(Source(**item) for item in items) for rule, items in table.get("sources", {}).items()},
    )


@cache
def _catalogue() -> dict[str, Any]:
    return tomllib.loads(resources.files("config").joinpath("spending.toml").read_text(encoding="utf-8"))


def _category(item: dict[str, Any], said: dict[str, Any]) -> Category:
    return Category(
        id=item["id"],
        label=item["label"],
        nature=Nature(item["nature"]),
        names=_folded(item.get("names", ())),
        words=_folded(item.get("words", ())),
        test=Test(item.get("test", "purchase")),
        standing=_STANDINGS[said["standing"]] if said else None,
        objectives=tuple(said.get("objectives", ())),
        reason=said.get("reason", ""),
        sources=tuple(Source(**source) for source in said.get("sources", ())),
    )


def _folded(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(folded(word) for word in words)

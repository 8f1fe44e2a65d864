"""
Whether a spending line is eligible, and for how much (D1bis, Q/R 2.2 to 2.14; D1 2024, kit).

A line is eligible when every test of it is, under both windows that the texts admit (AMB-32: from the order's
publication, from the phase start that the candidate chose). What nobody said leaves it to be confirmed; what is
known to be outside makes it not eligible. A doubt about a text or a condition is lifted by a person's justified
decision; a missing cell is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from agent.domain.facts import SpendingLineFact
from agent.domain.spending import (
    NOTHING,
    Category,
    Engagement,
    LineJudgement,
    Nature,
    Remark,
    SpendingRules,
    Standing,
    Test,
    days_in,
    share_of,
)
from agent.domain.wording import folded, holds_words

ELIGIBLE, TO_CONFIRM, NOT_ELIGIBLE = Standing.ELIGIBLE, Standing.TO_CONFIRM, Standing.NOT_ELIGIBLE

_ON_ORDER_OR_INVOICE = frozenset(
    {"bon de commande", "commande", "bc", "facture", "bon de commande et facture", "order", "invoice"}
)
_ATTESTATION = "attestation"
_MISSION_LETTER = "lettre de mission"


@dataclass(frozen=True, slots=True)
class _Days:
    """
    What a test of the days found: its remarks, and the share of a period that counts (None: no period).

    `by_cash`: counted by the sums spent, the whole of it counts (AMB-32).
    """

    remarks: list[Remark]
    share: Fraction | None = None
    by_cash: bool = False


def judge_line(
    line: SpendingLineFact,
    rules: SpendingRules,
    *,
    phase_start: date,
    declaration: date | None,
    as_of: date,
    suspicions: Sequence[Remark] = (),
) -> LineJudgement:
    """
    Return what `line` is worth under `rules`, with `suspicions` (what only the whole table shows) among its remarks.

    `declaration` is the planned day, None when the texts give none and nobody planned it. A document, work or an
    exercise dated after `as_of` does not exist yet: the line is to be confirmed.
    """
    objective, category = rules.objective(line.objective), category_of(line, rules)
    nature = rules.nature(line.nature) or (category.nature if category is not None else None)
    staff = nature is Nature.INTERNAL or (category is not None and category.test is Test.STAFF)
    days = _days(line, rules, category, phase_start=phase_start, declaration=declaration, staff=staff)
    remarks = [
        *_contribution(line, rules, objective, category),
        *days.remarks,
        *_to_come(line, rules, as_of, staff=staff),
        *(_justification(line, rules) if staff else ()),
        *_funding(line, rules, category),
        *suspicions,
    ]
    reasons = _decided(line, remarks)
    standing = max((one.standing for one in reasons), default=ELIGIBLE)
    net = max(line.amount - (line.other_funding or NOTHING), NOTHING)
    worth = net if days.share is None else share_of(net, days.share)
    by_cash = net if days.by_cash and standing is not NOT_ELIGIBLE and net > worth else None
    retained = worth if standing is ELIGIBLE else NOTHING
    return LineJudgement(
        standing=standing,
        objective=objective,
        nature=nature,
        category=category,
        retained=retained,
        to_confirm=NOTHING if standing is NOT_ELIGIBLE else (by_cash or worth) - retained,
        share=days.share,
        reasons=tuple(reasons) or _granted(line, rules, days.share, staff=staff),
        warnings=tuple(_warnings(line, rules, nature, days.share, phase_start, staff=staff, by_cash=by_cash)),
    )


def category_of(line: SpendingLineFact, rules: SpendingRules) -> Category | None:
    """Return the category that the line names, else the one that its nature stands for when it names none."""
    if line.category is not None:
        return rules.category(line.category)
    named = rules.category(line.nature)
    nature = rules.nature(line.nature)
    return named if named is not None or nature is None else rules.category(rules.default_categories[nature])


# What is bought, and for which objective


def _contribution(
    line: SpendingLineFact, rules: SpendingRules, objective: str | None, category: Category | None
) -> list[Remark]:
    """Return what keeps the line from contributing to an objective, as far as its category and label tell."""
    sources = rules.sources_of("contribution")
    found = []
    if objective is None:
        code = "OBJECTIVE_MISSING" if line.objective is None else "OBJECTIVE_UNKNOWN"
        found.append(Remark(code, TO_CONFIRM, sources, {"text": line.objective}))
    if category is None:
        text = line.category or line.nature
        code = "CATEGORY_MISSING" if text is None else "CATEGORY_UNKNOWN"
        found.append(Remark(code, TO_CONFIRM, sources, {"text": text}, settles=True))
    elif category.standing is not ELIGIBLE:
        found.append(_by_category(category, objective))
    if category is None or category.standing is ELIGIBLE:
        found.extend(
            Remark("LABEL_SUGGESTS", TO_CONFIRM, one.sources, {"category": one.label}, settles=True, text=one.reason)
            for one in rules.suspects(line.label)
        )
    return found


def _by_category(category: Category, objective: str | None) -> Remark:
    values = {"category": category.label}
    if category.standing is None:
        return Remark("CATEGORY_UNRULED", TO_CONFIRM, values=values, settles=True)
    if category.standing is NOT_ELIGIBLE and objective is not None and not category.speaks_of(objective):
        return Remark("EXCLUDED_ELSEWHERE", TO_CONFIRM, category.sources, values, settles=True, text=category.reason)
    code = "CATEGORY_EXCLUDED" if category.standing is NOT_ELIGIBLE else "CONDITION"
    return Remark(code, category.standing, category.sources, values, settles=True, text=category.reason)


# Days


def _days(
    line: SpendingLineFact,
    rules: SpendingRules,
    category: Category | None,
    *,
    phase_start: date,
    declaration: date | None,
    staff: bool,
) -> _Days:
    if rules.engagement is Engagement.UNSTATED:
        return _Days([Remark("NO_RULES", TO_CONFIRM, rules.sources_of("contribution"), settles=True)])
    if declaration is None:
        return _Days([Remark("NO_DECLARATION_DAY", TO_CONFIRM, rules.sources_of("window"))])
    opens_on = rules.opens_on or phase_start
    starts = (opens_on, opens_on if rules.engagement is Engagement.ENGAGED else max(opens_on, phase_start))
    exercise = _exercise(line, rules, category, starts, declaration)
    if staff:
        days = _staff(line, rules, starts, declaration)
    elif line.period_from is not None or line.period_to is not None:
        days = _subscription(line, rules, starts, declaration)
    elif rules.engagement is Engagement.ENGAGED:
        days = _Days(_engaged(line, rules, starts[0], declaration))
    else:
        days = _Days(_both_windows(rules, *(_order_and_invoice(line, rules, start, declaration) for start in starts)))
    return replace(days, remarks=[*exercise, *days.remarks])


def _both_windows(rules: SpendingRules, published: list[Remark], phase: list[Remark]) -> list[Remark]:
    """Return the remarks of the two admissible windows (AMB-32), the wide one first: a doubt where they part."""
    known = {one.code for one in published}
    added = [one for one in phase if one.code not in known]
    if not added or any(one.standing is NOT_ELIGIBLE for one in published):
        return published
    sources = (*rules.sources_of("window"), *rules.sources_of("phase"))
    values = {"day": added[0].values["day"]}
    return [*published, Remark("WINDOWS_DISAGREE", TO_CONFIRM, sources, values, settles=True)]


def _order_and_invoice(line: SpendingLineFact, rules: SpendingRules, start: date, end: date) -> list[Remark]:
    """Return what keeps order and invoice from lying in the window, or an earlier order's work from starting in it."""
    return [*_invoice(line, rules, start, end), *_order(line, rules, start, end)]


def _invoice(line: SpendingLineFact, rules: SpendingRules, start: date, end: date) -> list[Remark]:
    return _in_window("INVOICE", line.invoice_on, rules, start, end)


def _in_window(what: str, day: date | None, rules: SpendingRules, start: date, end: date) -> list[Remark]:
    sources = rules.sources_of("window")
    if day is None:
        return [Remark(f"{what}_DATE_MISSING", TO_CONFIRM, sources)]
    if day < start:
        return [Remark(f"{what}_BEFORE", NOT_ELIGIBLE, sources, {"day": day, "limit": start})]
    if day > end:
        return [Remark(f"{what}_AFTER", NOT_ELIGIBLE, sources, {"day": day, "limit": end})]
    return []


def _order(line: SpendingLineFact, rules: SpendingRules, start: date, end: date) -> list[Remark]:
    found = _in_window("ORDER", line.order_on, rules, start, end)
    if line.order_on is None or line.order_on >= start:
        return found
    sources = rules.sources_of("window")
    values = {"day": line.order_on, "limit": start}
    if line.starts_on is None:
        return [Remark("START_MISSING", TO_CONFIRM, sources, values)]
    values = {"day": line.starts_on, "limit": start}
    if line.starts_on <= start:
        return [Remark("START_NOT_LATER", NOT_ELIGIBLE, sources, values)]
    if line.starts_on > end:
        return [Remark("START_AFTER", NOT_ELIGIBLE, sources, {"day": line.starts_on, "limit": end})]
    stated_on = folded(line.start_stated_on or "")
    if _ATTESTATION in stated_on:
        return [Remark("ATTESTATION_REFUSED", NOT_ELIGIBLE, sources, values)]
    if stated_on not in _ON_ORDER_OR_INVOICE:
        return [Remark("START_DOCUMENT_MISSING", TO_CONFIRM, sources, values)]
    return []


def _engaged(line: SpendingLineFact, rules: SpendingRules, start: date, end: date) -> list[Remark]:
    """Return what keeps a cost from being engaged in the window: order and invoice must agree."""
    order = _in_window("ORDER", line.engaged_on or line.order_on, rules, start, end)
    invoice = _invoice(line, rules, start, end)
    worst = [max((one.standing for one in found), default=ELIGIBLE) for found in (order, invoice)]
    if NOT_ELIGIBLE in worst and worst != [NOT_ELIGIBLE, NOT_ELIGIBLE]:
        outside = next(one for one in (*order, *invoice) if one.standing is NOT_ELIGIBLE)
        return [Remark("ENGAGEMENT_UNCLEAR", TO_CONFIRM, outside.sources, outside.values, settles=True)]
    return [*order, *invoice]


def _subscription(line: SpendingLineFact, rules: SpendingRules, starts: tuple[date, date], end: date) -> _Days:
    """
    Return the share of a subscription that falls in the phase, and what keeps it from counting.

    What is engaged and invoiced within both windows is spent there: by cash, the whole of it counts.
    """
    sources = rules.sources_of("subscription")
    first, last = line.period_from, line.period_to
    if first is None or last is None:
        return _Days([Remark("PERIOD_MISSING", TO_CONFIRM, sources)])
    if not rules.prorata:
        found = _engaged(line, rules, starts[0], end)
        share, by_cash = _share(first, last, starts[0], end), not found
        if 0 < share < 1:
            found.append(Remark("SUBSCRIPTION_UNSTATED", TO_CONFIRM, sources, settles=True))
        return _Days([*found, *_outside(share, rules)], share, by_cash=by_cash)
    engaged = line.engaged_on or line.order_on
    share = _share(first, last, starts[1], end)
    found = []
    if engaged is None:
        found.append(Remark("ENGAGEMENT_MISSING", TO_CONFIRM, sources))
    elif engaged < starts[1]:
        values = {"day": engaged, "limit": starts[1]}
        found.append(Remark("SUBSCRIPTION_ENGAGED_BEFORE", NOT_ELIGIBLE, sources, values))
    elif engaged > end:
        found.append(Remark("ORDER_AFTER", NOT_ELIGIBLE, sources, {"day": engaged, "limit": end}))
    invoiced = _both_windows(rules, *(_invoice(line, rules, start, end) for start in starts))
    return _Days([*found, *invoiced, *_outside(share, rules)], share, by_cash=not found and not invoiced)


def _outside(share: Fraction, rules: SpendingRules) -> list[Remark]:
    return [] if share else [Remark("PERIOD_OUTSIDE", NOT_ELIGIBLE, rules.sources_of("subscription"))]


def _staff(line: SpendingLineFact, rules: SpendingRules, starts: tuple[date, date], end: date) -> _Days:
    """
    Return the share of the staff's work that falls in the wide window.

    A part outside it, or between the two windows, leaves the line to be confirmed.
    """
    sources = rules.sources_of("staff")
    first, last = line.period_from or line.held_on, line.period_to or line.held_on
    if first is None or last is None:
        return _Days([Remark("WORK_PERIOD_MISSING", TO_CONFIRM, sources)])
    wide, narrow = (_share(first, last, start, end) for start in starts)
    if not wide:
        return _Days([Remark("WORK_OUTSIDE", NOT_ELIGIBLE, sources)], wide)
    found = []
    if wide != narrow:
        found.append(Remark("WINDOWS_DISAGREE", TO_CONFIRM, sources, {"day": first}, settles=True))
    if wide < 1:
        found.append(Remark("WORK_PARTLY_OUTSIDE", TO_CONFIRM, sources, settles=True))
    return _Days(found, wide)


def _exercise(
    line: SpendingLineFact, rules: SpendingRules, category: Category | None, starts: tuple[date, date], end: date
) -> list[Remark]:
    sources = rules.sources_of("exercise")
    if category is None or category.test is not Test.EXERCISE or not sources:
        return []
    if line.held_on is None:
        return [Remark("EXERCISE_DATE_MISSING", TO_CONFIRM, sources)]
    if not starts[1] <= line.held_on <= end:
        values = {"day": line.held_on, "first": starts[1], "last": end}
        return [Remark("EXERCISE_OUTSIDE_PHASE", NOT_ELIGIBLE, sources, values)]
    return []


def _share(first: date, last: date, start: date, end: date) -> Fraction:
    """Return the share of the days of [first, last] that lie in [start, end], ends included; 0 of no day."""
    whole = days_in(first, last)
    return Fraction(days_in(max(first, start), min(last, end)), whole) if whole else Fraction(0)


def _to_come(line: SpendingLineFact, rules: SpendingRules, as_of: date, *, staff: bool) -> list[Remark]:
    last = max(
        (day for day in (line.order_on, line.invoice_on, line.held_on, line.period_to if staff else None) if day),
        default=as_of,
    )
    sources = rules.sources_of("justification")
    return [Remark("DAY_TO_COME", TO_CONFIRM, sources, {"day": last})] if last > as_of else []


# Money from elsewhere, justification, decision


def _justification(line: SpendingLineFact, rules: SpendingRules) -> list[Remark]:
    if line.justification is not None:
        return []
    return [Remark("STAFF_NOT_JUSTIFIED", TO_CONFIRM, rules.sources_of("staff"))]


def _funding(line: SpendingLineFact, rules: SpendingRules, category: Category | None) -> list[Remark]:
    sources = rules.sources_of("funding")
    if line.other_funding is not None and line.other_funding >= line.amount:
        return [Remark("FUNDED_ELSEWHERE", NOT_ELIGIBLE, sources)]
    if line.other_funding is None and category is not None and category.test is Test.EXERCISE:
        return [Remark("OTHER_FUNDING_MISSING", TO_CONFIRM, sources)]
    return []


def _decided(line: SpendingLineFact, remarks: Sequence[Remark]) -> list[Remark]:
    """Return the remarks that stand once the line's decision is heard: it lifts doubts of text, gives no document."""
    if line.decision is False:
        return [Remark("SET_ASIDE", NOT_ELIGIBLE, values={"text": line.justification})]
    if not line.decision or line.justification is None:
        return list(remarks)
    kept = [one for one in remarks if one.standing is not TO_CONFIRM or not one.settles]
    if len(kept) < len(remarks):
        kept.append(Remark("DECIDED", ELIGIBLE, values={"text": line.justification}))
    return kept


def _granted(
    line: SpendingLineFact, rules: SpendingRules, share: Fraction | None, *, staff: bool
) -> tuple[Remark, ...]:
    """Return why a line without any objection is eligible."""
    if staff:
        return (Remark("STAFF_IN_PHASE", ELIGIBLE, rules.sources_of("staff")),)
    if share is not None and line.period_from is not None and line.period_to is not None:
        whole = days_in(line.period_from, line.period_to)
        values = {"days": int(share * whole), "whole": whole}
        return (Remark("PRORATA", ELIGIBLE, rules.sources_of("subscription"), values),)
    earlier = line.order_on is not None and rules.opens_on is not None and line.order_on < rules.opens_on
    code = "EARLIER_ORDER_LATER_START" if earlier else "IN_WINDOW"
    return (Remark(code, ELIGIBLE, rules.sources_of("window")),)


# Warnings


def _warnings(
    line: SpendingLineFact,
    rules: SpendingRules,
    nature: Nature | None,
    share: Fraction | None,
    phase_start: date,
    *,
    staff: bool,
    by_cash: Decimal | None,
) -> Iterable[Remark]:
    """Yield what to look at besides; `by_cash` is what the line would be worth so counted, None when it is no more."""

    def warn(code: str, rule: str = "", **values: object) -> Remark:
        return Remark(code, ELIGIBLE, rules.sources_of(rule), values)

    if line.order_on is not None and line.invoice_on is not None and line.invoice_on < line.order_on:
        yield warn("INVOICE_BEFORE_ORDER", day=line.invoice_on, limit=line.order_on)
    if line.decision is True and line.justification is None:
        yield warn("DECISION_NOT_JUSTIFIED")
    if nature is None:
        yield warn("NATURE_MISSING")
    if staff and line.justification is not None and not holds_words(line.justification, _MISSION_LETTER):
        yield warn("MISSION_LETTER_ADVISED", "staff")
    if line.other_funding:
        yield warn("OTHER_FUNDING_DEDUCTED", "funding", amount=line.other_funding)
    if by_cash is not None:
        yield warn("CASH_READING", "subscription", amount=by_cash)
    if not staff and share is not None and (line.engaged_on or line.order_on) == phase_start:
        yield warn("ENGAGED_ON_FIRST_DAY", "subscription", day=phase_start)

"""An explanation in French, on one screen: the verdict, the audits on a line, then the reasoning in sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from agent.domain.decided import reading_text
from agent.domain.explanation import steps
from agent.domain.rules.outcome import Reason
from agent.domain.verdict import Verdict
from agent.texts.readings import answer, topic
from agent.texts.sources import cited
from agent.texts.words import MARKS, counted, day, listed, reason, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from agent.domain.programme import Source

_KINDS = {"directory": "Annuaire", "surface": "Surface", "establishment": "Établissement"}
_PLURALS = {
    "establishment": "établissements",
    "directory": "annuaires",
    "surface": "surfaces",
    "objective": "objectifs facultatifs engagés",
}
_CONTINUING = (steps.FirstAudit, steps.Mean, steps.Reports, steps.Remaining)
_SHOWN_PARTS = 8
_SHOWN_AUDITS = 12
_KEPT_FIRST, _KEPT_LAST = 2, 9
_MOST_DECIMALS = 6
_FIRST = 3
_OPEN_ENDS = {"AS_OF": "aujourd'hui", "DECLARATION": "fin de phase", "RETIRED": "retrait"}
_STATES = {
    "holds": "tient",
    "recoverable": "peut encore se rattraper",
    "lost": "perdu",
    "not_applicable": "sans objet",
}


@dataclass(frozen=True, slots=True)
class _Names:
    """What people call establishments; a missing one is shown as its id."""

    establishments: Mapping[str, str] = field(default_factory=dict)

    def of(self, kind: str, name: str | None) -> str:
        return self.establishments.get(str(name), str(name)) if kind == "establishment" else str(name)


def lines(explanation: steps.Explanation, names: Mapping[str, str] | None = None) -> list[str]:
    """Return the explanation for people, a line each; `names` are the establishments' by id."""
    called = _Names(names or {})
    return [*_head(explanation, called), *_reasoning(explanation, called)]


def figure(exact: Fraction, against: Fraction | None = None) -> str:
    """Return a figure with a decimal comma, with as many decimals as keep it apart from what it is compared with."""
    for places in range(2, _MOST_DECIMALS + 1):
        rounded = round(exact, places)
        if rounded != against or exact == against:
            text = f"{float(rounded):.{places}f}"
            return text.rstrip("0").rstrip(".").replace(".", ",")
    return f"{figure(exact)} environ"


def _head(one: steps.Explanation, called: _Names) -> Iterator[str]:
    about = "Le candidat"
    if one.subject.id is not None:
        about = f"{_KINDS[one.subject.kind]} « {called.of(one.subject.kind, one.subject.id)} »"
    yield f"{one.objective} {one.objective_label}"
    yield f"{MARKS[one.verdict]} {about} au {day(one.as_of)} : {verdict(one.verdict)}"
    if one.reasons:
        yield f"  Pourquoi : {' ; '.join(reason(code) for code in one.reasons)}."
    yield f"  Jugé selon {one.programme_label}, version {one.programme_version} du {day(one.programme_dated)}."


def _reasoning(one: steps.Explanation, called: _Names) -> Iterator[str]:
    for step in one.steps:
        if not isinstance(step, _CONTINUING):
            yield ""
        match step:
            case steps.PhaseWindow():
                yield from _window(step, one.verdict)
            case steps.Decisions():
                yield from _decisions(step, called)
            case steps.Parts():
                yield from _parts(step, one, called)
            case steps.Share():
                yield from _share(step, called)
            case steps.Timeline():
                yield from _through(one, called)
                yield from _timeline(step)
            case steps.FirstAudit():
                yield from _first_audit(step)
            case steps.Mean():
                yield from _mean(step)
            case steps.Reports():
                yield from _reports(step)
            case steps.LastScores():
                yield from _through(one, called)
                yield from _scores(step)
            case steps.LastAudits():
                yield from _through(one, called)
                yield from _last_audits(step, one.as_of)
            case steps.Conditions():
                yield from _through(one, called)
                yield from _conditions(step, one)
            case steps.Remaining():
                yield from _remaining(step)
            case steps.Readings():
                yield from _readings(step)


def _through(one: steps.Explanation, called: _Names) -> Iterator[str]:
    if one.through is not None:
        kind = one.through.kind
        yield f"Ce qui décide : {_KINDS[kind].lower()} « {called.of(kind, one.through.id)} »."


def _window(step: steps.PhaseWindow, found: str) -> Iterator[str]:
    said = f"Phase du {day(step.phase_start)} au {day(step.declaration)} (déclaration)"
    if step.starts_on is not None:
        said += f" ; suivi depuis sa mise en service, le {day(step.starts_on)}"
    if step.control is not None:
        said += f" ; la cadence court jusqu'au contrôle, le {day(step.control)}"
    yield f"{said}.{_from(step.sources)}"
    for issue in step.issues:
        yield f"  Attention : {reason(issue)}."
    if step.final and found != Verdict.MET:
        yield "  Le jour de la déclaration est venu : ce qui manque ne se rattrape plus."


def _decisions(step: steps.Decisions, called: _Names) -> Iterator[str]:
    if step.facts:
        yield "Des faits attendent une décision ; ce qui suit les prend au pire :"
        for one in step.facts:
            yield f"  {one.evidence} ({', '.join(one.fields)}) : {one.command}"
    for awaited in step.awaited:
        if awaited.fact == "entra_exempt":
            said = f"« {awaited.subject} » n'existe que dans le nuage (Entra ID)"
        else:
            what = "annuaire" if awaited.fact == "no_ad" else "surface exposée"
            said = f"« {called.of('establishment', awaited.subject)} » n'a aucun élément déclaré ({what})"
        yield f"{said} : exposez la situation à l'ARS et à l'ANS, puis consignez leur décision.{_from(step.sources)}"
        yield f"  {awaited.command}"


def _parts(step: steps.Parts, one: steps.Explanation, called: _Names) -> Iterator[str]:
    kind = step.parts[0].kind
    deciding = [part for part in step.parts if part.decides]
    is_fine = deciding[0].verdict in {Verdict.MET, Verdict.NOT_APPLICABLE}
    shown = deciding[0].id if kind == "objective" else f"{one.objective} {deciding[0].id}"
    command = f"    → carenage status --explain {shown}"
    if one.subject.kind == "candidate" and kind in {"directory", "surface"}:
        # What stands above already says why.
        if not is_fine:
            yield f"Ce qui décide : {_PLURALS[kind]} {listed([f'« {part.id} »' for part in deciding], _SHOWN_PARTS)}"
            yield command
        return
    whole = "toutes" if kind == "surface" else "tous"
    must = "doivent être atteints" if kind == "objective" else "doivent remplir l'objectif"
    every = f"{whole} {must}" if step.every else "il suffit d'une part de l'activité"
    yield f"{len(step.parts)} {_PLURALS[kind]} ; {every}.{_from(step.sources)}"
    if is_fine and len(deciding) == len(step.parts):
        yield f"  {MARKS[deciding[0].verdict]} {whole} : {verdict(deciding[0].verdict)}"
        return
    for part in deciding[:_SHOWN_PARTS]:
        why = f" ({' ; '.join(reason(code) for code in part.reasons)})" if part.reasons else ""
        due = f", au plus tard le {day(part.next_due)}" if part.next_due is not None else ""
        yield f"  {MARKS[part.verdict]} {called.of(kind, part.id)} : {verdict(part.verdict)}{why}{due}"
    more = len(deciding) - _SHOWN_PARTS
    if more > 0:
        yield f"  et {more} de plus dans le même cas"
    others = [part for part in step.parts if not part.decides]
    if others:
        counts = {name: sum(part.verdict == name for part in others) for name in MARKS}
        yield f"  les autres : {', '.join(_verdicts(name, count) for name, count in counts.items() if count)}"
    if one.through is None and not is_fine:
        yield command


def _verdicts(name: str, count: int) -> str:
    plural = "s" if count > 1 and name in {Verdict.MET, Verdict.NOT_MET} else ""
    return f"{count} {verdict(name)}{plural}"


def _share(step: steps.Share, called: _Names) -> Iterator[str]:
    if step.under is not None:
        yield f"Si une part de l'activité suffit (interprétation {step.under} = flex) :"
    else:
        yield f"Part de l'activité combinée, interprétations prudentes :{_from(step.sources)}"
    weights = [
        f"{called.of('establishment', one.establishment)} {figure(one.percent)} %{' (support)' if one.support else ''}"
        for one in step.establishments
        if one.counted
    ]
    yield f"  comptés : {listed(weights, _SHOWN_PARTS, by=' + ') or 'aucun'}"
    left = [
        f"{called.of('establishment', one.establishment)} {figure(one.percent)} % "
        f"({'support, ' if one.support else ''}{_STATES[one.state]})"
        for one in step.establishments
        if not one.counted
    ]
    if left:
        yield f"  hors compte : {listed(left, _SHOWN_PARTS)}"
    sign = "≥" if step.share_holds else "<"
    yield (
        f"  {figure(step.activity)} / {figure(step.whole)} = {figure(step.percent, step.threshold)} % "
        f"{sign} {figure(step.threshold)} % : {_held(step.share_holds)}"
    )
    if step.minimum is not None:
        has = f"{step.counted} établissement{'s' if step.counted > 1 else ''} pour {step.minimum} demandés"
        yield f"  {has} : {_held(step.counted >= step.minimum)}"
    if step.support_holds is not None:
        yield f"  l'établissement support {'en est' if step.support_holds else 'n’en est pas : il est exigé'}"
    if step.under is not None:
        yield f"  {_from(step.sources).strip()}"


def _timeline(step: steps.Timeline) -> Iterator[str]:
    exceeded = {(one.since, one.until) for test in step.tests for one in test.over if test.counts_lost is not False}
    yield f"Audits : {_line(step, exceeded)}"
    if not step.audits:
        return
    grouped: dict[tuple[bool | None, tuple[steps.Interval, ...]], list[steps.GapTest]] = {}
    for test in step.tests:
        grouped.setdefault((test.counts_lost, test.over), []).append(test)
    for (counts_lost, over), tests in grouped.items():
        bounded = [test for test in tests if test.days is not None or test.months is not None]
        if bounded:
            limits = f"{_counting(counts_lost)}Intervalles, {' ou '.join(_limit(test) for test in bounded)}"
            yield f"{limits} : {_over(over, step, bounded[0].longest_days)}.{_from(step.sources)}"
    unbounded = any(test.days is None and test.months is None for test in step.tests)
    if unbounded and any(test.over for test in step.tests):
        yield "Sans maximum entre deux audits, seule la moyenne compterait."


def _line(step: steps.Timeline, exceeded: set[tuple[str, str]]) -> str:
    """Return the audits on one line: « début 01/03/2026 ─51 j→ 21/04 ─⏳165 j→ aujourd'hui »."""
    year = step.start.year
    drawn = [f"début {step.start:%d/%m/%Y}"]
    by_id = {audit.id: audit for audit in step.audits}
    for interval in step.intervals:
        mark = "✘" if (interval.since, interval.until) in exceeded else ""
        audit = by_id.get(interval.until)
        if audit is None:
            drawn.append(f"─⏳{mark}{interval.days} j→ {_OPEN_ENDS[interval.until]} {step.end:%d/%m/%Y}")
            continue
        day_of = f"{audit.on:%d/%m}" if audit.on.year == year else f"{audit.on:%d/%m/%Y}"
        year = audit.on.year
        lost = " (rapport perdu)" if audit.lost else ""
        drawn.append(f"─{mark}{interval.days} j→ {day_of}{lost}")
    if len(step.audits) > _SHOWN_AUDITS:
        left_out = len(drawn) - _KEPT_FIRST - _KEPT_LAST
        drawn = [*drawn[:_KEPT_FIRST], f"─ {left_out} autres audits ─", *drawn[-_KEPT_LAST:]]
    return " ".join(drawn)


def _limit(test: steps.GapTest) -> str:
    """Return the longest interval that a reading admits."""
    return f"{test.months} mois au plus" if test.months is not None else f"{test.days} jours au plus"


def _over(over: Sequence[steps.Interval], step: steps.Timeline, longest_days: int) -> str:
    if over:
        return f"dépassé ({', '.join(_interval(one, step) for one in over[:_FIRST])})"
    return f"tenu (le plus long : {longest_days} jours)"


def _interval(one: steps.Interval, step: steps.Timeline) -> str:
    days = {audit.id: day(audit.on) for audit in step.audits} | {"START": day(step.start)}
    until = days.get(one.until)
    return f"{one.days} jours depuis le {days[one.since]}" + (f" jusqu'au {until}" if until else "")


def _first_audit(step: steps.FirstAudit) -> Iterator[str]:
    for counts_lost in dict.fromkeys(test.counts_lost for test in step.tests):
        tests = [test for test in step.tests if test.counts_lost is counts_lost]
        limits = [f"{day(test.last_day)} ({answer(_first_name(test), test.reading)})" for test in tests]
        said = f"Premier audit : {'aucun' if step.on is None else day(step.on)}"
        outcome = {test.holds for test in tests}
        if outcome == {None}:
            end = "il est encore temps"
        elif outcome == {True}:
            end = "à temps"
        elif outcome == {False}:
            end = "trop tard"
        else:
            kept = [answer(_first_name(test), test.reading) for test in tests if test.holds is not False]
            end = f"à temps seulement pour : {', '.join(kept)}"
        yield f"{_counting(counts_lost)}{said} ; dernier jour : {', '.join(limits)} → {end}.{_from(step.sources)}"


def _first_name(test: steps.FirstAuditTest) -> str:
    return "first_audit" if str(test.reading).startswith(("start", "absolute")) else "d1_interval"


def _mean(step: steps.Mean) -> Iterator[str]:
    how = "l'une des deux suffit" if step.any_holds else "en jours"
    yield f"Intervalle moyen, {how} :{_from(step.sources)}"
    by_figure: dict[tuple[bool | None, str], list[steps.MeanTest]] = {}
    for test in step.tests:
        by_figure.setdefault((test.counts_lost, test.mode), []).append(test)
    for (counts_lost, mode), tests in by_figure.items():
        exact = tests[0].days
        name = "bords de la phase compris" if mode == "edges" else "entre les audits seulement"
        if exact is None:
            yield f"  {_counting(counts_lost)}{name} : pas encore deux audits, rien à comparer"
            continue
        shown = figure(exact, Fraction(tests[0].limit_days))
        count = f"{tests[0].elapsed_days} j / {tests[0].intervals} = {shown}"
        yield f"  {_counting(counts_lost)}{name} : {count} ; {_compared(tests)}"


def _compared(tests: Sequence[steps.MeanTest]) -> str:
    limits = [f"{'<' if test.strictly else '≤'} {test.limit_days}" for test in tests]
    if len({test.holds for test in tests}) == 1:
        return f"il faut {' ou '.join(limits)} : {_held(tests[0].holds)}"
    return ", ".join(f"s'il faut {limit} : {_held(test.holds)}" for limit, test in zip(limits, tests, strict=True))


def _reports(step: steps.Reports) -> Iterator[str]:
    yield f"Rapports ADS jamais téléchargés (disponibles {step.months} mois) :{_from(step.sources)}"
    for one in step.reports:
        end = "n'est plus disponible" if one.lost else f"à télécharger au plus tard le {day(one.last_download_on)}"
        yield f"  {one.audit}, disponible le {day(one.available_on)} : {end}"


def _scores(step: steps.LastScores) -> Iterator[str]:
    for test in step.tests:
        shown = [
            f"{_number(audit.score)} le {day(audit.on)}{' (rapport perdu)' if audit.lost else ''}"
            for audit in test.audits
        ]
        said = " puis ".join(shown) or "aucun audit"
        least = _number(step.minimum)
        if test.holds:
            end = f"chacun ≥ {least}, tenu"
        else:
            count = "un audit" if test.needed == 1 else f"{test.needed} audits successifs"
            end = f"il manque {count} à {least} ou plus"
        yield f"{_counting(test.counts_lost)}Deux derniers scores ADS : {said} ; {end}.{_from(step.sources)}"


def _last_audits(step: steps.LastAudits, as_of: date) -> Iterator[str]:
    drawn = []
    for audit in step.audits:
        found = counted(audit.criticals or 0, "critique")
        if audit.criticals != audit.criticals_above_9:
            found += f" dont {(audit.criticals or 0) - (audit.criticals_above_9 or 0)} à 9,0"
        highs = f", {counted(audit.highs or 0, 'élevée')}" if audit.highs else ""
        drawn.append(f"{audit.on:%d/%m/%Y} ({found}{highs})")
    yield f"Derniers audits industriels : {' → '.join(drawn) or 'aucun'}.{_from(step.sources)}"
    for test in step.tests:
        yield f"  {_under(test)}{_exposure_said(test, step)}"
    if step.age_days is not None and step.age_limit_days is not None:
        held = step.age_days < step.age_limit_days
        yield (
            f"  âge du dernier audit au {day(as_of)} : {step.age_days} jours "
            f"{'<' if held else '≥'} {step.age_limit_days}, {_held(held)}"
        )
    if step.window_opens is not None:
        yield f"  le dernier audit doit tomber entre le {day(step.window_opens)} et le {day(step.window_closes)}"


def _under(test: steps.ExposureTest) -> str:
    said = []
    if test.cvss9 is not None:
        said.append("9,0 critique" if test.cvss9 == "ge" else "9,0 non critique")
    if test.high_recurrence is not None:
        said.append(f"une élevée revue {'bloque' if test.high_recurrence == 'blocking' else 'ne bloque pas'}")
    return f"[{', '.join(said)}] " if said else ""


def _exposure_said(test: steps.ExposureTest, step: steps.LastAudits) -> str:
    said = []
    if test.rescued_by is not None:
        said.append(
            f"l'avant-dernier montre {counted(test.criticals[0], 'critique')}, mais l'antépénultième, sans critique et "
            f"{test.rescue_days} jours avant le dernier ({step.rescue_limit_days} au plus), en tient lieu"
        )
    if test.lasting_highs:
        lasting = counted(len(test.lasting_highs), "élevée")
        said.append(f"{lasting} d'un audit à l'autre ({', '.join(test.lasting_highs[:_FIRST])})")
    said += [
        reason(code) for code in test.broken if code not in {Reason.DUE_SOON, Reason.OVERDUE, Reason.HIGH_NOT_FIXED}
    ]
    if test.holds and not any(test.criticals):
        said.append("aucune critique aux deux derniers, tenu")
    elif test.holds:
        said.append("tenu")
    if test.needed:
        said.append(f"il faut encore {counted(test.needed, 'audit')} sans critique")
    return " ; ".join(said)


def _conditions(step: steps.Conditions, one: steps.Explanation) -> Iterator[str]:
    yield f"Conditions, d'après ce qui est déclaré (✔ remplie, ✘ non remplie, ? inconnue) :{_from(step.sources)}"
    yield from (_condition(asked) for asked in step.conditions if asked.group is None)
    ways = list(dict.fromkeys(asked.group for asked in step.conditions if asked.group is not None))
    if len(ways) > 1:
        yield f"  et l'une de ces voies : {', '.join(ways)}"
    for way in ways:
        yield from (f"  [{way}]{_condition(asked)[1:]}" for asked in step.conditions if asked.group == way)
    if one.verdict != Verdict.MET and any(not asked.holds for asked in step.conditions if not asked.advice):
        yield f"    → {step.command} …"


def _condition(one: steps.ConditionResult) -> str:
    mark = {True: "✔", False: "✘", None: "?"}[one.holds]
    return f"  {mark} {one.label}{' (conseil)' if one.advice else ''}"


def _remaining(step: steps.Remaining) -> Iterator[str]:
    said = []
    if step.audits:
        said.append(f"encore {counted(step.audits, 'audit')} au moins")
    if step.next_due is not None:
        said.append(f"prochaine échéance le {day(step.next_due)}")
    if step.earliest_success is not None:
        said.append(f"réussite possible dès le {day(step.earliest_success)}")
    yield f"À faire : {', '.join(said)}."


def _readings(step: steps.Readings) -> Iterator[str]:
    contested = [one for one in step.readings if one.settled is None]
    if contested:
        yield "Les textes divergent, et le verdict en dépend :"
    elif not step.readings:
        yield "Les textes admettent plusieurs interprétations ; elles donnent toutes le même verdict."
    for one in step.readings:
        yield f"  ? {one.question}{_from(one.sources)}"
        for result in one.results:
            kept = " (retenu)" if result.retained else ""
            why = f" ({' ; '.join(reason(code) for code in result.reasons)})" if result.reasons else ""
            key = f" (value={reading_text(result.value)})" if one.settled is None else ""
            yield f"    {answer(one.name, result.value)}{key}{kept} → {verdict(result.verdict)}{why}"
        if one.settled is None:
            yield f"    L'ANS ou l'ARS peut trancher ; consignez sa réponse : {one.command}"
        elif one.settled.person is not None and one.settled.on is not None:
            yield f"    Tranché par {one.settled.person} le {day(one.settled.on)} : {one.settled.answer}"
        else:
            yield "    Fixé par la configuration, sans réponse consignée."
    if contested and step.indifferent:
        yield f"  Sans effet ici : {' ; '.join(topic(name) for name in step.indifferent)}."


def _from(sources: Sequence[Source]) -> str:
    return f" ({cited(sources)})" if sources else ""


def _counting(counts_lost: bool | None) -> str:
    if counts_lost is None:
        return ""
    return "[rapports perdus comptés] " if counts_lost else "[rapports perdus non comptés] "


def _held(holds: bool) -> str:
    return "tenu" if holds else "non tenu"


def _number(value: float | None) -> str:
    return "sans score" if value is None else f"{value:g}".replace(".", ",")

"""The forecast in French: what is lost first, then what to do, the calendars, the shares, and what would change."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from agent.domain.forecast.obligation import Leeway, Obligation, What, Why
from agent.domain.forecast.what_if import ADS, HIGHEST_SCORE, LOWEST_SCORE, FaultCode
from agent.domain.programme import Subject
from agent.texts import faults as written
from agent.texts.sources import cited
from agent.texts.words import counted, day, listed, reason, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from agent.domain.forecast.forecast import Forecast
    from agent.domain.forecast.obligation import AuditCalendar
    from agent.domain.forecast.phase_starts import PhaseStart
    from agent.domain.forecast.share_plan import SharePlan, UnitEffort
    from agent.domain.forecast.what_if import Fault

EVERYTHING = "*"
FORMS = (
    "Formes attendues : ads:ANNUAIRE:AAAA-MM-JJ:score=N ; exposure:SURFACE:AAAA-MM-JJ:clean "
    "(ou critical, high ; puis, au besoin, :tool=SILENE). « * » vaut pour tous les annuaires ou toutes les surfaces."
)
_LISTED_UNITS = 6
_SHOWN = 80
_AUDITS = {What.ADS_AUDIT, What.EXPOSURE_AUDIT, What.INDUSTRIAL_AUDIT}
_DOING = {
    What.ADS_AUDIT: "lancer un audit ADS",
    What.EXPOSURE_AUDIT: "lancer un audit d'exposition (SILENE ou plateforme industrielle)",
    What.INDUSTRIAL_AUDIT: "lancer un audit d'exposition sur une plateforme industrielle",
    What.REPORT_DOWNLOAD: "télécharger le rapport ADS",
    What.FINDINGS_FIX: "corriger des vulnérabilités",
    What.DECISION: "obtenir ou déclarer la décision attendue (carenage status dit laquelle)",
    What.EVENT: "fixer et tenir un jour :",
    What.MILESTONE: "réaliser le jalon",
    What.DECLARED_FACT: "déclarer ce qui manque",
    What.PIECES: "réunir toutes les pièces",
    What.DECLARATION: "déposer la déclaration d'atteinte",
}

_UNDECLARED = {
    Subject.DIRECTORIES: "déclarer les annuaires dans la configuration ([[directories]]), ou la décision de l'autorité "
    "qu'il n'y en a pas",
    Subject.SURFACES: "déclarer ce qui est exposé dans la configuration ([[surfaces]]), ou la décision de l'autorité "
    "que rien ne l'est",
}


def lines(
    forecast: Forecast, shares: Sequence[SharePlan], compared: Sequence[tuple[str, str, str]], names: Mapping[str, str]
) -> Iterator[str]:
    """
    Yield the forecast of one programme, a line each.

    `compared` holds (objective, verdict before, verdict after) of what is supposed; `names` are the establishments'
    and the findings'.
    """
    left = (forecast.declaration - forecast.as_of).days
    when = f"dans {left} jours" if left > 0 else "ce jour est venu"
    yield f"{forecast.programme.label}"
    yield f"Prévision au {day(forecast.as_of)}, déclaration prévue le {day(forecast.declaration)} ({when})."
    if forecast.declaration > forecast.last_day:
        yield (
            f"✘ C'est après le dernier jour du programme, le {day(forecast.last_day)} : déposée alors, la déclaration "
            "ne compte pas et tout est perdu. Ce qui suit s'arrête à ce dernier jour."
        )
    elif any(one.what is What.DECLARATION and one.values["day_off"] for one in forecast.obligations):
        yield "! Ce n'est pas un jour ouvré : déposez la déclaration un jour ouvré d'avant."
    yield from _lost(forecast)
    yield from _compared(compared)
    yield from _to_do(forecast, names)
    yield from _calendars(forecast.calendars)
    for one in shares:
        yield from _share(one, names)


def sentence(obligation: Obligation, names: Mapping[str, str] | None = None) -> str:
    """Return what has to be done and for what, in one phrase."""
    return _doing(obligation, (obligation.unit,), names or {})


def why(obligation: Obligation, names: Mapping[str, str] | None = None) -> str:
    """Return the rule behind an obligation, in French, without its source; `names` are those of findings."""
    said, values = _WHYS.get(obligation.why), obligation.values
    if names and obligation.what is What.FINDINGS_FIX:
        found: Any = values["findings"]
        values = {**values, "findings": [names.get(one, one) for one in found]}
    return said(values) if said is not None else reason(obligation.why)


def source(obligation: Obligation) -> str:
    """Return the texts of an obligation, or that none asks for it."""
    if obligation.why == Why.PLANNED_DECLARATION:
        return "votre choix : aucun texte ne fixe ce jour"
    return cited(obligation.sources) or "prudence de Carénage : aucun texte ne fixe ce jour"


def phase_start_lines(label: str, starts: Sequence[PhaseStart], *, settled: bool) -> Iterator[str]:
    """Yield the comparison of phase starts, a line each."""
    yield label
    if settled:
        yield "Le début de phase est validé : il ne se choisit plus. Le tableau reste pour mémoire."
    yield "Un début tardif demande moins d'audits ; un début précoce ouvre plus longtemps la fenêtre des dépenses."
    yield ""
    for one in starts:
        mark = "→" if one.planned else " "
        yield f"{mark} {day(one.start)}{' (prévu)' if one.planned else ''} : phase de {one.phase_days} jours"
        if one.first_audit_by is not None:
            left = one.days_left or 0
            when = f"dans {left} jours" if left > 0 else "aujourd'hui" if not left else f"passé de {-left} jours"
            yield f"    premiers audits au plus tard le {day(one.first_audit_by)} ({when})"
        if one.audits_at_least is not None:
            yield f"    au moins {one.audits_at_least} audits par annuaire et par surface sur toute la phase"
        yield f"    {one.spending_days} jours de dépenses, si leur fenêtre s'ouvre avec la phase (les textes divergent)"
        if one.lost:
            yield f"    ✘ déjà perdu avec ce début : {', '.join(one.lost)}"


def refusal(faults: Sequence[Fault]) -> str:
    """Return what is wrong with suppositions, in one message."""
    told = (f"« {one.where[:_SHOWN]} » : {_FAULTS[one.code](one.values)}" for one in faults)
    return f"Une supposition ne se comprend pas. {' ; '.join(told)}."


def _lost(forecast: Forecast) -> Iterator[str]:
    lost = [one for one in forecast.obligations if one.lost]
    contested = [one for one in forecast.obligations if one.standing is Leeway.CONTESTED and not one.rank]
    if not lost and not contested:
        awaits = any(one.what is What.DECISION for one in forecast.obligations)
        more = (
            ", mais des décisions ou des déclarations sont attendues : sans elles, rien n'est acquis" if awaits else ""
        )
        yield f"Rien n'est perdu à ce jour{more}."
        return
    if forecast.lost:
        yield ""
        yield f"✘ Objectifs et prérequis qui ne peuvent plus être atteints : {', '.join(forecast.lost)}."
    if lost:
        yield ""
        yield "✘ Ce qui ne se rattrape plus :"
        for units, one in _merged(lost):
            passed_on = one.last_permissive_on or one.last_prudent_on
            passed = f" (le dernier jour était le {day(passed_on)})" if passed_on else ""
            yield f"    {_about(one, units, {})} : {why(one)}{passed}"
    if contested:
        yield ""
        yield "! Perdu selon une lecture des textes, pas selon toutes ; à faire trancher par l'ARS ou l'ANS :"
        for units, one in _merged(contested):
            last = f" ({_last_days(one, forecast.as_of)})" if one.last_prudent_on else ""
            yield f"    {_about(one, units, {})} : {why(one)}{last}"


def _compared(compared: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    if not compared:
        return
    yield ""
    yield "Au jour de la déclaration, si rien d'autre n'est fait, avant → avec ce que vous supposez :"
    for objective, before, after in compared:
        changed = "" if before != after else " (inchangé)"
        yield f"    {objective} : {verdict(before)} → {verdict(after)}{changed}"


def _to_do(forecast: Forecast, names: Mapping[str, str]) -> Iterator[str]:
    upcoming = [one for one in forecast.obligations if not one.lost and (one.rank == 1 or one.what not in _AUDITS)]
    if not upcoming:
        return
    yield ""
    yield "À faire, le plus pressé d'abord :"
    for units, one in _merged(upcoming):
        yield f"  {_when(one, forecast.as_of)} : {_doing(one, units, names)}"
        yield f"      {_last_days(one, forecast.as_of)}"
        yield f"      {why(one, names)} ({source(one)})"


def _when(one: Obligation, today: date) -> str:
    if one.standing is Leeway.OVERDUE:
        return f"En retard, dès le {day(one.recommended_on)}" if one.recommended_on else "En retard"
    if one.recommended_on is None:
        return "Sans jour ouvré d'ici là" if one.last_prudent_on and one.what is not What.MILESTONE else "Plus tard"
    return "Aujourd'hui" if one.recommended_on == today else f"Le {day(one.recommended_on)}"


def _last_days(one: Obligation, today: date) -> str:
    prudent, permissive = one.last_prudent_on, one.last_permissive_on
    if prudent is None:
        return "sans date"
    text = f"dernier jour prudent{', passé' if prudent < today else ''} : {day(prudent)}"
    if permissive is not None and permissive != prudent:
        text += f" ; selon la lecture la plus souple : {day(permissive)}"
    return f"{text} ; aujourd'hui est le dernier jour" if today == (permissive or prudent) else text


def _calendars(calendars: Sequence[AuditCalendar]) -> Iterator[str]:
    shown = [one for one in calendars if one.audits]
    if not shown:
        return
    yield ""
    yield "Calendrier proposé (jours ouvrés, hors jours fériés) :"
    for one in shown:
        what = "audits ADS" if one.what is What.ADS_AUDIT else "audits d'exposition, tout le périmètre à chaque fois"
        least = f" (le rythme en demande au moins {one.at_least})" if one.at_least else ""
        yield f"  {listed(one.units, _LISTED_UNITS)} : {len(one.audits)} {what}{least}"
        yield "      " + ", ".join(day(audit.day) + (" (industriel)" if audit.tool else "") for audit in one.audits)
        if not one.verified:
            yield "      ! Même tenu, ce calendrier ne satisfait pas toutes les lectures encore ouvertes."


def _share(plan: SharePlan, names: Mapping[str, str]) -> Iterator[str]:
    threshold = f"{plan.threshold:g} %".replace(".", ",")
    yield ""
    yield f"{plan.objective} par part d'activité : {_percent(plan.covered)} aujourd'hui, seuil de {threshold}"
    if plan.under is not None:
        yield f"    ! Vrai sous la seule lecture contestée {plan.under} = flex : s'y tenir perd la lecture stricte."
    if not plan.reachable:
        support = " avec l'établissement support" if plan.support else ""
        never = "n'atteint le seuil" if plan.undecided else "n'atteint plus le seuil"
        awaited = " tant qu'une décision ou une déclaration est attendue" if plan.undecided else ""
        yield f"    ✘ Aucun ensemble d'établissements {never}{support}{awaited}."
        return
    if not plan.steps and not plan.own:
        yield "    Rien de plus n'est à relever d'ici la déclaration."
    else:
        least = "le moindre effort" if plan.exact else "le moindre effort trouvé"
        yield (
            f"    D'ici la déclaration, {least} : {_clean(plan.audits)}, pour {_percent(plan.reached)} de l'activité"
        )
    for unit in plan.own:
        yield f"      au candidat lui-même : {_effort(unit)}"
    for step in plan.steps:
        yield f"      {names.get(step.establishment, step.establishment)} ({_percent(step.share)})"
        yield from (f"        {_effort(unit)}" for unit in step.units)
    if plan.pivotal:
        called = ", ".join(names.get(one, one) for one in plan.pivotal)
        yield f"    ! L'objectif ne tient que si aucun de ceux-ci ne manque : {called}"


def _effort(unit: UnitEffort) -> str:
    early = f", possible dès le {day(unit.earliest_achievable)}" if unit.earliest_achievable else ""
    because = " ; ".join(reason(code) for code in unit.reasons)
    return f"{unit.unit} : {_clean(unit.audits)}{early}{f' ({because})' if because else ''}"


def _clean(audits: int) -> str:
    return counted(audits, "audit satisfaisant", "audits satisfaisants")


def _doing(one: Obligation, units: Sequence[str], names: Mapping[str, str]) -> str:
    undeclared = one.values.get("undeclared") if one.what is What.DECISION else None
    text = _UNDECLARED[Subject(str(undeclared))] if undeclared else _DOING[one.what]
    if one.what in {What.EVENT, What.MILESTONE}:
        text += f" « {one.values['label']} »"
    if one.what is What.FINDINGS_FIX:
        found: Any = one.values["findings"]
        text += f" ({len(found)})"
    return f"{text} – {_about(one, units, names)}" if units != (EVERYTHING,) or one.objective != EVERYTHING else text


def _about(one: Obligation, units: Sequence[str], names: Mapping[str, str]) -> str:
    called = [names.get(unit, unit) for unit in units if unit != EVERYTHING]
    if one.objective == EVERYTHING:
        return "déclaration d'atteinte"
    return f"{one.objective}, {listed(called, _LISTED_UNITS)}" if called else one.objective


def _merged(obligations: Sequence[Obligation]) -> list[tuple[tuple[str, ...], Obligation]]:
    """Return the obligations that differ by their unit only as one, with all their units."""
    units: dict[object, list[str]] = {}
    kept: dict[object, Obligation] = {}
    for one in obligations:
        key = (
            (one.objective, one.what, one.why, one.recommended_on, one.last_prudent_on, one.last_permissive_on),
            (one.standing, one.rank, repr(sorted(one.values.items()))),
        )
        units.setdefault(key, []).append(one.unit)
        kept.setdefault(key, one)
    return [(tuple(units[key]), one) for key, one in kept.items()]


def _percent(figure: float) -> str:
    return f"{figure:g} %".replace(".", ",")


def _day_of(value: object) -> str:
    return day(value) if isinstance(value, date) else ""


def _since(values: Mapping[str, object]) -> str:
    last = values.get("after") or values.get("previous")
    return f", le dernier étant du {_day_of(last)}" if isinstance(last, date) else ""


def _with_findings(values: Mapping[str, object], kind: str) -> str:
    names: Any = values["findings"]
    return f"{kind} à l'audit du {_day_of(values['seen_on'])} : {listed([str(name) for name in names], _LISTED_UNITS)}"


_FAULTS: dict[FaultCode, Callable[[Mapping[str, Any]], str]] = {
    FaultCode.KIND: lambda _values: "elle doit commencer par « ads: » ou « exposure: »",
    FaultCode.PARTS: lambda _values: "il manque l'annuaire ou la surface, le jour ou le résultat",
    FaultCode.UNIT: lambda values: (
        f"{'annuaire inconnu' if values['kind'] == ADS else 'surface inconnue'} « {values['unit'][:_SHOWN]} » ; "
        f"connus : {', '.join(values['known']) or 'aucun'}"
    ),
    FaultCode.DAY: lambda values: written.sentence(values["fault"]),
    FaultCode.PAST_DAY: lambda values: f"le {day(values['day'])} est passé : une supposition porte sur un jour à venir",
    FaultCode.LATE_DAY: lambda values: (
        f"le {day(values['day'])} vient après la déclaration ({day(values['declaration'])}) : il ne compterait pas"
    ),
    FaultCode.SCORE: lambda _values: f"il faut un seul résultat, score=N, N de {LOWEST_SCORE} à {HIGHEST_SCORE}",
    FaultCode.RESULT: lambda values: (
        f"« {values['result'][:_SHOWN]} » n'est ni clean, ni critical, ni high, ni tool=SILENE, ni tool=INDUSTRIAL"
    ),
}
_WHYS: dict[str, Any] = {
    Why.FIRST_AUDIT: lambda _values: "premier audit de la phase",
    Why.MAX_GAP: lambda values: f"deux audits ne peuvent pas être plus éloignés{_since(values)}",
    Why.MEAN: lambda values: f"l'intervalle moyen doit rester sous la limite{_since(values)}",
    Why.TWO_MONTHS: lambda values: f"un audit tous les deux mois{_since(values)}",
    Why.SCORE_RUNS: lambda values: (
        f"il manque {counted(values['runs'], 'audit successif', 'audits successifs')} "
        f"au score d'au moins {values['min_score']}"
    ),
    Why.TWO_CLEAN_AUDITS: lambda _values: "deux audits industriels sans vulnérabilité critique sont nécessaires",
    Why.LAST_AUDIT_WINDOW: lambda values: (
        "le dernier audit industriel doit être sans vulnérabilité critique"
        + (f" et dater du {_day_of(opens)} ou d'après" if (opens := values.get("window_opens")) else "")
    ),
    Why.REPORT_LEAVES: lambda values: (
        f"le rapport de l'audit du {_day_of(values['run_on'])} disparaît six mois après sa mise à disposition"
        + (", avant la déclaration : n'attendez pas" if values["gone_before_declaration"] else "")
    ),
    Why.HIGH_FINDINGS: lambda values: (
        _with_findings(values, "vulnérabilités de 7 à 9 vues") + " ; revues à l'audit suivant, elles peuvent bloquer"
    ),
    Why.CRITICAL_FINDINGS: lambda values: _with_findings(values, "vulnérabilités critiques vues"),
    Why.DAY_TO_HOLD: lambda values: (
        f"prévu le {_day_of(planned)}"
        if (planned := values.get("planned"))
        else f"aucune date n'est prévue ; fixez-la avant le {_day_of(plan_by)}"
        if (plan_by := values.get("plan_by"))
        else "aucune date n'est prévue ; fixez-la sans attendre"
    ),
    Why.MONTHS_AFTER: lambda values: f"{values['months']} mois, comptés d'une date que les textes laissent ouverte",
    Why.BEFORE_DECLARATION: lambda _values: "ce qui manque encore à cette date met la déclaration en danger",
    Why.LAST_DAY: lambda _values: "le programme fixe le dernier jour de la déclaration",
    Why.PLANNED_DECLARATION: lambda _values: "le jour que vous avez prévu ; le programme n'en fixe pas",
}

"""The words that every surface shares: days, verdicts and what the reason codes mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
_VERDICTS = {
    "met": "atteint",
    "not_met": "non atteint",
    "at_risk": "à risque",
    "not_applicable": "sans objet",
}
LATE = "en retard, à faire aujourd'hui"
MARKS = {"met": "✔", "not_met": "✘", "at_risk": "!", "not_applicable": "–"}
"""The sign before a verdict, where a screen shows many; in the order in which people count them."""

_REASONS = {
    "NO_AUDIT": "aucun audit n'a encore été fait",
    "FIRST_AUDIT_LATE": "le premier audit n'est pas venu à temps",
    "GAP_EXCEEDED": "trop de jours séparent deux audits",
    "OPEN_GAP_EXCEEDED": "le dernier audit est trop ancien",
    "MEAN_EXCEEDED": "l'intervalle moyen entre les audits dépasse la limite",
    "INTERVAL_OVER_2_MONTHS": "un intervalle dépasse deux mois",
    "DUE_SOON": "une échéance approche",
    "OVERDUE": "une échéance est dépassée, mais se rattrape encore",
    "REPORT_DOWNLOAD_SOON": "un rapport ADS doit être téléchargé avant de disparaître",
    "REPORT_NOT_DOWNLOADED": "un rapport ADS n'a pas été téléchargé",
    "REPORT_LOST": "un rapport ADS n'est plus disponible",
    "NOT_ENOUGH_AUDITS": "il n'y a pas encore deux audits qui comptent pour cet objectif",
    "SCORE_BELOW_2": "l'un des deux derniers scores est sous le minimum",
    "CRITICAL_IN_LAST": "le dernier audit montre une vulnérabilité critique",
    "CRITICAL_IN_PENULTIMATE": "l'avant-dernier audit montre une vulnérabilité critique",
    "HIGH_NOT_FIXED": "une vulnérabilité élevée est restée d'un audit à l'autre",
    "LAST_AUDIT_TOO_OLD": "le dernier audit est trop ancien",
    "SILENE_IN_LAST_TWO": "l'un des deux derniers audits est un audit SILENE",
    "SHARE_BELOW_THRESHOLD": "la part d'activité couverte est sous le seuil",
    "TOO_FEW_ESTABLISHMENTS": "trop peu d'établissements remplissent l'objectif",
    "SUPPORT_NOT_MET": "l'établissement support ne remplit pas l'objectif",
    "NEEDS_DECISION": "une décision est attendue",
    "DECLARATION_TOO_LATE": "la déclaration est prévue après le dernier jour du programme",
    "NOT_DECLARED": "un fait attendu n'est pas déclaré",
    "CONDITION_NOT_MET": "une condition n'est pas remplie",
    "OUTSIDE_WINDOW": "le jour déclaré est hors de la période admise",
    "PROOF_MISSING": "un justificatif manque",
    "PLANNED": "c'est prévu, pas encore fait",
    "SHARED_WITHOUT_SINGLE_SI": "un exercice partagé demande un SI unique et la participation de chaque direction",
    "MILESTONE_TOO_LATE": "le jalon vient après l'échéance des 18 mois",
    "CHOICE_INVALID": "le choix des objectifs facultatifs n'est pas admissible (trois au moins, E, F et G ensemble)",
    "NOT_ELIGIBLE": "les conditions d'éligibilité ne sont pas réunies",
    "PHASE_START_TOO_EARLY": "le début de phase est antérieur à l'ouverture du programme",
    "PHASE_START_TOO_LATE": "le début de phase est postérieur au dernier jour admis",
}
_LISTED = 16


def meant(near: str) -> str:
    """Return the end of a sentence about an unknown word: the known one that was probably meant."""
    return f" ; vouliez-vous dire « {near} » ?"


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Return the end of a sentence about an unknown word: the nearest known one, else those known when they are few."""
    near = nearest(word, known)
    if near is not None:
        return meant(near)
    if not known:
        return " (il n'y en a aucun)"
    return f" ; possibles : {', '.join(sorted(known))}" if len(known) <= _LISTED else ""


def counted(count: int, one: str, several: str | None = None) -> str:
    """Return a count and what it counts, in the singular or the plural (an `s` unless told otherwise)."""
    return f"{count} {(several or f'{one}s') if count > 1 else one}"


def listed(items: Sequence[str], most: int | None = None, by: str = ", ") -> str:
    """Return items in one phrase, all of them (`a, b et c`) or the first `most` and how many more there are."""
    if most is None:
        return f"{by.join(items[:-1])} et {items[-1]}" if len(items) > 1 else "".join(items)
    more = len(items) - most
    return by.join(items[:most]) + (f" et {counted(more, 'autre')}" if more > 0 else "")


def day(value: date) -> str:
    """Return a date as French people write it: `1er août 2026`."""
    return f"{'1er' if value.day == 1 else value.day} {_MONTHS[value.month - 1]} {value.year}"


def span(first: date, last: date) -> str:
    """Return the days from one to another, or the only one: `du 1er mars 2026 au 2 avril 2026`, `le 1er mars 2026`."""
    return f"le {day(first)}" if first == last else f"du {day(first)} au {day(last)}"


def by_when(advised: date, last: date, today: date) -> str:
    """Return when to do what is advised on a day and safe until another, never in the past."""
    if last < today:
        return f"{LATE} (dernier jour prudent : {day(last)})"
    if last == today:
        return "à faire aujourd'hui au plus tard"
    if advised <= today:
        return f"à faire dès maintenant, au plus tard le {day(last)}"
    return f"conseillé le {day(advised)}, au plus tard le {day(last)}"


def at_the_latest(last: date, today: date) -> str:
    """Return by when at the latest, as it stands today."""
    if last < today:
        return LATE
    return "aujourd'hui au plus tard" if last == today else f"au plus tard le {day(last)}"


def moment(value: datetime) -> str:
    """Return an instant to the minute, in the zone it carries."""
    return f"{day(value)} à {value:%H h %M}"


def reason(code: str) -> str:
    """Return what a reason code of the assessment means."""
    return _REASONS.get(code, code)


def verdict(code: str) -> str:
    """Return how a verdict is said."""
    return _VERDICTS.get(code, code)

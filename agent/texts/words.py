"""The words that every surface shares: days, verdicts and what the reason codes mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    "NOT_ENOUGH_AUDITS": "il n'y a pas encore deux audits",
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
    "CHOICE_INVALID": "le choix des objectifs facultatifs n'est pas admissible",
    "NOT_ELIGIBLE": "les conditions d'éligibilité ne sont pas réunies",
    "PHASE_START_TOO_EARLY": "le début de phase est antérieur à l'ouverture du programme",
    "PHASE_START_TOO_LATE": "le début de phase est postérieur au dernier jour admis",
}


def day(value: date) -> str:
    """Return a date as French people write it: `1er août 2026`."""
    return f"{'1er' if value.day == 1 else value.day} {_MONTHS[value.month - 1]} {value.year}"


def span(first: date, last: date) -> str:
    """Return the days from one to another, or the only one: `du 1er mars 2026 au 2 avril 2026`, `le 1er mars 2026`."""
    return f"le {day(first)}" if first == last else f"du {day(first)} au {day(last)}"


def moment(value: datetime) -> str:
    """Return an instant to the minute, in the zone it carries."""
    return f"{day(value)} à {value:%H h %M}"


def reason(code: str) -> str:
    """Return what a reason code of the assessment means."""
    return _REASONS.get(code, code)


def verdict(code: str) -> str:
    """Return how a verdict is said."""
    return _VERDICTS.get(code, code)

"""What each value of a reading says, in French: the answer to the question that the programme's file asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.domain.programme import ReadingValue

_ANSWERS: Mapping[str, Mapping[ReadingValue, str]] = {
    "mean_mode": {"edges": "bords de la phase compris", "between": "entre les audits seulement"},
    "mean_cmp": {"lt": "non, strictement moins", "le": "oui"},
    "gap_cmp": {"lt": "non, strictement moins", "le": "oui"},
    "ads_gap": {"apply": "oui", "phase_mean_only": "non, seule la moyenne compte"},
    "first_audit": {
        "start_plus_60d": "60 jours après le début",
        "start_plus_2m": "deux mois après le début",
        "absolute": "le jour écrit dans le texte",
    },
    "lost_report": {"not_counted": "non", "counted": "oui"},
    "cvss9": {"ge": "oui", "gt": "non, seulement au-dessus de 9,0"},
    "high_recurrence": {"blocking": "oui, elle bloque", "ignored": "non"},
    "o2b_coverage": {"full": "toute la surface", "flex": "une part de l'activité"},
    "d1_interval": {
        "strict_2months": "deux mois au plus chacun",
        "tolerance": "une moyenne tolérée",
        "each_60d": "60 jours au plus chacun",
    },
    "silene_in_sequence": {"ignored": "non, il est ignoré", "blocking": "oui"},
    "support_counts": {True: "oui", False: "non"},
    "migration": {"chain": "oui", "separate": "non, chacun à part"},
    "d1_phase_end": {"declaration": "à la déclaration", "control": "au contrôle"},
    "convergence_from": {
        "order_published": "la publication de l'arrêté",
        "applications_close": "la clôture des candidatures",
        "declarations_close": "la clôture des déclarations",
    },
    "p3_engaged": {"all": "tous ceux qui sont choisis", "three": "trois suffisent"},
}

_TOPICS = {
    "mean_mode": "bords de la phase dans l'intervalle moyen",
    "mean_cmp": "60 jours exactement en moyenne",
    "gap_cmp": "100 jours exactement entre deux audits",
    "ads_gap": "maximum de 100 jours pour les audits ADS",
    "first_audit": "dernier jour du premier audit",
    "lost_report": "audit dont le rapport est perdu",
    "cvss9": "vulnérabilité notée 9,0",
    "high_recurrence": "vulnérabilité de 7 à 9 revue à l'audit suivant",
    "o2b_coverage": "toute la surface ou une part de l'activité",
    "d1_interval": "tolérance sur les deux mois",
    "silene_in_sequence": "audit SILENE après les audits industriels",
    "support_counts": "place de l'établissement support dans le compte",
    "migration": "audits de l'ancien et du nouvel annuaire",
    "d1_phase_end": "fin de la phase",
    "convergence_from": "départ des 18 mois de la convergence",
    "p3_engaged": "objectifs facultatifs à atteindre",
}


def topic(reading: str) -> str:
    """Return in a few words what a reading is about; its name for one that has no words yet."""
    return _TOPICS.get(reading, reading)


def answer(reading: str, value: ReadingValue) -> str:
    """Return how a value answers the reading's question; the value itself for one that has no words yet."""
    return _ANSWERS.get(reading, {}).get(value, str(value))

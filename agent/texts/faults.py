"""What is wrong with what people write, in French."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.domain.declaration import Bearer
from agent.domain.fault import What
from agent.texts.words import did_you_mean, meant

if TYPE_CHECKING:
    from agent.domain.fault import Fault

_WORDS = {
    What.NOT_A_DAY: "« {written} » n'est pas un jour : écrivez 2026-03-14, 14/03/2026 ou 14 mars 2026, sans heure",
    What.SHORT_YEAR: "« {written} » : écrivez l'année sur quatre chiffres",
    What.NO_SUCH_DAY: "le « {written} » n'existe pas dans le calendrier",
    What.IMPOSSIBLE_YEAR: "l'année {year} n'est pas possible : entre {first} et {last}",
    What.TO_COME: "le {day:%d/%m/%Y} est à venir : ce champ dit ce qui a eu lieu",
    What.AMBIGUOUS_AMOUNT: "« {written} » est ambigu (milliers ou décimales ?) : écrivez par exemple 1234,00",
    What.LONG_FRACTION: "« {written} » a plus de deux décimales : écrivez par exemple 1234,56",
    What.NOT_AN_AMOUNT: "« {written} » n'est pas un nombre : écrivez par exemple 1234,56",
    What.NOT_A_NUMBER: "ce n'est pas un nombre : écrivez par exemple 1234,56",
    What.FOREIGN_CURRENCY: "le montant est en « {currency} » : convertissez-le en euros",
    What.EXCESSIVE: "le montant est démesuré",
    What.NOT_WHOLE: "« {written} » n'est pas un nombre entier positif ou nul : écrivez 43",
    What.NEGATIVE: "« {written} » est négatif : un nombre positif ou nul est attendu",
    What.TOO_LARGE: "{number} est trop grand : {most} au plus",
    What.PART_OVER_WHOLE: "{part} dépasse « {label} » ({whole}), dont c'est une part",
    What.NOT_A_TEXT: "un texte est attendu",
    What.EMPTY_TEXT: "le texte est vide",
    What.LONG_TEXT: "le texte dépasse {most} caractères",
    What.COMMAND_SIGNS: "le texte porte des caractères de commande ou invisibles : retapez-le",
    What.PRIVATE_KEY: "c'est une clé privée : elle ne s'écrit jamais ici, considérez-la comme compromise",
    What.ONE_VALUE: "une seule valeur est attendue",
    What.EMPTY_LIST: "la liste est vide",
    What.LONG_LIST: "la liste dépasse {most} éléments",
    What.NOT_A_CHOICE: "« {written} » n'est pas un choix",
    What.NOT_YES_NO: "« {written} » : répondez par oui ou par non",
    What.UNKNOWN_KIND: "« {written} » ne se déclare pas",
    What.UNKNOWN_FIELD: "ce champ n'existe pas",
    What.FIELD_REQUIRED: "ce champ est obligatoire : {label}",
    What.SAYS_NOTHING: "cette déclaration ne dit rien : donnez au moins un champ ou une pièce",
    What.UNKNOWN_ID: "« {written} » est inconnu",
    What.UNKNOWN_AUDIT: "« {written} » est inconnu ; la liste : carenage evidence list",
    What.NO_SURFACE: "cette déclaration ne porte pas sur une surface",
    What.ABOUT_ANOTHER: "« {kind} » porte sur {bearer}",
    What.ESTABLISHMENTS_REQUIRED: "nommez les établissements que la décision concerne",
    What.DIRECTORY_REQUIRED: "nommez l'annuaire concerné",
    What.NOT_ENTRA_ONLY: "« {written} » n'est pas un annuaire Entra ID seul (kind = {kind})",
    What.FINDING_REQUIRED: "nommez la vulnérabilité ; ses identifiants : carenage evidence show PREUVE --json",
    What.UNKNOWN_FINDING: "« {written} » n'est une vulnérabilité élevée ou critique d'aucun rapport du coffre ; "
    "ses identifiants : carenage evidence show PREUVE --json",
    What.UNKNOWN_PROGRAMME: "« {written} » n'est pas configuré",
    What.PROGRAMME_REQUIRED: "dites pour quel programme : {among}",
    What.READING_REQUIRED: "nommez l'interprétation ; possibles : {among}",
    What.UNKNOWN_READING: "« {written} » est inconnue",
    What.NOT_ADMITTED: "« {said} » n'est pas admis pour {reading}",
    What.SAID_TWICE: "dit deux fois la même chose que {earlier}, ou la contredit : gardez l'une des deux",
    What.FILE_REQUIRED: "il faut la pièce : {label}",
    What.NO_PATH: "il faut le chemin d'un fichier",
    What.NO_FILES: "cette déclaration n'attend pas de pièce",
    What.UNKNOWN_SLOT: "cette pièce n'existe pas",
    What.SLOT_REQUIRED: "dites de quelle pièce il s'agit, PIÈCE={path} ; possibles : {among}",
}
_BEARERS = {
    Bearer.CANDIDATE: "le candidat entier : ne nommez ni établissement ni annuaire",
    Bearer.ESTABLISHMENT: "des établissements",
    Bearer.DIRECTORY: "un annuaire",
    Bearer.FINDING: "une vulnérabilité",
    Bearer.READING: "l'interprétation d'un texte",
}


def sentence(fault: Fault) -> str:
    """Return what is wrong and what to write, without capital nor full stop."""
    values: dict[str, Any] = {**fault.values}
    values["bearer"] = _BEARERS.get(values.get("bearer", Bearer.CANDIDATE))
    values["among"] = ", ".join(values.get("among", ()))
    text = _WORDS[fault.what].format_map(values)
    if near := values.get("near"):
        text += meant(near)
    elif "known" in values:
        text += did_you_mean(str(values["written"]), values["known"])
    if values.get("is_bare"):
        text += ", sans unité"
    return f"{text} ({values['of']})" if "of" in values else text

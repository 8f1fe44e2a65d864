"""Writes the first configuration: valid as it is, and plain about what a person still has to confirm."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from agent.domain.deadlines import add_months
from config.example import toml_literal
from config.programme_files import load_programme

TO_CONFIRM = "À CONFIRMER"
_MONTHS_A_YEAR = 12
_UNDECIDED = """ Tant qu'aucun annuaire ni aucune
# surface n'est déclaré, les objectifs restent « à risque » : une décision est attendue."""
_AUDITED = """
# Vos annuaires, puis ce que vous exposez sur Internet :
# [[directories]]
# id = "ad-principal"
# name = "Forêt principale"
# establishments = [{establishment}]
# kind = "onprem"
#
# [[surfaces]]
# id = "internet"
# name = "Accès Internet"
# establishments = [{establishment}]
# names = ["www.exemple.fr"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAnswers:
    """What a first configuration is made of; paths are absolute."""

    candidate_id: str
    candidate_name: str
    candidate_type: str
    finess: str | None
    programme: str
    phase_start: date
    phase_start_is_known: bool
    vault: Path
    state: Path
    inbox: Path
    recipients: Sequence[str]


def earliest_phase_start(programme: str) -> date:
    """
    Return the first day on which a phase of `programme` may start: due dates then come early rather than late.

    Raises ConfigurationError for an unknown programme.
    """
    return load_programme(programme).window.opens_on


def slug_of(name: str) -> str:
    """Return an identifier made from a name: `ch-de-saint-brieuc`; `candidat` when nothing is left of it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].strip("-") or "candidat"


def is_start_fixed(programme: str) -> bool:
    """Return whether every phase of `programme` starts on the same day; raises ConfigurationError as above."""
    window = load_programme(programme).window
    return window.opens_on == window.closes_on


def is_audited(programme: str) -> bool:
    """Return whether `programme` asks for audits of directories and surfaces; raises ConfigurationError as above."""
    return bool(load_programme(programme).objectives)


def days_to_confirm(answers: FirstAnswers) -> list[str]:
    """Return the programme's days that the file can only guess: `phase_start`, `declaration`."""
    guessed = {
        "phase_start": not answers.phase_start_is_known and not is_start_fixed(answers.programme),
        "declaration": load_programme(answers.programme).last_day is None,
    }
    return [name for name, is_guessed in guessed.items() if is_guessed]


def first_configuration(answers: FirstAnswers) -> str:
    """Return the file's text."""
    literal = toml_literal
    doubts = days_to_confirm(answers)
    doubt = f"  # {TO_CONFIRM} : la date déclarée à l'autorité" if "phase_start" in doubts else ""
    declaration = ""
    if "declaration" in doubts:
        planned = literal(add_months(answers.phase_start, _MONTHS_A_YEAR))
        declaration = f"declaration = {planned}  # {TO_CONFIRM} : ce programme n'a pas de date de fin\n"
    finess = f"finess = {literal(answers.finess)}" if answers.finess else '# finess = "010000008"'
    support = "true" if answers.candidate_type == "GHT" else "false"
    undecided = audited = ""
    if is_audited(answers.programme):
        undecided = _UNDECIDED
        audited = _AUDITED.format(establishment=literal(answers.candidate_id))
    recipients = "\n".join(f"    {literal(key)}," for key in answers.recipients)
    return f"""\
# Configuration de Carénage. Toutes les clés possibles : « carenage config example ».
# Après chaque changement : « carenage config check ».

version = 1

[candidate]
# Choisi une fois : chaque preuve scellée porte cet identifiant.
id = {literal(answers.candidate_id)}
name = {literal(answers.candidate_name)}
type = {literal(answers.candidate_type)}
{finess}

[[programmes]]
id = {literal(answers.programme)}
phase_start = {literal(answers.phase_start)}{doubt}
{declaration}
# {TO_CONFIRM} : un bloc par établissement, avec son activité combinée.{undecided}
[[establishments]]
id = {literal(answers.candidate_id)}
name = {literal(answers.candidate_name)}
activity = 1
support = {support}
{audited}
[vault]
path = {literal(answers.vault)}
# Clés publiques : celle du RSSI et une clé de secours. Les clés privées restent hors de ce serveur.
recipients = [
{recipients}
]

[state]
path = {literal(answers.state)}

[inbox]
path = {literal(answers.inbox)}
"""

"""How the pieces of a file are told: where each goes, why it is missing, what to do."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from agent.domain.display import printable
from agent.domain.pieces import Entries, Status, Why
from agent.domain.programme import Channel, Origin
from agent.texts.sources import cited
from agent.texts.words import counted, day, listed, span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agent.domain.pieces import PieceState

_LISTED = 6
_TWO = 2
_CHANNELS = {
    Channel.ZED: "eCaRE, dans le conteneur ZED",
    Channel.ECARE: "eCaRE, sans conteneur",
    Channel.OSIS: "oSIS, par saisie",
    Channel.FINANCE_ZIP: "eCaRE, en clair ou en ZIP protégé par mot de passe",
    Channel.DESK: "guichet de déclaration",
}
_CARE = {
    Channel.ZED: "Ces pièces sont sensibles : jamais hors du conteneur. Son mot de passe ne s'écrit nulle part, "
    "et Carénage ne le garde pas (D1bis, Q/R 4.1 et 4.2).",
    Channel.ECARE: "À déposer telles quelles, dans l'espace de l'objectif : les espaces ZED sont ceux de O1 et O2 "
    "(déduit de D1bis, Q/R 4.2). Aucun rapport d'audit n'y a sa place.",
    Channel.OSIS: "Rien à déposer quand la saisie est faite ; le fichier Excel de l'ANS ne sert que si l'oSIS "
    "est indisponible (D1bis, Q/R 3.30).",
    Channel.FINANCE_ZIP: "Sans passer par le référent : les RH ou la DAF font un ZIP protégé par mot de passe, le "
    "déposent, et envoient le mot de passe au service financier de l'ANS avec le numéro NRU (D1bis, Q/R 2.15).",
    Channel.DESK: "À déposer sur le guichet de déclaration de l'appel à projets, dans l'espace de l'objectif.",
}
_WHY = {
    Why.NOTHING_TO_AUDIT: "rien n'est déclaré à auditer",
    Why.NOT_COLLECTED: "pas encore collecté",
    Why.NO_COLLECTOR: "pas encore collecté",
    Why.COLLECTED_IN_PART: "collecte partielle",
    Why.NO_ENTRY: "aucune entrée connue",
    Why.LIST_IN_PART: "une source n'a pas tout donné, et rien n'est configuré",
    Why.DESTROYED: "la preuve a été détruite, elle n'est plus dans le coffre",
    Why.NOT_DECLARED: "pas encore déclaré",
    Why.NOT_CHOSEN: "aucun choix n'est encore déclaré",
    Why.NO_FILE: "déclaré, mais aucun fichier n'est joint",
    Why.ALTERNATIVE: "une autre pièce en tient lieu",
    Why.WITHOUT: "pas demandée, d'après ce qui est déclaré",
    Why.ADVISED: "conseillée, pas exigée",
}
_MARKS = {
    Status.PRESENT: "✔",
    Status.MISSING: "✘",
    Status.INVALID: "!",
    Status.TO_SETTLE: "!",
    Status.LOST: "!",
    Status.NOT_NEEDED: "–",
}
_INSTEAD = {
    Why.NOTHING_TO_AUDIT: "Décrivez les annuaires et les surfaces dans la configuration, puis : carenage config check.",
    Why.DAMAGED: "Restaurez le dépôt depuis une copie du coffre, ou déposez de nouveau le fichier ; "
    "pour savoir lesquels sont touchés : carenage vault verify --all.",
}
_TO_JOIN = {Why.NO_FILE, Why.DESTROYED}


def mark(status: Status) -> str:
    """Return the sign of a status: ✔ stands, ✘ missing, ! there but not what is asked."""
    return _MARKS[status]


def channel(value: Channel) -> str:
    """Return where a piece goes."""
    return _CHANNELS[value]


def care(value: Channel) -> str:
    """Return what to be careful about on a channel."""
    return _CARE[value]


def about(state: PieceState, names: Mapping[str, str]) -> str:
    """Return whom a piece is about, by name; empty for the candidate as a whole."""
    return ", ".join(printable(names.get(subject, subject)) for subject in state.subjects)


def situation(state: PieceState, names: Mapping[str, str]) -> str:
    """Return a piece and what is so with it, on one line: what the dossier calls it when it is missing."""
    if _is_report(state):
        said = f"à confirmer : {state.todo}" if state.todo else why(state)
        return _joined(_label(state), report_title(state, names), said)
    return _joined(_label(state), about(state, names), why(state))


def todo(state: PieceState) -> str:
    """Return what to do for a piece that is missing."""
    if state.closed_on is not None:
        return f"Trop tard : le dernier jour du programme était le {day(state.closed_on)}."
    if state.todo is not None:
        return f"À confirmer : {state.todo}"
    if state.why in _TO_JOIN and "declaration" in state.values:
        piece = state.piece
        command = f"carenage declare {piece.fact} --replaces {state.values['declaration']} --file {piece.slot}=FICHIER"
        return f"Joignez le fichier à la déclaration : {command}"
    if state.why is Why.TOO_FEW_REPORTS:
        return f"{_audits_to_make(state)} Pour un audit déjà fait : {state.piece.todo}"
    if state.why is Why.NO_COLLECTOR:
        return (
            'Ajoutez à la configuration, pour chaque annuaire, un [[collectors]] avec kind = "ldap" et son directory '
            f"(modèle : carenage config example). {state.piece.todo}"
        )
    if state.why is Why.NOT_CHOSEN:
        return (
            f"Choisissez-les tout de suite, les pièces en dépendent : carenage declare {state.piece.fact} "
            f"--set chosen=LETTRE,LETTRE,LETTRE (les choix : carenage declare kinds {state.piece.fact})."
        )
    return _INSTEAD.get(state.why, state.piece.todo)


def _audits_to_make(state: PieceState) -> str:
    is_last = state.values["count"] == _TWO - 1 or state.values["least"] == 1
    match state.values["tools"]:
        case ("ADS",):
            kind = "ADS"
        case ("INDUSTRIAL",):
            kind = "industriel" if is_last else "industriels"
        case _:
            kind = "d'exposition"
    return f"Faites réaliser {'un audit' if is_last else 'deux audits'} {kind}."


def why(state: PieceState) -> str:
    """Return what is so with a piece, in a few words; nothing for one that simply stands."""
    values = state.values
    match state.why:
        case Why.TOO_FEW_REPORTS:
            return f"{values['count']} sur {values['least']} au moins"
        case Why.DAMAGED:
            return f"dépôt {state.evidence[0]} illisible : {printable(str(values['damage']), longest=300)}"
        case Why.AWAITS_A_PERSON:
            return "à confirmer avant de compter"
        case Why.NOT_AS_ASKED:
            return f"ne convient pas : {values['condition']}" if "condition" in values else "saisie incomplète"
        case Why.WRONG_FILE:
            return f"« {printable(str(values['file']))} » n'est pas la preuve attendue"
        case Why.NO_REPORT if isinstance(until := values["until"], date):
            return f"collecte faite, rapport pas encore déposé ; le service ADS le garde jusqu'au {day(until)}"
        case Why.REPORT_GONE if isinstance(until := values["until"], date):
            return (
                f"rapport perdu : le service ADS ne le garde plus (téléchargeable jusqu'au {day(until)}), "
                "cet audit ne peut plus être prouvé"
            )
        case Why.HELD if isinstance(found := values.get("entries"), Entries):
            return _entries(found)
    return _WHY.get(state.why, "")


def report_title(state: PieceState, names: Mapping[str, str]) -> str:
    """Return the title of an audit report: what was audited, its score, its day."""
    (evidence,) = state.evidence
    if not state.values["is_read"]:
        return f"dépôt {evidence}, jamais lu"
    if state.piece.origin is Origin.ADS_REPORTS:
        score = state.values["score"]
        said = f", score {score:g}".replace(".", ",") if isinstance(score, float | int) else ""
        whose = f"de {about(state, names)}" if state.subjects else "d'un annuaire inconnu"
        title = f"rapport ADS {whose}{said}"
    else:
        title = f"audit d'exposition {printable(str(state.values['name']))}"
    return f"{title}, {_day(state.dated_on) or 'sans date'}"


def as_json(state: PieceState, names: Mapping[str, str]) -> dict[str, object]:
    """Return a piece as the commands and the dossier's index give it."""
    return {
        "objective": state.objective,
        "piece": state.piece.id,
        "label": state.piece.label,
        "channel": state.piece.channel.value,
        "where": channel(state.piece.channel),
        "subjects": list(state.subjects),
        "status": state.status.value,
        "reason": state.why.value,
        "why": situation(state, names),
        "evidence": list(state.evidence),
        "dated_on": state.dated_on,
        "todo": todo(state) if state.is_missing else None,
        "source": cited(state.piece.sources),
    }


def summary(states: Iterable[PieceState]) -> str:
    """Return how many pieces stand and how many are missing, in one sentence."""
    counts = Counter("missing" if state.is_missing else state.status.value for state in states)
    missing, present = counts["missing"], counts[Status.PRESENT.value]
    if not missing:
        return f"Rien ne manque : {counted(present, 'pièce présente', 'pièces présentes')}."
    return (
        f"Il manque {counted(missing, 'pièce', 'pièces')} ; {counted(present, 'pièce présente', 'pièces présentes')}."
    )


def unread(count: int) -> str:
    """Return what deposits that the index has not seen mean for the list."""
    return (
        f"{counted(count, 'dépôt que', 'dépôts que')} l'index n'a pas lu{'s' if count > 1 else ''} : "
        "ce qu'ils prouvent peut sembler manquer. À faire : carenage vault reindex --identity CLÉ"
    )


def lines(states: Sequence[PieceState], names: Mapping[str, str]) -> list[str]:
    """
    Return one objective's pieces as lines: those alike on one line, each missing one with what to do.

    Where all of them go the same way, that is said once, first.
    """
    channels = {state.piece.channel for state in states}
    found = [f"{channel(one)} :" for one in channels] if len(channels) == 1 else []
    alike: dict[object, list[PieceState]] = {}
    for state in states:
        if state.why is not Why.ALTERNATIVE:
            alike.setdefault(_likeness(state), []).append(state)
    groups = list(alike.values())
    for group in groups:
        first = group[0]
        where = f" [{channel(first.piece.channel)}]" if len(channels) > 1 else ""
        source = f" ({cited(first.piece.sources)})" if first.is_missing and first.piece.sources else ""
        found.append(_line(group, names) + where + source)
        together = [one[0] for one in groups if _is_one_declaration(one[0], first)]
        if len(together) > 1 and first.closed_on is None:
            # One record for all of them: a second one would supersede the first, and its files.
            if first is together[-1]:
                found.append(f"    → {_in_one_record(together)}")
        elif first.is_missing and first.closed_on is None:
            found.append(f"    → {todo(first)}")
    return found


def _is_one_declaration(one: PieceState, other: PieceState) -> bool:
    """Return whether two pieces are given by one declaration that nobody has made yet."""
    return (
        one.why is other.why is Why.NOT_DECLARED
        and one.is_missing
        and one.piece.slot is not None
        and other.piece.slot is not None
        and (one.piece.fact, one.subjects) == (other.piece.fact, other.subjects)
    )


def _in_one_record(states: Sequence[PieceState]) -> str:
    fact = states[0].piece.fact
    files = " ".join(f"--file {state.piece.slot}=FICHIER" for state in states)
    return (
        f"Déclarez-les ensemble : carenage declare {fact} {files} (les champs à dire : carenage declare kinds {fact})."
    )


def _likeness(state: PieceState) -> object:
    """Return what two states share that are told on one line."""
    is_alone = _is_report(state) and state.status is not Status.PRESENT
    return (
        state.piece.id,
        state.status,
        state.why,
        state.values.get("until"),
        state.values.get("condition"),
        state.values.get("count"),
        state.values.get("is_recorded"),
        state.evidence if is_alone or state.why is Why.DAMAGED else None,
    )


def _entries(found: Entries) -> str:
    """Return how many entries a list has, where they come from, and what to check."""
    counts = ((found.configured, "de la configuration"), (found.read, "dans les listes lues"))
    origins = [f"{count} {where}" for count, where in counts if count]
    said = f"{counted(found.count, 'entrée', 'entrées')} ({', '.join(origins)})"
    return f"{said} ; une source n'a pas tout donné : vérifiez la liste" if found.in_part else said


def _line(group: Sequence[PieceState], names: Mapping[str, str]) -> str:
    first = group[0]
    head = f"{mark(first.status)} {_label(first)}"
    days = sorted(one.dated_on for one in group if one.dated_on)
    if _is_report(first) and first.status is Status.PRESENT:
        return f"{head} : {counted(len(group), 'rapport', 'rapports')}, {_span(days)}"
    if _is_report(first):
        return f"{head} : {report_title(first, names)} ; {why(first)}"
    if first.why is Why.TOO_FEW_REPORTS:
        return f"{head} : {listed([f'{about(one, names)} ({why(one)})' for one in group], _LISTED)}"
    subjects = dict.fromkeys(subject for one in group for subject in one.subjects)
    whom = listed([printable(names.get(subject, subject)) for subject in subjects], _LISTED)
    is_dated = bool(days) and (first.status is not Status.MISSING or first.why is Why.NO_REPORT)
    if is_dated and "is_recorded" in first.values:
        head += f", déclaré {span(date.fromisoformat(days[0]), date.fromisoformat(days[-1]))}"
    elif is_dated:
        head += f", {_span(days)}"
    return _joined(head, whom, why(first))


def _span(days: Sequence[str]) -> str:
    if days[0] == days[-1]:
        return _day(days[0])
    return f"du {_day(days[0])} au {_day(days[-1])}"


def _label(state: PieceState) -> str:
    others = state.values.get("or")
    if isinstance(others, tuple) and others:
        return " ; ou ".join((state.piece.label, *map(str, others)))
    return state.piece.label


def _is_report(state: PieceState) -> bool:
    return state.piece.origin in {Origin.ADS_REPORTS, Origin.EXPOSURE_REPORTS} and bool(state.evidence)


def _day(iso: str | None) -> str:
    return "" if iso is None else day(date.fromisoformat(iso))


def _joined(*parts: str) -> str:
    return " : ".join(part for part in parts if part)

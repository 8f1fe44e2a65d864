"""Every French sentence of the alerts: from codes and values to what people read."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from agent.alerts.interface import OutgoingItem, OutgoingMessage
from agent.domain.alert import GRAVEST_FIRST, OVERDUE, Alert, AlertKind, Change, Severity
from agent.domain.display import printable
from agent.domain.verdict import Verdict
from agent.texts.readings import topic
from agent.texts.words import day, moment, reason, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from agent.domain.alert import Transition

_LISTED = 10
_NO_DATE = "9999-12-31"

SEVERITIES: Mapping[Severity, str] = {
    Severity.CRITICAL: "Critique",
    Severity.WARNING: "À surveiller",
    Severity.INFO: "Information",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What people call things: establishments by slug, objectives by code. A missing one is shown as its key."""

    establishments: Mapping[str, str] = field(default_factory=dict)
    objectives: Mapping[str, str] = field(default_factory=dict)

    def establishment(self, slug: str) -> str:
        """Return the name of an establishment."""
        return printable(self.establishments.get(slug, slug))

    def objective(self, code: str) -> str:
        """Return an objective's code followed by its short title."""
        title = self.objectives.get(code)
        return f"{code} ({printable(title)})" if title else code


class Words(NamedTuple):
    """The three texts of an alert."""

    title: str
    body: str
    action: str


class Entry(NamedTuple):
    """One alert of a message: when it was raised, and whether its subject has moved on since."""

    alert: Alert
    raised_at: datetime
    outdated: bool


class _Order(NamedTuple):
    """What tells two items of a message apart, and the order they are shown in."""

    outdated: bool
    gravity: int
    due_on: str
    objective: str
    of_establishment: bool
    words: tuple[str, str, str]
    change: str


def compose(transition: Transition, *, source: str, names: Names) -> Alert:
    """Return the alert that tells `transition`, said by `source`."""
    condition = transition.condition
    words = _WORDS[condition.kind](transition, names)
    severity = Severity.INFO if transition.change is Change.RESOLVED else condition.severity
    return Alert(
        key=transition.key,
        kind=condition.kind,
        severity=severity or Severity.INFO,
        change=transition.change,
        source=source,
        subject=condition.subject,
        title=words.title,
        body=words.body,
        action=words.action,
        programme=condition.programme,
        objective=condition.objective,
        establishment=condition.establishment,
        due_on=None if transition.change is Change.RESOLVED else condition.due_on,
    )


def digest(
    entries: Iterable[Entry], *, sender: str, sent_at: datetime, names: Names, note: str | None = None
) -> OutgoingMessage:
    """Return the one message that tells all of `entries`, what still holds first, then gravest and soonest first."""
    grouped: defaultdict[_Order, list[Entry]] = defaultdict(list)
    for entry in entries:
        alert = entry.alert
        order = _Order(
            outdated=entry.outdated,
            gravity=GRAVEST_FIRST.index(alert.severity),
            due_on=alert.due_on.isoformat() if alert.due_on else _NO_DATE,
            objective=alert.objective or "",
            of_establishment=alert.establishment is not None,
            words=(alert.title, alert.body, alert.action),
            change=alert.change,
        )
        grouped[order].append(entry)
    items = tuple(_item(grouped[key], names, sent_at) for key in sorted(grouped))
    keys = sorted({entry.alert.key + entry.raised_at.isoformat() for group in grouped.values() for entry in group})
    return OutgoingMessage(
        id=hashlib.sha256("\n".join(keys).encode()).hexdigest()[:32],
        subject=_subject(items, sender),
        summary=_summary(items),
        items=items,
        sent_at=sent_at,
        sender=sender,
        note=note,
    )


def test_message(*, channel_id: str, sender: str, sent_at: datetime) -> OutgoingMessage:
    """Return what `carenage alerts test` sends."""
    return OutgoingMessage(
        id=hashlib.sha256(f"{channel_id}\n{sent_at.isoformat()}".encode()).hexdigest()[:32],
        subject=f"[Carénage] Essai du canal d'alerte – {printable(sender)}",
        summary="Ceci est un essai : le canal fonctionne, aucun objectif n'est concerné. Il n'y a rien à faire.",
        items=(),
        sent_at=sent_at,
        sender=sender,
        is_test=True,
    )


def instead_of(channel_id: str) -> str:
    """Return the note of a message that goes through another channel than its own."""
    return (
        f"Ce message passe par ce canal parce que le canal « {printable(channel_id)} » échoue depuis plusieurs essais. "
        "À vérifier : carenage alerts test."
    )


def _item(group: Sequence[Entry], names: Names, sent_at: datetime) -> OutgoingItem:
    alert = group[0].alert
    slugs = {entry.alert.establishment for entry in group} - {None}
    return OutgoingItem(
        severity=alert.severity,
        change=alert.change,
        title=alert.title,
        body=alert.body,
        action=alert.action,
        establishments=tuple(sorted(names.establishment(slug) for slug in slugs if slug)),
        due_on=alert.due_on,
        raised_at=min(entry.raised_at for entry in group).astimezone(sent_at.tzinfo),
        outdated=group[0].outdated,
    )


def _subject(items: Sequence[OutgoingItem], sender: str) -> str:
    current = [item for item in items if not item.outdated] or items
    others = f" (et {len(items) - 1} de plus)" if len(items) > 1 else ""
    return printable(
        f"[Carénage] {SEVERITIES[current[0].severity]} : {current[0].title}{others} – {sender}", longest=180
    )


def _summary(items: Sequence[OutgoingItem]) -> str:
    current = [item for item in items if not item.outdated] or items
    first = current[0]
    where = f" pour {', '.join(first.establishments[:3])}" if first.establishments else ""
    sentences = [f"{first.title}{where}."]
    if len(items) > 1:
        sentences.insert(0, f"{_counted(items)}. En premier :")
    dates = [item.due_on for item in current if item.due_on]
    if dates:
        sentences.append(f"Dernier jour sûr : {day(min(dates))}.")
    return " ".join(sentences)


def _counted(items: Sequence[OutgoingItem]) -> str:
    texts = {
        Severity.CRITICAL: ("{} point critique", "{} points critiques"),
        Severity.WARNING: ("{} point à surveiller", "{} points à surveiller"),
        Severity.INFO: ("{} information", "{} informations"),
    }
    counts = {severity: sum(item.severity is severity for item in items) for severity in GRAVEST_FIRST}
    return ", ".join(texts[severity][count > 1].format(count) for severity, count in counts.items() if count)


def _verdict(transition: Transition, names: Names) -> Words:
    condition = transition.condition
    objective = names.objective(condition.objective or "")
    if transition.change is Change.RESOLVED:
        return Words(f"{objective} : {_RESOLVED_VERDICTS[condition.state]}", "", "carenage status")
    lines = []
    if transition.before and transition.before.state != condition.state:
        lines.append(f"L'objectif était {verdict(transition.before.state)}.")
    reasons = [code for code in condition.values["reasons"] if code in condition.facets] or condition.values["reasons"]
    if reasons:
        lines.append(f"Pourquoi : {' ; '.join(reason(code) for code in reasons)}.")
    if condition.values["contested"]:
        topics = " ; ".join(topic(name) for name in condition.values["contested"])
        lines.append(
            "Les textes du programme admettent plusieurs lectures et le résultat en dépend "
            f"({topics}) : à faire trancher par l'ARS ou l'ANS."
        )
    return Words(f"{objective} : objectif {verdict(condition.state)}", _joined(*lines), "carenage status")


_RESOLVED_VERDICTS: dict[str, str] = {
    Verdict.MET: "objectif de nouveau atteint",
    Verdict.AT_RISK: "plus de défaut constaté, mais une échéance approche",
    Verdict.NOT_APPLICABLE: "objectif désormais sans objet",
}


def _due(transition: Transition, names: Names) -> Words:
    condition = transition.condition
    objective = names.objective(condition.objective or "")
    if transition.change is Change.RESOLVED or condition.due_on is None:
        return Words(f"{objective} : échéance tenue", "", "carenage plan")
    rung, left = condition.values["rung"], (condition.due_on - condition.values["as_of"]).days
    if rung == OVERDUE:
        return Words(
            f"{objective} : échéance dépassée depuis le {day(condition.due_on)}",
            "Chaque jour de plus peut faire perdre l'objectif.",
            "carenage plan",
        )
    when = {0: "aujourd'hui", 1: "demain"}.get(left, f"dans {left} jours")
    return Words(
        f"{objective} : à faire au plus tard le {day(condition.due_on)} ({when})",
        "Passé ce jour, l'objectif n'est plus assuré." if condition.values["verdict"] != Verdict.NOT_MET else "",
        "carenage plan",
    )


def _phase(transition: Transition, names: Names) -> Words:
    del names
    if transition.change is Change.RESOLVED:
        return Words("Les dates de la phase sont de nouveau dans les bornes du programme", "", "carenage status")
    return Words(
        "Les dates de la phase sortent des bornes du programme",
        f"Précisément : {' ; '.join(reason(code) for code in sorted(transition.condition.facets))}.",
        "carenage config check",
    )


def _collection(transition: Transition, names: Names) -> Words:
    del names
    values = transition.condition.values
    what = f"« {printable(values['job'])} »" + (f" ({printable(values['subject'])})" if values["subject"] else "")
    command = f"carenage collect {printable(values['job'])}" + (
        f" --subject {printable(values['subject'])}" if values["subject"] else ""
    )
    if transition.change is Change.RESOLVED:
        return Words(f"La collecte {what} fonctionne de nouveau", "", "carenage status")
    return Words(
        f"La collecte {what} échoue ou reste incomplète, {values['failures']} fois de suite",
        _joined(
            printable(values["message"], longest=400),
            "Ce qui n'est pas collecté n'est pas prouvé ; les essais continuent, de plus en plus espacés.",
        ),
        f"carenage doctor, puis {command}",
    )


def _login(transition: Transition, names: Names) -> Words:
    del names
    values = transition.condition.values
    return Words(
        "Un compte est refusé : plus aucune collecte ni envoi ne l'utilise",
        _joined(
            f"Compte {printable(values['account'])}, refusé le {moment(values['since'])} (UTC).",
            printable(values["why"], longest=400),
            "Réessayer le verrouillerait.",
        ),
        "changez le secret à sa source, ou, compte vérifié, forcez : carenage collect TÂCHE --force "
        "(pour un canal d'alerte : carenage alerts test --force)",
    )


def _vault(transition: Transition, names: Names) -> Words:
    del names
    if transition.change is Change.RESOLVED:
        return Words("Le coffre est de nouveau utilisable", "", "carenage vault verify")
    return Words(
        "Le coffre est inutilisable : la passe ne peut pas se faire",
        _joined(
            printable(transition.condition.values["problem"], longest=400),
            "Les fichiers déposés attendent, rien n'est perdu.",
        ),
        "rétablissez le dossier du coffre (disque, droits), puis carenage run",
    )


def _integrity(transition: Transition, names: Names) -> Words:
    del names
    if transition.change is Change.RESOLVED:
        return Words("Le coffre est de nouveau intègre", "", "carenage vault verify")
    return Words(
        "L'intégrité du coffre est atteinte",
        f"{_listed(transition.condition.facets)} Rien n'a été effacé ; la collecte continue.",
        "carenage vault verify --all, puis restaurez les dépôts touchés depuis une copie",
    )


def _configuration(transition: Transition, names: Names) -> Words:
    del names
    if transition.change is Change.RESOLVED:
        return Words("La configuration est de nouveau valable", "", "carenage config check")
    return Words(
        "La configuration est inutilisable : rien n'est collecté",
        _listed(transition.condition.facets),
        "carenage config check",
    )


def _held(transition: Transition, names: Names) -> Words:
    del names
    if transition.change is Change.RESOLVED:
        return Words("Plus aucun dépôt n'est retenu", "", "carenage vault verify")
    count = transition.condition.values["count"]
    return Words(
        f"{count} dépôt{'s' if count > 1 else ''} retenu{'s' if count > 1 else ''} : le journal attend une décision",
        "Les preuves sont chiffrées et gardées, mais ne comptent pas tant que le dommage du journal n'est pas accepté, "
        "avec un motif.",
        "carenage vault verify, puis, le dommage compris, carenage vault accept-damage",
    )


def _awaiting(transition: Transition, names: Names) -> Words:
    del names
    if transition.change is Change.RESOLVED:
        return Words("Plus aucun document n'attend de décision", "", "carenage status")
    count = len(transition.condition.facets)
    return Words(
        f"{count} document{'s' if count > 1 else ''} en attente d'une décision",
        f"{_listed(transition.condition.facets)} Tant que rien n'est décidé, ils comptent au mieux et au pire.",
        "carenage status, puis carenage inbox confirm IDENTIFIANT",
    )


def _clock(transition: Transition, names: Names) -> Words:
    del names
    if transition.change is Change.RESOLVED:
        return Words("L'horloge de la machine est revenue à l'heure", "", "carenage status")
    values = transition.condition.values
    return Words(
        "L'horloge de la machine a reculé",
        f"Il est {moment(values['now'])} (UTC), mais l'agent a déjà vu {moment(values['latest_seen'])} (UTC). "
        "Les échéances peuvent être fausses.",
        "vérifiez la synchronisation de l'heure (NTP), puis carenage status",
    )


def _state(transition: Transition, names: Names) -> Words:
    del names
    return Words(
        "La base d'état de l'agent était endommagée et a été recommencée",
        f"L'ancienne est gardée sous le nom {printable(transition.condition.values['file'])}. Aucune preuve n'est "
        "concernée ; des alertes déjà reçues peuvent revenir une fois.",
        "vérifiez le disque, puis carenage vault verify",
    )


def _channel(transition: Transition, names: Names) -> Words:
    del names
    channel = printable(transition.condition.values["channel"])
    command = f"carenage alerts test {channel}"
    if transition.change is Change.RESOLVED:
        return Words(f"Le canal « {channel} » atteint de nouveau tous ses destinataires", "", command)
    return Words(
        f"Le canal « {channel} » n'atteint pas tous ses destinataires",
        f"Refusés par le relais : {_listed(transition.condition.facets)} Les autres ont reçu le message.",
        f"corrigez les adresses du canal, puis {command}",
    )


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _listed(lines: Iterable[str]) -> str:
    ordered = [printable(line, longest=300).rstrip(".") for line in sorted(lines)]
    more = f" ; et {len(ordered) - _LISTED} autres" if len(ordered) > _LISTED else ""
    return f"{' ; '.join(ordered[:_LISTED])}{more}."


_WORDS: Mapping[AlertKind, Callable[[Transition, Names], Words]] = {
    AlertKind.VERDICT: _verdict,
    AlertKind.DUE: _due,
    AlertKind.PHASE: _phase,
    AlertKind.COLLECTION: _collection,
    AlertKind.LOGIN: _login,
    AlertKind.VAULT: _vault,
    AlertKind.INTEGRITY: _integrity,
    AlertKind.CONFIGURATION: _configuration,
    AlertKind.HELD: _held,
    AlertKind.AWAITING: _awaiting,
    AlertKind.CLOCK: _clock,
    AlertKind.STATE: _state,
    AlertKind.CHANNEL: _channel,
}

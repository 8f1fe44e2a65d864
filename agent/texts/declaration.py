"""How declarations are said in French, for every surface."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.domain.decided import reading_text, reading_values
from agent.domain.declaration import Bearer, FieldType
from agent.domain.declaration_outcome import Warn
from agent.texts.readings import answer, topic
from agent.texts.words import counted, day, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from agent.domain.declaration import Declaration, FactKind, Field, Value
    from agent.domain.declaration_outcome import Recorded
    from agent.domain.declaration_uses import Consequence, Use
    from agent.domain.programme import Programme

NOTHING = ("Rien n'est déclaré. Ce qui peut l'être : carenage declare kinds.",)
_NARROW_SPACE = "\u202f"
_GROUPED = 10_000
_BEARERS = {
    Bearer.CANDIDATE: "le candidat entier",
    Bearer.ESTABLISHMENT: "un ou plusieurs établissements (--establishment) ; sans précision, tous",
    Bearer.DIRECTORY: "un annuaire (--directory)",
    Bearer.FINDING: "une vulnérabilité (--finding, et --surface)",
    Bearer.READING: "l'interprétation d'un texte (--reading, et --programme)",
}
_WARNINGS = {
    Warn.NO_EVIDENCE: "aucune pièce n'est jointe : rien ne la prouve encore",
    Warn.REFUSED_FILE: "la déclaration compte, mais la pièce sera refusée : son nom dit facture, devis ou commande ; "
    "joignez ce que la pièce demande",
    Warn.HAS_UNITS: "sans effet tant qu'un annuaire ou une surface est configuré pour cet établissement",
    Warn.NOT_JUSTIFIED: "sans effet tant qu'elle n'est pas justifiée et étayée par le RSSI (justified=oui)",
    Warn.NOT_IN_REPORT: "sans effet tant que le rapport d'audit ne la mentionne pas (in_report=oui)",
    Warn.LATER_AUDITS_ONLY: "ne porte que sur les audits à partir d'aujourd'hui ; pour d'autres : --set audits=PREUVE",
    Warn.BEYOND_TEXTS: "les textes ne la proposent pas d'eux-mêmes : gardez la réponse de l'autorité",
    Warn.SAID_BEFORE: "une autre déclaration en vigueur raconte la même chose, du même jour",
    Warn.OVERWRITES: "une entrée du fichier remplace ce que quelqu'un a déclaré autrement",
}


_EXPECTED = {
    FieldType.YES_NO: "oui ou non",
    FieldType.DAY: "un jour",
    FieldType.WHOLE: "un nombre entier",
    FieldType.DECIMAL: "un nombre",
    FieldType.TEXT: "un texte",
    FieldType.CHOICE: "au choix : ",
    FieldType.CHOICES: "un ou plusieurs parmi : ",
    FieldType.TEXTS: "une liste, séparée par des virgules",
}


def expected(field: Field) -> str:
    """Return what a field takes."""
    return _EXPECTED[field.type] + ", ".join(field.choices)


def warning(code: Warn) -> str:
    """Return what a warning means."""
    return _WARNINGS[code]


def value(said: Value) -> str:
    """Return a declared value as French people write it."""
    if isinstance(said, bool):
        return "oui" if said else "non"
    if isinstance(said, date):
        return day(said)
    if isinstance(said, int | Decimal):
        grouped = f"{said:,}".replace(",", _NARROW_SPACE) if said >= _GROUPED else str(said)
        return grouped.replace(".", ",")
    return ", ".join(said) if isinstance(said, tuple) else said


def about(kind: FactKind) -> str:
    """Return what a kind of fact is about."""
    return _BEARERS[kind.bearer]


def subjects(one: Declaration, kind: FactKind, names: Mapping[str, str]) -> str:
    """Return whom or what a declaration is about; `names` are the establishments' and directories' by id."""
    if one.subjects:
        return ", ".join(names.get(subject, subject).replace("/", " : ") for subject in one.subjects)
    return "tous les établissements" if kind.bearer is Bearer.ESTABLISHMENT else "le candidat"


def fields(one: Declaration, kind: FactKind) -> list[str]:
    """Return each field of a declaration as a line; one that this release does not know is left aside."""
    return [f"{field.label} : {value(one.values[field.name])}" for field in kind.fields if field.name in one.values]


def recorded(one: Recorded, kind: FactKind, names: Mapping[str, str], *, dry_run: bool = False) -> Iterator[str]:
    """Yield what became of one request; `names` are the establishments' and directories' by id."""
    made = one.declaration
    what = f"{kind.label}, {subjects(made, kind, names)}"
    if one.place:
        what = f"{one.place} : {what}"
    if one.corrected_by is not None:
        yield f"{what} : passée, car {made.id}, qui disait la même chose, a été corrigée ou retirée depuis."
        yield f"  → si c'est à tort, déclarez-la à la main : carenage declare {made.fact} …"
        return
    if not one.is_new:
        yield f"{what} : déjà en vigueur ({made.id}), rien n'est scellé."
        return
    yield f"{what} : à enregistrer." if dry_run else f"{what} : déclaration scellée, {made.id}."
    overwritten = {older.id: older for older in one.overwritten}
    for older in one.supersedes:
        if older not in overwritten:
            yield f"  Remplace {older}, qui reste dans le coffre."
    for older, said in overwritten.items():
        yield f"  Attention : remplace {older} ({said.person}, {day(said.on)}), qui ne dit pas la même chose :"
        yield from (f"    {line}" for line in fields(said, kind))
        yield f"  → si celle-là est juste, corrigez {one.place} dans le fichier, puis rejouez-le."
    for other in one.contradicts:
        yield f"  Attention : ne dit pas la même chose que {other}, encore en vigueur pour le reste ou à côté."
        if not dry_run:
            yield f"  → si celle-là est fausse : carenage declare withdraw {other} --reason TEXTE"
    for other in one.repeats:
        yield f"  Attention : {other}, encore en vigueur, dit déjà la même chose, du même jour."
        if not dry_run:
            yield f"  → si c'est une correction, retirez l'autre : carenage declare withdraw {other} --reason TEXTE"
    for code in one.warnings:
        if code not in (Warn.OVERWRITES, Warn.SAID_BEFORE):
            yield f"  Attention : {warning(code)}."


def consequences(found: Sequence[Consequence], names: Mapping[str, str]) -> Iterator[str]:
    """Yield which objectives look at what was declared, where they stand and what they still lack."""
    if not found:
        yield "  Aucun objectif des programmes configurés n'en dépend."
    for one in found:
        stands = f", à ce jour {verdict(one.verdict)}" if one.verdict else ""
        yield f"  Sert à {one.use.objective} ({one.use.programme}), {one.use.label}{stands}."
        for label in one.missing:
            yield f"    il manque : {label}"
        if one.remaining:
            yield "    reste à acquérir ailleurs : " + ", ".join(names.get(unit, unit) for unit in one.remaining)


def listed(
    one: Declaration, kind: FactKind, names: Mapping[str, str], *, later: Declaration | None, is_in_force: bool
) -> Iterator[str]:
    """Yield a declaration of the history; `later` is what corrected or withdrew it."""
    said = "retrait" if one.withdrawn else kind.label
    yield f"{one.id}  {said}, {subjects(one, kind, names)} ({one.person}, {day(one.on)})"
    if one.withdrawn:
        yield f"    retire {one.replaces} : {one.reason or 'sans motif'}"
        return
    for line in fields(one, kind):
        yield f"    {line}"
    for slot, ids in one.evidence.items():
        yield f"    pièce {slot} : {', '.join(ids)}"
    if one.reason:
        yield f"    motif : {one.reason}"
    if one.replaces:
        yield f"    corrige {one.replaces}"
    if later is not None:
        yield f"    ✘ {'retirée' if later.withdrawn else 'corrigée'} par {later.id}, {later.person}, {day(later.on)}"
    elif not is_in_force:
        yield "    ✘ remplacée par une déclaration plus récente"


def described(kind: FactKind, used: Sequence[Use]) -> Iterator[str]:
    """Yield what a kind of fact takes, field by field; `used` are the objectives that look at it."""
    yield f"{kind.id} : {kind.label}"
    yield f"Porte sur {about(kind)}."
    yield "Plusieurs peuvent valoir à la fois." if kind.several else "La dernière déclaration remplace la précédente."
    if used:
        yield "Sert à : " + ", ".join(f"{use.objective} ({use.programme})" for use in used) + "."
    yield "Champs (--set CHAMP=VALEUR) :"
    for field in kind.fields:
        yield f"  {field.name}{' *' if field.required else ''} : {field.label} – {expected(field)}"
    if kind.slots:
        yield "Pièces (--file PIÈCE=FICHIER) :"
        for slot in kind.slots:
            yield f"  {slot.name}{' *' if slot.required else ''} : {slot.label}"
    if any(field.required for field in kind.fields) or any(slot.required for slot in kind.slots):
        yield "* obligatoire"


def readings(programmes: Iterable[Programme]) -> Iterator[str]:
    """Yield the readings that may be pinned for each programme, and what each of their values says."""
    for programme in programmes:
        options = f"--programme {programme.id} --reading NOM --set value=VALEUR"
        yield f"Interprétations de {programme.id} ({options}) :"
        for reading, values in sorted(reading_values(programme).items()):
            yield f"  {reading} : {topic(reading)}"
            yield from (f"    {reading_text(one)} : {answer(reading, one)}" for one in values)


def withdrawn(one: Declaration, again: Sequence[str]) -> Iterator[str]:
    """Yield what a withdrawal did; `again` are the ids of the records in force again."""
    yield f"Retrait scellé : {one.id}. {one.replaces} ne compte plus."
    for older in again:
        yield f"  De nouveau en vigueur : {older}, que cette déclaration remplaçait."


def counts(outcomes: Sequence[Recorded], *, dry_run: bool = False) -> Iterator[str]:
    """Yield how many entries of a file were recorded and passed."""
    new = sum(one.is_new for one in outcomes)
    one, several = ("à enregistrer",) * 2 if dry_run else ("enregistrée", "enregistrées")
    passed = counted(len(outcomes) - new, "passée")
    yield f"{counted(new, f'déclaration {one}', f'déclarations {several}')}, {passed}."


def partial(unknown: int) -> Iterator[str]:
    """Yield that the list is not whole: `unknown` deposits cannot be read."""
    what = counted(unknown, "dépôt y est illisible", "dépôts y sont illisibles")
    yield f"L'index a été reconstruit sans la clé : {what}, la liste est partielle."
    yield "→ carenage vault reindex --identity CLÉ"

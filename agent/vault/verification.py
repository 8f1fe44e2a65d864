"""Checking a whole vault, believing nothing it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.errors import IntegrityError
from agent.domain.journal import EntryType, Problem, VerifyReport
from agent.vault import bag, files, layout
from agent.vault.journal import CHECKPOINTS, JOURNAL, Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from agent.domain.journal import JournalEntry
    from agent.vault.journal import Reading

NEWEST_BYTES = 256 * 1024 * 1024
"""Without `all`, the newest payloads are read up to this many bytes."""
ROTATION_DAYS = 30
"""Without `all`, each older deposit is read one day in this many."""


def verify(
    root: Path,
    *,
    own_key: bytes | None,
    doubts: Callable[[Reading], Iterable[Problem]] | None,
    held: int,
    every_payload: bool,
    day: int,
) -> tuple[VerifyReport, tuple[Problem, ...]]:
    """
    Return the report, and the part of its problems that concerns the journal and its checkpoints.

    `own_key` is the agent's public key and `doubts` what its memory says, both None for a copy.
    """
    journal = Journal(root)
    state = journal.read(thorough=True)
    damage = list(state.problems)
    if doubts is not None and own_key is not None:
        damage.extend(problem for problem in doubts(state) if problem not in damage)
    else:
        damage.extend(_copy_doubts(state))
    if state.torn is not None:
        damage.append(Problem(where=state.torn.where, what="la dernière ligne est coupée"))
    deposits = _deposits(state.entries)
    problems = [*damage, *journal.foreign_files(), *_public_files(root, state)]
    problems.extend(_bags(root, deposits, every_payload=every_payload, day=day))
    report = VerifyReport(
        ok=not problems,
        deposits=len(deposits),
        journal_entries=state.size,
        problems=tuple(problems),
        unanchored_entries=state.size,
        held=held,
        accepted=tuple(state.accepted),
    )
    return report, tuple(damage)


def _copy_doubts(state: Reading) -> Iterator[Problem]:
    if not state.size:
        yield Problem(where=JOURNAL, what="le journal est vide ou absent")
    elif state.unsealed:
        yield Problem(
            where=f"{CHECKPOINTS}/{state.last_seq:08d}.note", what="le point de contrôle de la dernière ligne manque"
        )


def _deposits(entries: Iterable[JournalEntry]) -> dict[str, JournalEntry]:
    """Return the deposit lines in force by id."""
    deposits: dict[str, JournalEntry] = {}
    for entry in entries:
        deposit_id = entry.text("id")
        if deposit_id is None:
            continue
        if entry.type is EntryType.DEPOSIT:
            deposits[deposit_id] = entry
        elif entry.type is EntryType.DESTRUCTION:
            deposits.pop(deposit_id, None)
    return deposits


def _public_files(root: Path, state: Reading) -> Iterator[Problem]:
    try:
        if files.read_small(root / layout.DECLARATION, 1024) != f"{layout.FORMAT}\n".encode():
            yield Problem(where=layout.DECLARATION, what="la déclaration du format a changé")
    except IntegrityError as error:
        yield Problem(where=layout.DECLARATION, what=error.message)
    if state.recipients and layout.read_recipients(root) != state.recipients:
        yield Problem(
            where=layout.RECIPIENTS,
            what="les destinataires ne sont pas ceux que le journal a inscrits (les dépôts suivent le journal)",
        )
    try:
        text = files.read_small(root / layout.README, 1024 * 1024)
    except IntegrityError as error:
        yield Problem(where=layout.README, what=error.message)
        return
    if state.key is not None and str(state.key).encode() not in text:
        yield Problem(where=layout.README, what="la clé publique n'est pas celle du journal")


def _bags(
    root: Path,
    deposits: Mapping[str, JournalEntry],
    *,
    every_payload: bool,
    day: int,
) -> Iterator[Problem]:
    found = layout.scan(root)
    for path in found.strange:
        yield Problem(
            where=path.relative_to(root).as_posix(), what="n'est pas un dépôt (lien, fichier ou nom étranger)"
        )
    for unknown_id in sorted(set(found.bags) - set(deposits)):
        where = found.bags[unknown_id].relative_to(root).as_posix()
        yield Problem(where=where, what="le journal ne connaît pas ce dépôt, ou dit qu'il a été détruit")
    cache = bag.DigestCache()
    for deposit_id, entry in sorted(deposits.items(), reverse=True):
        if deposit_id not in found.bags:
            yield Problem(where=f"{bag.DEPOSITS}/{deposit_id}", what="dépôt inscrit au journal mais absent")
            continue
        path = found.bags[deposit_id]
        is_read = every_payload or cache.bytes_read < NEWEST_BYTES or (entry.seq + day) % ROTATION_DAYS == 0
        where = path.relative_to(root).as_posix()
        yield from bag.problems(path, where, expected=entry.text("bag"), payloads=is_read, cache=cache)

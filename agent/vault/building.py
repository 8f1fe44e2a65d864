"""Building a bag in `tmp/`, out of the lock, on a bench that says whether its builder still lives."""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from agent.domain.errors import IntegrityError, UsageError, VaultError
from agent.vault import bag, contents, files, payload
from agent.vault.layout import HELD_PREFIX, TMP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import date
    from pathlib import Path

    from agent.domain.evidence import EvidenceClass, RawEvidence
    from agent.vault.index import Index
    from agent.vault.payload import StoredPayload

logger = logging.getLogger(__name__)

SPARE_BYTES = 64 * 1024
SPARE_SHARE = 0.05
_BENCH_LOCK, _BENCH_PREFIX = "lock", "build-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What the caller says of a deposit as a whole."""

    evidence_class: EvidenceClass
    replaces: str | None = None
    reason: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltBag:
    """A bag built, encrypted and read back, not yet committed."""

    path: Path
    digest: str
    fields: bag.BagFields
    payloads: tuple[StoredPayload, ...]
    deduplicated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """Makes bags for `recipients`; deposits older than `since` were encrypted for others and are not linked to."""

    root: Path
    recipients: tuple[str, ...]
    since: int
    index: Index
    tag: Callable[[str], str]

    def build(
        self,
        path: Path,
        payloads: Sequence[RawEvidence],
        labels: Labels,
        day: date,
    ) -> BuiltBag:
        """Make the bag `path` of `payloads`. Raises CollectorError, VaultError, OSError."""
        for folder in (path, path / bag.DATA):
            folder.mkdir(mode=files.PRIVATE_FOLDER)
        stored: list[StoredPayload] = []
        tags: list[str] = []
        linked = 0
        for number, raw in enumerate(payloads, start=1):
            item = payload.store(raw.open, raw.name, path / bag.DATA / f"{number:04d}", self.recipients)
            tags.append(self.tag(item.sha256))
            known = self._known(tags[-1])
            if known is not None and (link := _replace_by_link(item, *known)) is not None:
                item = link
                linked += 1
            stored.append(item)
        described = list(zip(payloads, stored, strict=True))
        extra = {
            bag.CONTENTS: contents.describe(labels.evidence_class, described),
            bag.PLAIN_DIGESTS: contents.plain_digests(described),
        }
        digests = {f"{bag.DATA}/{item.path.name}": item.cipher_sha256 for item in stored}
        for name, content in extra.items():
            stem = (path / name).with_suffix("")
            item = payload.store(_stream(content), name, stem, self.recipients, may_compress=False)
            digests[name] = item.cipher_sha256
        fields = bag.BagFields(
            evidence_class=labels.evidence_class,
            bytes=sum(item.bytes for item in stored),
            tags=tuple(tags),
            replaces=labels.replaces,
            reason=labels.reason,
            person=labels.person,
        )
        digest = bag.write_tag_files(path, digests, fields, day)
        return BuiltBag(
            path=path, digest=digest, fields=fields, payloads=tuple(stored), deduplicated=linked == len(stored)
        )

    def _known(self, tag: str) -> tuple[Path, str] | None:
        """Return a sound ciphertext of the same plain bytes and its SHA-256, None when there is none."""
        found = self.index.find_payload(tag, since=self.since)
        if found is None:
            return None
        deposit, number = found
        path = self.root / deposit.path
        if any(bag.problems(path, deposit.path, expected=deposit.bag, payloads=False)):
            return None
        ciphertext = bag.payload_file(path, number)
        try:
            expected = bag.payload_digests(path).get(f"{bag.DATA}/{ciphertext.name}")
            is_sound = expected is not None and bag.DigestCache().sha256(ciphertext) == expected
        except IntegrityError:
            return None
        return (ciphertext, expected) if is_sound and expected is not None else None


@contextlib.contextmanager
def bench(root: Path, exclusive: Callable[[], AbstractContextManager[None]]) -> Iterator[Path]:
    """Give a folder under `tmp/` to build in, wiped afterwards; a start elsewhere leaves it alone meanwhile."""
    from filelock import FileLock

    folder = root / TMP / f"{_BENCH_PREFIX}{secrets.token_hex(8)}"
    lock = FileLock(folder / _BENCH_LOCK, mode=files.PRIVATE_FILE)
    with exclusive():
        folder.mkdir(mode=files.PRIVATE_FOLDER)
        lock.acquire()
    try:
        yield folder
    finally:
        lock.release()
        with contextlib.suppress(OSError):
            files.remove(folder)


def clean(root: Path) -> None:
    """Empty `tmp/` but for held bags and the benches of living builders. The vault's lock is held by the caller."""
    from filelock import FileLock, Timeout

    for path in (root / TMP).iterdir():
        if path.name.startswith(HELD_PREFIX):
            continue
        try:
            if path.name.startswith(_BENCH_PREFIX) and path.is_dir() and not path.is_symlink():
                with FileLock(path / _BENCH_LOCK, timeout=0):
                    pass
            files.remove(path)
        except Timeout:
            continue
        except OSError as error:
            logger.warning("leftover %s not removed: %s", path.name, error.strerror)


def check_space(root: Path, payloads: Sequence[RawEvidence]) -> None:
    """Raise VaultError unless `payloads` fit on the volume; UsageError for too many of them."""
    if len(payloads) > bag.MAX_PAYLOADS:
        raise UsageError(
            f"Un dépôt contient au plus {bag.MAX_PAYLOADS} pièces, pas {len(payloads)}.",
            hint="Réunissez-les dans une archive, ou scellez-les en plusieurs dépôts.",
        )
    announced = sum(payload.declared_size(item) for item in payloads)
    needed = int(announced * (1 + SPARE_SHARE)) + SPARE_BYTES
    free = shutil.disk_usage(root).free
    if free < needed:
        raise VaultError(
            f"Plus assez de place dans le coffre {root} : {needed // 1_000_000 + 1} Mo nécessaires, "
            f"{free // 1_000_000} Mo libres. Rien n'a été écrit.",
            hint="Libérez de l'espace sur ce volume ou agrandissez-le, puis relancez la commande.",
        )


def _replace_by_link(item: StoredPayload, ciphertext: Path, cipher_sha256: str) -> StoredPayload | None:
    """Put the known ciphertext in the place of the one just made; None when it cannot be had."""
    suffix = ciphertext.name[4:]
    target = item.path.with_name(item.path.name[:4] + suffix)
    aside = item.path.with_name(f"{item.path.name}.new")
    item.path.rename(aside)
    try:
        files.link_or_copy(ciphertext, target)
        stored_bytes = target.stat().st_size
    except (OSError, IntegrityError):
        target.unlink(missing_ok=True)
        aside.rename(item.path)
        return None
    aside.unlink()
    return payload.StoredPayload(
        path=target,
        sha256=item.sha256,
        bytes=item.bytes,
        cipher_sha256=cipher_sha256,
        stored_bytes=stored_bytes,
    )


def _stream(content: bytes) -> Callable[[], BytesIO]:
    return lambda: BytesIO(content)

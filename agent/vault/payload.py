"""One payload on its way in (hash, compress, encrypt, write, read back) and on its way out."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from agent.domain.errors import CollectorError, IdentityError, IntegrityError, VaultError
from agent.vault import age, files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from agent.domain.evidence import RawEvidence

SAMPLE_BYTES = 4 * 1024 * 1024
MIN_GAIN = 0.05
LEVEL = 3
COMPRESSED, RAW = ".zst.age", ".age"

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPayload:
    """A payload as stored: `path` of its ciphertext, plain and cipher SHA-256, sizes in bytes."""

    path: Path
    sha256: str
    bytes: int
    cipher_sha256: str
    stored_bytes: int


class _PlainSource:
    """The plain stream as the cipher reads it: hashed, then compressed when that helps."""

    def __init__(self, stream: BinaryIO, name: str, *, may_compress: bool) -> None:
        self._stream = stream
        self._name = name
        self._digest = hashlib.sha256()
        self.bytes = 0
        self._sample = self._read_sample()
        self.is_compressed = may_compress and _shrinks(self._sample)
        self._compressor = (
            zstd.ZstdCompressor(
                options={
                    zstd.CompressionParameter.compression_level: LEVEL,
                    zstd.CompressionParameter.checksum_flag: 1,
                }
            )
            if self.is_compressed
            else None
        )
        self._ready = memoryview(b"")
        self._is_done = False

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def read(self, size: int = -1) -> bytes:
        while not self._ready and not self._is_done:
            self._ready = memoryview(self._next())
        end = len(self._ready) if size < 0 else size
        piece, self._ready = self._ready[:end], self._ready[end:]
        return bytes(piece)

    def _next(self) -> bytes:
        chunk, self._sample = self._sample or self._read(files.CHUNK), b""
        self._digest.update(chunk)
        self.bytes += len(chunk)
        if chunk:
            return self._compressor.compress(chunk) if self._compressor else chunk
        self._is_done = True
        return self._compressor.flush() if self._compressor else b""

    def _read_sample(self) -> bytes:
        sample = bytearray()
        while len(sample) < SAMPLE_BYTES and (chunk := self._read(SAMPLE_BYTES - len(sample))):
            sample += chunk
        return bytes(sample)

    def _read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except OSError as error:
            raise CollectorError(
                f"« {self._name} » n'a pas pu être lu jusqu'au bout ({error.strerror or error}) : rien n'a été scellé.",
                hint="Vérifiez l'accès au fichier, puis recommencez.",
            ) from error


class _CipherFile:
    """A new file that hashes what is written to it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._digest = hashlib.sha256()
        self.bytes = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes) -> int:
        files.write_all(self._descriptor, data)
        self._digest.update(data)
        self.bytes += len(data)
        return len(data)


class _CipherSource:
    """A ciphertext file, hashed while it is read."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def read(self, size: int = -1) -> bytes:
        data = os.read(self._descriptor, files.CHUNK if size < 0 else size)
        self._digest.update(data)
        return data


class _PlainSink:
    """Takes what the cipher yields: decompressed, hashed, counted, kept when there is a file."""

    def __init__(self, *, is_compressed: bool, limit: int, keep: Callable[[bytes], object] | None) -> None:
        self._decompressor = zstd.ZstdDecompressor() if is_compressed else None
        self._limit = limit
        self._keep = keep
        self._digest = hashlib.sha256()
        self.bytes = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes) -> int:
        if self._decompressor is None:
            self._take(data)
            return len(data)
        if self._decompressor.eof and data:
            raise IntegrityError("Le contenu compressé est suivi d'octets étrangers.")
        pending = data
        try:
            while True:
                piece = self._decompressor.decompress(pending, max_length=files.CHUNK)
                self._take(piece)
                pending = b""
                if self._decompressor.eof or self._decompressor.needs_input:
                    break
        except zstd.ZstdError as error:
            raise IntegrityError("Le contenu compressé est endommagé.") from error
        if self._decompressor.unused_data:
            raise IntegrityError("Le contenu compressé est suivi d'octets étrangers.")
        return len(data)

    def finish(self) -> None:
        if self._decompressor is not None and not self._decompressor.eof:
            raise IntegrityError("Le contenu compressé est incomplet.")

    def _take(self, piece: bytes) -> None:
        self.bytes += len(piece)
        if self.bytes > self._limit:
            raise IntegrityError("Le contenu est plus gros que le dépôt ne l'annonce.")
        self._digest.update(piece)
        if self._keep is not None:
            self._keep(piece)


def store(
    open_source: Callable[[], BinaryIO],
    name: str,
    stem: Path,
    recipients: Sequence[str],
    *,
    may_compress: bool = True,
) -> StoredPayload:
    """
    Write a stream as `stem` + `.zst.age` or `.age`, synced, then read it back and compare.

    Constant memory. Raises CollectorError when the source cannot be read, VaultError when it
    changed meanwhile, OSError when the vault's disk refuses.
    """
    identity, throwaway = age.throwaway()
    with _opened(open_source, name) as stream:
        before = _fingerprint(stream)
        source = _PlainSource(stream, name, may_compress=may_compress)
        path = stem.with_name(stem.name + (COMPRESSED if source.is_compressed else RAW))
        descriptor = files.create(path)
        try:
            target = _CipherFile(descriptor)
            age.encrypt(source, target, [*recipients, throwaway])
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if _fingerprint(stream) != before:
            raise VaultError(
                f"« {name} » a changé pendant qu'il était scellé : rien n'a été gardé.",
                hint="Attendez que le fichier soit entièrement écrit, puis recommencez.",
            )
    stored = StoredPayload(
        path=path,
        sha256=source.sha256,
        bytes=source.bytes,
        cipher_sha256=target.sha256,
        stored_bytes=target.bytes,
    )
    _read_back(stored, identity)
    return stored


def retrieve(
    path: Path, identity: age.Identity, *, limit: int, keep: Callable[[bytes], object] | None = None
) -> tuple[str, int]:
    """
    Decrypt `path`, giving its plain bytes to `keep` piece by piece; return their SHA-256 and size.

    Raises IdentityError, or IntegrityError when it is damaged or larger than `limit` bytes.
    """
    sha256, size, _ = _decrypted(path, identity, limit=limit, keep=keep)
    return sha256, size


def _read_back(stored: StoredPayload, identity: age.Identity) -> None:
    expected = (stored.sha256, stored.bytes, stored.cipher_sha256)
    try:
        found = _decrypted(stored.path, identity, limit=stored.bytes, keep=None)
    except (IntegrityError, IdentityError) as error:
        raise _unlike_what_was_read() from error
    if found != expected:
        raise _unlike_what_was_read()


def _unlike_what_was_read() -> VaultError:
    return VaultError(
        "La relecture du dépôt ne redonne pas ce qui avait été lu : rien n'a été gardé.",
        hint="Le disque ou la mémoire de cette machine est en cause ; vérifiez-les, puis recommencez.",
    )


def _decrypted(
    path: Path, identity: age.Identity, *, limit: int, keep: Callable[[bytes], object] | None
) -> tuple[str, int, str]:
    """Return the plain SHA-256 and size, and the SHA-256 of the ciphertext."""
    with files.open_regular(path) as descriptor:
        source = _CipherSource(descriptor)
        sink = _PlainSink(is_compressed=path.name.endswith(COMPRESSED), limit=limit, keep=keep)
        age.decrypt(source, sink, identity)
        sink.finish()
    return sink.sha256, sink.bytes, source.sha256


def _shrinks(sample: bytes) -> bool:
    return len(zstd.compress(sample, LEVEL)) <= len(sample) * (1 - MIN_GAIN)


def _fingerprint(stream: BinaryIO) -> tuple[int, int] | None:
    """Return (size, modification time in ns) of the file behind `stream`, None when there is none."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, AttributeError):
        return None
    return status.st_size, status.st_mtime_ns


def declared_size(payload: RawEvidence) -> int:
    """Return how many bytes `payload` announces, 0 when it cannot tell."""
    with _opened(payload.open, payload.name) as stream:
        fingerprint = _fingerprint(stream)
    return fingerprint[0] if fingerprint else 0


def _opened(open_source: Callable[[], BinaryIO], name: str) -> BinaryIO:
    try:
        return open_source()
    except OSError as error:
        raise CollectorError(
            f"« {name} » n'a pas pu être ouvert ({error.strerror or error}) : rien n'a été scellé.",
            hint="Vérifiez l'accès au fichier, puis recommencez.",
        ) from error

"""
The process that reads other people's files: `python -m collectors.reading_worker REQUEST < FILE`.

It holds no secret, inherits no environment, opens no path of the caller's: the file is its
standard input. REQUEST is JSON: `name`, `limits`, `format` (a format to take without
asking, or null), `only_recognise`. It answers on standard output with one JSON line per
step: `{"recognised": …}` or `{"tried": […]}`, then `{"reading": …}`.
"""

from __future__ import annotations

import json
import math
import os
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

from agent.domain.exposure import Problem, Reading
from collectors.formats.interface import HEAD_BYTES, Limits, Source
from collectors.formats.registry import readers
from collectors.reading_codec import to_json

if TYPE_CHECKING:
    from collectors.formats.interface import Reader


def main(arguments: list[str]) -> int:
    """Read the standard input as the request says; always ends by itself or by its limits."""
    request = json.loads(arguments[0])
    limits = Limits(**request["limits"])
    _confine(limits)
    stream = open(0, "rb", closefd=False)  # noqa: SIM115 - the standard input outlives us
    source = Source(stream=stream, name=request["name"], size=os.fstat(0).st_size)
    head = _head(stream)
    found, failed = readers()
    forced = request["format"]
    chosen = next(
        (one for one in found if (one.format == forced if forced else one.sniff(head, source.name))),
        None,
    )
    if chosen is None:
        _answer({"tried": [reader.format for reader in found], "failed": failed})
        return 0
    _answer({"recognised": chosen.format, "kind": chosen.kind, "reader_version": chosen.version})
    if not request["only_recognise"]:
        _answer({"reading": to_json(_read(chosen, source, limits))})
    return 0


def _confine(limits: Limits) -> None:
    """
    Bound this process: memory, processor time, no file written, no core.

    Windows has no such call; there the wall clock, the size of the file and of the answer
    bound it.
    """
    if sys.platform == "win32":
        return
    import resource

    seconds = math.ceil(limits.seconds) + 1
    for name, value in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(name)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (bound, bound))


def _head(stream: BinaryIO) -> bytes:
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    return head


def _read(reader: Reader, source: Source, limits: Limits) -> Reading:
    if source.size > reader.max_bytes:
        return failed_reading(
            reader.format,
            reader.kind,
            reader.version,
            f"Le fichier pèse {source.size} octets ; au-delà de {reader.max_bytes}, ce format n'est pas lu.",
        )
    try:
        return reader.read(source, limits)
    except MemoryError:
        what = "La lecture demande plus de mémoire que permis : elle est abandonnée."
    except RecursionError:
        what = "Le document est imbriqué trop profondément : la lecture est abandonnée."
    return failed_reading(reader.format, reader.kind, reader.version, what)


def failed_reading(name: str, kind: str, version: int, what: str) -> Reading:
    """Return the reading of a file that was recognised, and of which nothing could be kept because of `what`."""
    return Reading(
        format=name,
        kind=kind,
        reader_version=version,
        complete=False,
        problems=(Problem(where="fichier", what=what),),
    )


def _answer(step: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(step) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

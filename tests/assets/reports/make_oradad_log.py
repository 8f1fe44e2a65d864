"""Makes `oradad.log` texts for the tests; domains are ours, the shape is the tool's."""

from __future__ import annotations

from collections.abc import Sequence

CYAN, RED, RESET = "\x1b[36m", "\x1b[31m", "\x1b[0m"


def line(level: int, message: str, second: int = 0) -> str:
    """Return one line of the log."""
    instant = f"2026/09/01 - 08:{second // 60:02}:{second % 60:02}.125"
    return f"{instant}\t{level}\tMain.cpp\twmain\t{100 + second}\t{message}\r\n"


def log(
    domains: Sequence[str] = ("chu.exemple.fr", "labo.chu.exemple.fr"),
    *,
    skipped: Sequence[str] = (),
    extra: Sequence[str] = (),
    after_end: Sequence[str] = (),
    ended: bool = True,
) -> str:
    """Return a whole log; `skipped` domains are seen in the forest and never processed."""
    lines = [line(4, f"[.] {CYAN}Starting{RESET}."), line(5, r"[.] Output directory is 'C:\Données'.", 1)]
    for name in domains:
        lines.append(line(4, f"[.] Domain in forest: {name} (Attribute: 32 / Type: 2)", 2))
        if name in skipped:
            continue
        lines.append(line(4, f"[.] Processing domain in forest: {name}", 3))
        for request in ("user", "group"):
            lines.append(line(4, f"[.] Dumping '{domains[0]}/domain/{name}/{request}'", 4))
            lines.append(line(4, f"[.] {CYAN}Finished{RESET}: elapsed time: 1 seconds, 250 objects", 5))
    lines.extend(extra)
    if ended:
        lines.append(line(4, f"[.] {CYAN}End.{RESET}", 65))
    return "".join([*lines, *after_end])

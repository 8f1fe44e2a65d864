"""What the person who hands a file over says of it; what the file itself cannot say."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date

KINDS = (
    "exposure_report",
    "ads_report",
    "oradad_archive",
    "oradad_tree",
    "oradad_log",
    "oradaz_archive",
    "asset_list",
    "document",
)
TOOLS = ("INDUSTRIAL", "SILENE", "CYBERSURVEILLANCE")
LOWEST_SCORE, HIGHEST_SCORE = 1, 5
# No audit, report or list of the programmes is older; an earlier day is a slip or a broken clock.
EARLIEST_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SideValues:
    """
    The stated fields, None when not stated.

    `kind` is one of KINDS, `tool` of TOOLS, `date` the day of the audit or list, `score` an
    ADS score (1 to 5), `by` who says so. `discovers` states that a domain in the scope
    covers its sub-names.
    """

    kind: str | None = None
    directory: str | None = None
    date: date | None = None
    score: float | None = None
    tool: str | None = None
    surfaces: tuple[str, ...] | None = None
    discovers: bool | None = None
    by: str | None = None

    def over(self, other: SideValues) -> SideValues:
        """Return `other` with what this one states put over it."""
        stated = {item.name: value for item in fields(self) if (value := getattr(self, item.name)) is not None}
        return replace(other, **stated)

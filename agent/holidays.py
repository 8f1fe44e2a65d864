"""French public holidays of a region, as plain days: the one module that knows the `holidays` library."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

_SUBDIVISIONS: dict[str, str | None] = {
    "metropole": None,
    "alsace-moselle": "57",
    "guadeloupe": "971",
    "guyane": "973",
    "la-reunion": "974",
    "martinique": "972",
    "mayotte": "976",
    "nouvelle-caledonie": "NC",
    "polynesie-francaise": "PF",
    "saint-barthelemy": "BL",
    "saint-martin": "MF",
    "saint-pierre-et-miquelon": "PM",
    "wallis-et-futuna": "WF",
}
"""The regions of the configuration (`candidate.holidays_region`) in the library's words."""

REGIONS = tuple(_SUBDIVISIONS)


def public_holidays(region: str, years: Iterable[int]) -> frozenset[date]:
    """
    Return the public holidays of a `REGIONS` member in some years.

    Those that only some communes keep (Good Friday in Alsace-Moselle) are included: nothing is planned on them.
    """
    from holidays import country_holidays

    return frozenset(country_holidays("FR", subdiv=_SUBDIVISIONS[region], years=tuple(years)))

"""The configuration in the words of the evaluation contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.domain.admissible import Perimeter
from agent.domain.coverage import ExposedElement

if TYPE_CHECKING:
    from datetime import date

    from config.model import Configuration, Programme


def perimeters(configuration: Configuration) -> tuple[Perimeter, ...]:
    """Return one perimeter per configured programme: a scenario without audits, and what each surface is made of."""
    elements = tuple(
        ExposedElement(id=surface.id, names=surface.names, addresses=surface.addresses)
        for surface in configuration.surfaces
    )
    directories = tuple(directory.id for directory in configuration.directories)
    return tuple(
        Perimeter(base=_base(configuration, programme), elements=elements, directories=directories)
        for programme in configuration.programmes
    )


def _base(configuration: Configuration, programme: Programme) -> dict[str, object]:
    return {
        "id": configuration.candidate.id,
        "programme": programme.id,
        "candidate": {
            "type": configuration.candidate.type,
            "establishments": [
                {
                    "id": item.id,
                    "activity": str(item.activity),
                    "support": item.support,
                    "esms": item.esms,
                    "in_perimeter": item.in_perimeter,
                }
                for item in configuration.establishments
            ],
        },
        "phase": _given(
            start=_iso(programme.phase_start),
            validation_date=_iso(programme.validation_date),
            declaration=_iso(programme.declaration),
            control_date=_iso(programme.control_date),
        ),
        "ads": [
            _given(
                id=item.id,
                establishments=list(item.establishments),
                kind=item.kind,
                in_service=_iso(item.in_service),
                retired=_iso(item.retired),
                replaces=list(item.replaces) or None,
            )
            for item in configuration.directories
        ],
        "surfaces": [
            _given(
                id=item.id,
                establishments=list(item.establishments),
                kind=item.kind,
                exposed_from=_iso(item.exposed_from),
            )
            for item in configuration.surfaces
        ],
        "config": programme.scenario_config(),
    }


def _iso(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}

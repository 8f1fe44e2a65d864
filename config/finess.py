"""The FINESS number's check digit."""

from __future__ import annotations

# The last digit is Luhn's. For Corsica the second character is a letter; published numbers of
# Haute-Corse (2B0000020, 2B0005342, 2B0004246) pass with B read as 2. A read as 1 follows by
# analogy and is not confirmed by a published rule: that is why a wrong digit only warns.
_CORSICA = {"A": "1", "B": "2"}


def has_valid_check_digit(finess: str) -> bool:
    """Return whether the last digit of `finess` (9 characters, already well formed) is right."""
    digits = "".join(_CORSICA.get(character, character) for character in finess.upper())
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - the sum of a product's two digits
    return total % 10 == 0

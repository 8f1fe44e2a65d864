"""What people write in a declaration is understood, or refused with what to write."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from agent.domain.declaration import Field, FieldType, Value
from agent.domain.declaration_text import parse_day, parse_value, plain_text
from agent.domain.fault import FaultError
from agent.texts.faults import sentence

TODAY = date(2026, 6, 15)


def field(kind: FieldType, *, past: bool = False, most: int | None = None) -> Field:
    choices = ("crrc", "grades", "cadre-legal") if kind in (FieldType.CHOICE, FieldType.CHOICES) else ()
    return Field(name="f", type=kind, label="Un champ", choices=choices, past=past, most=most)


def refusal(ask: Callable[[], object]) -> str:
    """Return in French why what is asked is refused."""
    with pytest.raises(FaultError) as caught:
        ask()
    return sentence(caught.value.fault)


def parsed(kind: FieldType, written: object) -> Value:
    return parse_value(field(kind), written, today=TODAY)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-14", "14/03/2026", "14.03.2026", "14 mars 2026", " 14  MARS 2026 ", "14\u00a0mars\u202f2026",
        date(2026, 3, 14),
    ],
    ids=str,
)  # fmt: skip
def test_a_day_is_read_in_iso_and_in_french(written: object) -> None:
    assert parse_day(written) == date(2026, 3, 14)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("1er août 2026", date(2026, 8, 1)), ("1er aout 2026", date(2026, 8, 1)), ("3 févr. 2027", date(2027, 2, 3)),
        ("29 février 2028", date(2028, 2, 29)), ("31 DÉCEMBRE 2026", date(2026, 12, 31)), ("5/1/2027", date(2027, 1, 5)),
        ("2000-01-01", date(2000, 1, 1)), ("31/12/2100", date(2100, 12, 31)),
    ],
)  # fmt: skip
def test_months_and_edges_of_days(written: str, day: date) -> None:
    assert parse_day(written) == day


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("30 février 2026", "n'existe pas dans le calendrier"), ("2026-02-29", "n'existe pas dans le calendrier"),
        ("14 marsembre 2026", "n'existe pas dans le calendrier"), ("1999-12-31", "l'année 1999 n'est pas possible"),
        ("2101-01-01", "l'année 2101 n'est pas possible"), ("0001-01-01", "l'année 1 n'est pas possible"),
        ("14/03/26", "quatre chiffres"), ("mars 2026", "n'est pas un jour"), ("", "n'est pas un jour"),
        ("2026-03-14T10:00", "n'est pas un jour"), ("٢٠٢٦-٠٣-١٤", "n'est pas un jour"),
        (datetime(2026, 3, 14, 10, tzinfo=UTC), "n'est pas un jour"), (True, "n'est pas un jour"), (20260314, "n'est pas"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_day_is_refused_with_what_to_write(written: object, said: str) -> None:
    assert re.search(said, refusal(lambda: parse_day(written)))


def test_what_has_happened_is_not_dated_in_the_future() -> None:
    done = field(FieldType.DAY, past=True)

    assert parse_value(done, "2026-06-15", today=TODAY) == TODAY
    assert parse_value(field(FieldType.DAY), "2026-06-16", today=TODAY) == date(2026, 6, 16)
    assert re.search("à venir", refusal(lambda: parse_value(done, "2026-06-16", today=TODAY)))


@pytest.mark.parametrize(
    ("written", "value"),
    [("oui", True), ("OUI ", True), ("vrai", True), ("true", True), (True, True), ("non", False), ("Faux", False)],
    ids=str,
)
def test_yes_and_no(written: object, *, value: bool) -> None:
    assert parsed(FieldType.YES_NO, written) is value


@pytest.mark.parametrize("written", ["peut-être", "", "-1", "2", 1, None, ["oui", "non"]], ids=str)
def test_what_is_neither_yes_nor_no_is_refused(written: object) -> None:
    with pytest.raises(FaultError):
        parsed(FieldType.YES_NO, written)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,6", "1.6"), ("1.6", "1.6"), ("1 250 000,50", "1250000.5"), ("1.250.000", "1250000"), ("1\u202f250\u00a0000", "1250000"), ("0", "0"),
        ("12,00", "12"), (1250000, "1250000"), (Decimal("8.5"), "8.5"), (4.5, "4.5"), ("100", "100"),
    ],
    ids=str,
)  # fmt: skip
def test_a_number_has_a_decimal_comma_and_spaces_between_thousands(written: object, value: str) -> None:
    found = parsed(FieldType.DECIMAL, written)

    assert (found, str(found)) == (Decimal(value), value)


@pytest.mark.parametrize(
    "written",
    ["-3", "(3)", "1.234", "1,234", "12 50", "1e6", "NaN", "Infinity", "12 €", "", "١٢", True, "1" * 40, float("nan")],
    ids=str,
)
def test_what_is_no_number_or_could_mean_two_is_refused(written: object) -> None:
    assert re.search(r"sans unité|négatif", refusal(lambda: parsed(FieldType.DECIMAL, written)))


@pytest.mark.parametrize(("written", "value"), [("43", 43), ("1 234", 1234), (12, 12), (" 7 ", 7)], ids=str)
def test_a_whole_number(written: object, value: int) -> None:
    assert parsed(FieldType.WHOLE, written) == value


@pytest.mark.parametrize("written", ["43,5", "-1", "quarante", True, 4.0], ids=str)
def test_what_is_no_whole_number_is_refused(written: object) -> None:
    assert re.search("nombre entier", refusal(lambda: parsed(FieldType.WHOLE, written)))


def test_a_number_beyond_its_bound_is_refused() -> None:
    assert parse_value(field(FieldType.WHOLE, most=43), "43", today=TODAY) == 43
    assert re.search("43 au plus", refusal(lambda: parse_value(field(FieldType.WHOLE, most=43), "44", today=TODAY)))


@pytest.mark.parametrize("written", ["CRRC", " crrc ", "Crrc"])
def test_a_choice_is_read_whatever_its_case(written: str) -> None:
    assert parsed(FieldType.CHOICE, written) == "crrc"


def test_an_unknown_choice_is_refused_with_the_nearest() -> None:
    assert re.search("vouliez-vous dire « grades »", refusal(lambda: parsed(FieldType.CHOICE, "gradess")))


@pytest.mark.parametrize(
    "written",
    ["crrc, Cadre légal", "crrc;cadre-legal", ["crrc", "cadre légal"], ("crrc", "cadre-legal", "crrc")],
    ids=str,
)
def test_several_choices_are_given_in_one_text_or_one_by_one(written: object) -> None:
    assert parsed(FieldType.CHOICES, written) == ("crrc", "cadre-legal")


def test_one_text_is_cut_at_its_commas_and_a_list_is_not() -> None:
    assert parsed(FieldType.TEXTS, "chu, ch-nord") == ("chu", "ch-nord")
    assert parsed(FieldType.TEXTS, ("messagerie, agenda", "DPI")) == ("messagerie, agenda", "DPI")


@pytest.mark.parametrize("kind", [FieldType.TEXT, FieldType.DAY, FieldType.WHOLE, FieldType.CHOICE])
def test_a_single_value_is_not_given_twice(kind: FieldType) -> None:
    assert re.search("une seule valeur", refusal(lambda: parsed(kind, ("un", "deux"))))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("  ", "vide"), ("x" * 2001, "dépasse 2000"), ("a\x1b[31mb", "caractères de commande"), ("a\0b", "commande"),
        ("A. \u202edraruD", "commande"), ("A\u2066B", "commande"), ("A\u200bB", "commande"), ("A\ufeffB", "commande"),
        ("voici AGE-SECRET-KEY-1QQQ", "clé privée"), ("-----BEGIN RSA PRIVATE KEY-----", "clé privée"), (3.5, "un texte"),
    ],
    ids=["empty", "long", "escape", "nul", "override", "isolate", "zero width", "byte order mark",
         "age key", "pem key", "number"],
)  # fmt: skip
def test_a_text_that_cannot_be_kept_is_refused(written: object, said: str) -> None:
    assert re.search(said, refusal(lambda: plain_text(written)))


@pytest.mark.parametrize("kind", [FieldType.DAY, FieldType.YES_NO, FieldType.WHOLE, FieldType.DECIMAL])
def test_a_key_typed_in_the_wrong_place_is_not_repeated(kind: FieldType) -> None:
    assert "QQQ" not in refusal(lambda: parsed(kind, "AGE-SECRET-KEY-1QQQ"))


def test_a_text_is_trimmed_and_composed() -> None:
    assert plain_text(" re\u0301ponse de l'ANS\n") == "réponse de l'ANS"

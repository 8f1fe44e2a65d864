from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.errors import IntegrityError
from agent.domain.journal import NO_PREVIOUS, EntryType
from agent.vault import lines

AT = datetime(2026, 11, 22, 17, 45, 1, 123_456, tzinfo=UTC)


def line(**fields: object) -> bytes:
    raw, _ = lines.make(
        seq=1, prev=NO_PREVIOUS, at=AT, agent="a", entity="e", type=EntryType.CHECK, fields={"reason": "été", **fields}
    )
    return raw


def test_line_reads_back_as_the_entry_it_was_made_of() -> None:
    entry = lines.parse(line(id="00000002-ab12cd34"))

    assert (entry.seq, entry.prev, entry.type, entry.agent, entry.entity) == (1, NO_PREVIOUS, EntryType.CHECK, "a", "e")
    assert entry.at == AT.replace(microsecond=123_000)
    assert dict(entry.fields) == {"reason": "été", "id": "00000002-ab12cd34"}


def test_line_is_sorted_compact_json_with_its_own_hash() -> None:
    raw = line()
    shown = json.loads(raw)
    h = shown.pop("h")

    assert json.dumps({**shown, "h": h}, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == raw
    assert h == lines.sha256(lines.canonical(shown))


def test_field_without_value_is_left_out() -> None:
    assert b"person" not in line(person=None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("été", "ete", id="content"),
        pytest.param('"seq":1', '"seq":2', id="number"),
        pytest.param('"type"', ' "type"', id="space"),
        pytest.param('"seq":1', '"seq":1.0', id="other-form"),
        pytest.param('"seq":1', '"seq":1,"seq":1', id="twice"),
        pytest.param('"agent":"a",', "", id="missing"),
    ],
)
def test_changed_line_is_refused(before: str, after: str) -> None:
    changed = line().decode().replace(before, after).encode()

    with pytest.raises(IntegrityError):
        lines.parse(changed)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"seq": 0}, id="seq-zero"),
        pytest.param({"seq": True}, id="seq-true"),
        pytest.param({"seq": "1"}, id="seq-text"),
        pytest.param({"prev": "0" * 63}, id="prev-short"),
        pytest.param({"prev": "G" * 64}, id="prev-not-hex"),
        pytest.param({"prev": None}, id="prev-null"),
        pytest.param({"t": "2026-11-22T17:45:01Z"}, id="time-without-milliseconds"),
        pytest.param({"t": "2026-13-22T17:45:01.000Z"}, id="time-of-no-calendar"),
        pytest.param({"type": "party"}, id="type"),
        pytest.param({"agent": 5}, id="agent"),
    ],
)
def test_line_with_a_sound_hash_and_a_wrong_field_is_refused(changes: dict[str, object]) -> None:
    value = {**json.loads(line()), **changes}
    del value["h"]
    value["h"] = lines.sha256(lines.canonical(value))

    with pytest.raises(IntegrityError):
        lines.parse(lines.canonical(value))


@given(st.binary(max_size=300))
def test_whatever_the_bytes_the_answer_is_an_entry_or_an_integrity_error(raw: bytes) -> None:
    with pytest.raises(IntegrityError):
        lines.parse(raw)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_whatever_the_json_the_answer_is_an_entry_or_an_integrity_error(value: object) -> None:
    with pytest.raises(IntegrityError):
        lines.parse(json.dumps(value).encode())


def test_time_is_written_in_utc_to_the_millisecond() -> None:
    paris = AT.astimezone(timezone(timedelta(hours=1)))

    assert lines.time_text(paris) == "2026-11-22T17:45:01.123Z"


def test_line_too_long_is_refused_when_made() -> None:
    with pytest.raises(ValueError, match="long"):
        line(reason="x" * lines.MAX_LINE_BYTES)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"h":5}', b"[" * 10_000, b"\xff"])
def test_line_that_says_no_hash_has_the_hash_of_its_bytes(raw: bytes) -> None:
    assert lines.declared_hash(raw) == lines.sha256(raw)

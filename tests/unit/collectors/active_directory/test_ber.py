from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.protocol import rfc4511 as ldap
from ldap3.utils.asn1 import encode

from agent.domain.errors import SourceAnswerError
from collectors.active_directory.ber import Done, Entry, Message, MessageReader, Reference, decode, message_length

DONE = bytes([0x30, 12, 2, 1, 7, 0x65, 7, 10, 1, 0, 4, 0, 4, 0])


def message(number: int, operation: str, content: object) -> bytes:
    made = ldap.LDAPMessage()
    made["messageID"] = ldap.MessageID(number)
    made["protocolOp"] = ldap.ProtocolOp().setComponentByName(operation, content)
    return bytes(encode(made))


def entry(dn: str, attributes: dict[str, list[bytes]]) -> bytes:
    made = ldap.SearchResultEntry()
    made["object"] = ldap.LDAPDN(dn)
    listed = ldap.PartialAttributeList()
    for index, (name, values) in enumerate(attributes.items()):
        attribute = ldap.PartialAttribute()
        attribute["type"] = ldap.AttributeDescription(name)
        attribute["vals"] = ldap.Vals()
        for position, value in enumerate(values):
            attribute["vals"].setComponentByPosition(position, ldap.AttributeValue(value))
        listed.setComponentByPosition(index, attribute)
    made["attributes"] = listed
    return message(3, "searchResEntry", made)


names = st.text("abcdefghij;-0123456789", min_size=1, max_size=20)
values = st.lists(st.binary(max_size=300), max_size=4, unique=True)


@given(st.text(max_size=60).filter(lambda text: "\x00" not in text), st.dictionaries(names, values, max_size=5))
def test_an_entry_that_a_library_encoded_is_decoded_equal(dn: str, attributes: dict[str, list[bytes]]) -> None:
    found = decode(entry(dn, attributes))

    assert found.id == 3
    assert isinstance(found.content, Entry)
    assert found.content.dn == dn
    assert {name: sorted(held) for name, held in found.content.attributes.items()} == {
        name: sorted(held) for name, held in attributes.items()
    }


def test_the_cookie_of_the_next_page_is_found_with_and_without_criticality() -> None:
    value = bytes([4, 10, 0x30, 8, 2, 1, 0, 4, 3]) + b"abc"
    oid = b"1.2.840.113556.1.4.319"
    for middle in (b"", bytes([1, 1, 0])):
        control = bytes([4, len(oid)]) + oid + middle + value
        control = bytes([0x30, len(control)]) + control
        controls = bytes([0xA0, len(control)]) + control
        body = DONE[2:] + controls

        found = decode(bytes([0x30, len(body)]) + body)

        assert found == Message(7, Done(0, "", b"abc"))


def test_a_referral_is_told_from_an_entry() -> None:
    url = b"ldaps://autre/DC=x"
    body = bytes([2, 1, 3, 0x73, len(url) + 2, 4, len(url)]) + url

    assert decode(bytes([0x30, len(body)]) + body) == Message(3, Reference((url.decode(),)))


@given(st.binary(max_size=200))
def test_random_bytes_are_decoded_or_refused_and_nothing_else(data: bytes) -> None:
    with contextlib.suppress(SourceAnswerError):
        decode(data)


@given(st.data())
def test_a_damaged_message_is_decoded_or_refused_and_nothing_else(data: st.DataObject) -> None:
    whole = bytearray(entry("CN=a,DC=b", {"cn": [b"a"], "objectSid": [b"\x01\x05"]}))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))

    with contextlib.suppress(SourceAnswerError):
        decode(bytes(whole))


@pytest.mark.parametrize("size", range(len(DONE)))
def test_every_truncation_is_refused(size: int) -> None:
    with pytest.raises(SourceAnswerError):
        decode(DONE[:size])


@pytest.mark.parametrize("block", [1, 3, 1000])
def test_messages_are_cut_whatever_the_blocks_they_arrive_in(block: int) -> None:
    wire = entry("CN=a", {"cn": [b"x" * 500]}) + DONE
    blocks = [wire[at : at + block] for at in range(0, len(wire), block)]
    reader = MessageReader(lambda _: blocks.pop(0))

    first, second = reader.read(), reader.read()

    assert isinstance(first.content, Entry)
    assert second == Message(7, Done(0, "", b""))


def test_a_message_announced_too_large_is_refused_before_it_is_received() -> None:
    received = []

    def receive(size: int) -> bytes:
        received.append(size)
        return bytes.fromhex("3084ffffffff")

    with pytest.raises(SourceAnswerError):
        MessageReader(receive, max_message_bytes=1000).read()
    assert len(received) == 1


@pytest.mark.parametrize(
    "head", [b"HT", b"\x30\x80", b"\x30\x85\0\0\0\0\0", b"\x16"], ids=["http", "indefinite", "five-bytes", "tls"]
)
def test_what_is_no_message_is_refused_at_once(head: bytes) -> None:
    with pytest.raises(SourceAnswerError):
        message_length(head, max_bytes=1000)


def test_a_connection_closed_inside_a_message_is_refused() -> None:
    blocks = [DONE[:5], b""]

    with pytest.raises(SourceAnswerError):
        MessageReader(lambda _: blocks.pop(0)).read()

from __future__ import annotations

import hashlib

import pymerkle
from hypothesis import given
from hypothesis import strategies as st

from agent.vault.merkle import Frontier


def test_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == hashlib.sha256(b"").digest()


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=70))
def test_every_root_is_the_one_an_independent_library_computes(leaves: list[bytes]) -> None:
    ours, theirs = Frontier(), pymerkle.InmemoryTree(algorithm="sha256")
    for size, leaf in enumerate(leaves, start=1):
        ours.append(leaf)
        theirs.append_entry(leaf)
        assert (ours.size, ours.root()) == (size, theirs.get_root())


def test_known_root_of_eight_leaves() -> None:
    """The reference inputs that implementations of RFC 6962 exchange."""
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    tree = Frontier()
    for leaf in leaves:
        tree.append(bytes.fromhex(leaf))

    assert tree.root().hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"

"""The RFC 6962 tree of the journal's lines, kept as its right frontier."""

from __future__ import annotations

import hashlib


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf: the journal line without its newline."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """
    The roots of the perfect subtrees that make up a tree of `size` leaves, largest first.

    Appending costs O(log n) hashes at worst, and so does the root.
    """

    __slots__ = ("_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, line: bytes) -> None:
        """Add one leaf."""
        node = leaf_hash(line)
        size = self.size
        while size & 1:
            node = node_hash(self._peaks.pop(), node)
            size >>= 1
        self._peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the tree, 32 bytes."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root

"""The Merkle tree over the records (RFC 9162, section 2.1): growing it at small cost, and proofs about it."""

from __future__ import annotations

from collections.abc import Sequence

from pincite.record.verify_log import grow, node_hash, root_of

__all__ = ["Frontier", "Tree"]


class Frontier:
    """A tree's perfect subtrees, which are all that appending needs: at most one hash per bit of its size.

    Args:
        size: number of leaves.
        peaks: hashes of the perfect subtrees that `size` has as a binary number, the largest first.

    Raises:
        ValueError: if there are not as many peaks as that.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        counts = [1 << bit for bit in range(size.bit_length() - 1, -1, -1) if size >> bit & 1]
        self.size = size
        self._peaks = list(zip(counts, peaks, strict=True))

    @property
    def peaks(self) -> list[bytes]:
        """The hashes of the perfect subtrees, the largest first."""
        return [peak for _, peak in self._peaks]

    @property
    def root(self) -> bytes:
        """The root over all leaves; the hash of nothing if there are none."""
        return root_of(self._peaks)

    def append(self, leaf: bytes) -> None:
        """Add a leaf's hash."""
        grow(self._peaks, leaf)
        self.size += 1

    def copy(self) -> Frontier:
        """Return another one of the same state."""
        return Frontier(self.size, self.peaks)


class Tree:
    """A whole tree, for proofs.

    Args:
        leaves: the hashes of all leaves, in order.
    """

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._leaves = leaves
        self._known: dict[tuple[int, int], bytes] = {}

    def root(self) -> bytes:
        """Return the root."""
        return self._hash(0, len(self._leaves)) if self._leaves else Frontier().root

    def inclusion(self, index: int) -> list[bytes]:
        """Return the proof that leaf `index` is in the tree (2.1.3.1), from the leaf upwards.

        Raises:
            IndexError: if there is no such leaf.
        """
        if not 0 <= index < len(self._leaves):
            raise IndexError(index)
        proof, start, end = [], 0, len(self._leaves)
        while end - start > 1:
            middle = start + _left(end - start)
            if index < middle:
                proof.append(self._hash(middle, end))
                end = middle
            else:
                proof.append(self._hash(start, middle))
                start = middle
        return proof[::-1]

    def consistency(self, old: int) -> list[bytes]:
        """Return the proof that the tree begins with that of its first `old` leaves (2.1.4.1).

        Raises:
            IndexError: if there are not as many leaves.
        """
        if not 0 <= old <= len(self._leaves):
            raise IndexError(old)
        if old in (0, len(self._leaves)):
            return []
        proof, start, end, whole = [], 0, len(self._leaves), True
        while end != old:
            middle = start + _left(end - start)
            if old <= middle:
                proof.append(self._hash(middle, end))
                end = middle
            else:
                proof.append(self._hash(start, middle))
                start, whole = middle, False
        if not whole:
            proof.append(self._hash(start, end))
        return proof[::-1]

    def _hash(self, start: int, end: int) -> bytes:
        if end - start == 1:
            return self._leaves[start]
        found = self._known.get((start, end))
        if found is None:
            middle = start + _left(end - start)
            found = self._known[start, end] = node_hash(self._hash(start, middle), self._hash(middle, end))
        return found


def _left(size: int) -> int:
    """Return how many of `size` leaves stand in the left subtree: the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1

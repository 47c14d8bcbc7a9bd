"""The tree as tiles (c2sp.org/tlog-tiles): 256 hashes a file, and proofs made from them.

Whoever serves the files can be a disk with nginx before it; whoever wants a proof reads
three or four of them. A tile of full width never changes, so it may be cached for ever.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from traceability.log.merkle import EMPTY_ROOT, HASH_SIZE, node_hash, root_of

WIDTH = 256
_HEIGHT = 8
_BYTES = WIDTH * HASH_SIZE

# level, number of the tile within it, how many hashes it must hold at least: those bytes
ReadTile: TypeAlias = Callable[[int, int, int], bytes]


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile as it is to be written: ``width`` hashes, one after the other."""

    level: int
    number: int
    width: int
    hashes: bytes


def tile_path(level: int | str, number: int, width: int = WIDTH) -> str:
    """Return ``tile/<L>/<N>[.p/<W>]``; level ``entries`` names bundles of entries."""
    groups = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        groups.append(f"x{number % 1000:03d}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/" + "/".join(reversed(groups)) + partial


def grow(size: int, read: ReadTile, leaves: Sequence[bytes]) -> Iterator[Tile]:
    """Yield every tile that changes when ``leaves`` follow the first ``size``, lowest first."""
    level, start, hashes = 0, size, list(leaves)
    while hashes:
        number, held = divmod(start, WIDTH)
        before = read(level, number, held)[: held * HASH_SIZE] if held else b""
        whole = before + b"".join(hashes)
        hashes = []
        for offset in range(0, len(whole), _BYTES):
            tile = whole[offset : offset + _BYTES]
            yield Tile(level, number, len(tile) // HASH_SIZE, tile)
            if len(tile) == _BYTES:
                hashes.append(root_of(_split(tile)))
            number += 1
        level, start = level + 1, start >> _HEIGHT


@dataclass(frozen=True)
class Tree:
    """A tree of ``size`` leaves, read from tiles: its root, and proofs within it."""

    size: int
    read: ReadTile

    def root(self) -> bytes:
        """Return the root; that of the empty tree is SHA-256 of nothing."""
        return self._hash(0, self.size) if self.size else EMPTY_ROOT

    def inclusion(self, index: int) -> list[bytes]:
        """Return PATH(index, D[size]) of RFC 6962, 2.1.1, from the leaf's sibling up."""
        if not 0 <= index < self.size:
            message = f"the tree has {self.size} entries, none of number {index}"
            raise IndexError(message)
        path, start, end = [], 0, self.size
        while end - start > 1:
            middle = start + _split_at(end - start)
            if index < middle:
                path.append(self._hash(middle, end))
                end = middle
            else:
                path.append(self._hash(start, middle))
                start = middle
        return path[::-1]

    def consistency(self, old: int) -> list[bytes]:
        """Return PROOF(old, D[size]) of RFC 6962, 2.1.2; empty from nothing and from itself."""
        if not 0 <= old <= self.size:
            message = f"the tree has {self.size} entries, not yet {old}"
            raise IndexError(message)
        if old in (0, self.size):
            return []
        path, start, end, whole = [], 0, self.size, True
        while old != end:
            middle = start + _split_at(end - start)
            if old <= middle:
                path.append(self._hash(middle, end))
                end = middle
            else:
                path.append(self._hash(start, middle))
                start, whole = middle, False
        return path[::-1] if whole else [self._hash(start, end), *path[::-1]]

    def _hash(self, start: int, end: int) -> bytes:
        """Return MTH(D[start:end]) of a range that RFC 6962 splits the tree into."""
        count = end - start
        if count & (count - 1):
            middle = start + _split_at(count)
            return node_hash(self._hash(start, middle), self._hash(middle, end))
        level, height = divmod(count.bit_length() - 1, _HEIGHT)
        first = start >> (level * _HEIGHT)
        number, offset = divmod(first, WIDTH)
        width = min(WIDTH, (self.size >> (level * _HEIGHT)) - number * WIDTH)
        tile = self.read(level, number, width)
        part = tile[offset * HASH_SIZE : (offset + (1 << height)) * HASH_SIZE]
        return root_of(_split(part))


def _split_at(count: int) -> int:
    """Return the largest power of two below ``count``."""
    return 1 << (count - 1).bit_length() - 1


def _split(hashes: bytes) -> Iterator[bytes]:
    return (hashes[i : i + HASH_SIZE] for i in range(0, len(hashes), HASH_SIZE))


def bundle(entries: Sequence[bytes]) -> bytes:
    """Return entries as a bundle: each behind its length, 16 bits big-endian."""
    return b"".join(len(one).to_bytes(2, "big") + one for one in entries)


def unbundle(raw: bytes) -> list[bytes]:
    """Return the entries of a bundle; raises `ValueError` when it is cut off."""
    entries, at = [], 0
    while at < len(raw):
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if at + 2 > len(raw) or end > len(raw):
            message = "the bundle ends within an entry"
            raise ValueError(message)
        entries.append(raw[at + 2 : end])
        at = end
    return entries

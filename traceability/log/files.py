"""The log as static files in a folder, just as outsiders fetch them (c2sp.org/tlog-tiles).

Made from the entries and can be made again; a web server may serve the folder as it is.
A file appears whole or not at all, and is on disk before a checkpoint speaks of it.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from domain.errors import StoreUnavailable
from traceability.log.durable import sync, write_whole
from traceability.log.merkle import HASH_SIZE
from traceability.log.tiles import WIDTH, Tile, Tree, bundle, tile_path

CHECKPOINT = "checkpoint"


class LogFiles:
    """Tiles, bundles of entries and the checkpoint below ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def tree(self, size: int) -> Tree:
        """Return the tree of the first ``size`` entries."""
        return Tree(size, self.read_tile)

    def read_tile(self, level: int, number: int, width: int) -> bytes:
        """Return at least ``width`` hashes of a tile; raises `StoreUnavailable`."""
        for path, wide in self._found(level, number, width):
            raw = _read(path)
            if len(raw) == wide * HASH_SIZE:
                return raw
        message = f"{self.root / tile_path(level, number, width)} is missing or cut off"
        raise StoreUnavailable(message)

    def _found(self, level: int | str, number: int, width: int) -> Iterator[tuple[Path, int]]:
        """Yield the files that hold a tile of at least ``width``: exactly, whole, or wider."""
        full = self.root / tile_path(level, number)
        parts = full.with_name(full.name + ".p")
        if width < WIDTH and (parts / str(width)).exists():
            yield parts / str(width), width
        if full.exists():
            yield full, WIDTH
        for path in parts.glob("[0-9]*"):
            if path.name.isdigit() and width < int(path.name) < WIDTH:
                yield path, int(path.name)

    def write_tiles(self, tiles: Iterable[Tile]) -> None:
        """Write tiles, each durable."""
        folders = set()
        for tile in tiles:
            folders.add(self._write(tile_path(tile.level, tile.number, tile.width), tile.hashes))
            self._forget_parts(tile.level, tile.number, tile.width)
        sync(folders)

    def write_bundles(self, first: int, entries: Sequence[bytes]) -> None:
        """Write entries as bundles, the first of them number ``first``, each durable."""
        folders = set()
        for number, offset in enumerate(range(0, len(entries), WIDTH), first):
            some = entries[offset : offset + WIDTH]
            folders.add(self._write(tile_path("entries", number, len(some)), bundle(some)))
            self._forget_parts("entries", number, len(some))
        sync(folders)

    def checkpoint(self) -> str | None:
        """Return the published checkpoint, None when there is none."""
        path = self.root / CHECKPOINT
        return path.read_text("utf-8") if path.exists() else None

    def write_checkpoint(self, note: str) -> None:
        """Publish a checkpoint, in one step for all who read it."""
        sync({self._write(CHECKPOINT, note.encode())})

    def _forget_parts(self, level: int | str, number: int, width: int) -> None:
        """Delete the partial tiles that a full one has replaced; readers fall back on it."""
        if width == WIDTH:
            full = self.root / tile_path(level, number)
            shutil.rmtree(full.with_name(full.name + ".p"), ignore_errors=True)

    def _write(self, name: str, raw: bytes) -> Path:
        return write_whole(self.root / name, raw)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""  # a part that a whole one has just replaced

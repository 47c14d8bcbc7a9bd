"""The tree against published proofs, and against itself at every size."""

import base64
import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import VerificationFailed
from traceability.log.merkle import (
    EMPTY_ROOT,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
    root_of,
)
from traceability.log.tiles import Tree, bundle, grow, tile_path, unbundle

VECTORS = Path(__file__).parents[4] / "shared" / "vectors" / "merkle_proofs.json"
LEAVES = [leaf_hash(b"%d" % i) for i in range(70_000)]


def _raw(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def _published(kind: str) -> list[dict[str, Any]]:
    if not VECTORS.exists():
        pytest.skip(f"the published proofs are not at {VECTORS}")
    return list(json.loads(VECTORS.read_text())[kind])


def _passes(check: Callable[[], None]) -> bool:
    try:
        check()
    except VerificationFailed:
        return False
    return True


def test_published_inclusion_proofs_are_judged_as_published() -> None:
    for c in _published("inclusion"):
        proof = [_raw(one) for one in c["proof"] or []]
        leaf, root = _raw(c["leafHash"]), _raw(c["root"])
        passed = _passes(lambda: check_inclusion(c["leafIdx"], c["treeSize"], leaf, proof, root))  # noqa: B023 - called at once
        assert passed is not c["wantErr"], c


def test_published_consistency_proofs_are_judged_as_published() -> None:
    for c in _published("consistency"):
        proof = [_raw(one) for one in c["proof"] or []]
        roots = _raw(c["root1"]), _raw(c["root2"])
        passed = _passes(lambda: check_consistency(c["size1"], c["size2"], proof, *roots))  # noqa: B023 - called at once
        assert passed is not c["wantErr"], c


def test_the_hashes_are_those_of_the_rfc() -> None:
    assert EMPTY_ROOT == hashlib.sha256().digest() == root_of([])
    one, two, three = (leaf_hash(x) for x in (b"a", b"b", b"c"))
    assert one == hashlib.sha256(b"\0a").digest()
    assert root_of([one, two, three]) == node_hash(node_hash(one, two), three)


class Disk:
    """Tiles by level and number, refusing to give what a reader may not rely on."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.size = 0

    def read(self, level: int, number: int, width: int) -> bytes:
        tile = self.tiles[level, number]
        assert len(tile) >= width * 32
        return tile

    def add(self, count: int) -> None:
        for tile in grow(self.size, self.read, LEAVES[self.size : self.size + count]):
            assert len(tile.hashes) == tile.width * 32
            self.tiles[tile.level, tile.number] = tile.hashes
        self.size += count

    def tree(self) -> Tree:
        return Tree(self.size, self.read)


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts() -> None:
    disk = Disk()
    disk.add(70_000)
    widths = {level: 0 for level, _ in disk.tiles}
    for (level, _), tile in disk.tiles.items():
        widths[level] += len(tile) // 32
    assert widths == {0: 70_000, 1: 273, 2: 1}
    assert len(disk.tiles[1, 1]) == 17 * 32
    assert len(disk.tiles[0, 273]) == 112 * 32
    assert disk.tree().root() == root_of(LEAVES)


@given(st.lists(st.integers(1, 700), min_size=1, max_size=12), st.randoms())
def test_every_proof_from_tiles_passes_and_no_other_leaf_does(
    steps: list[int], rng: random.Random
) -> None:
    disk = Disk()
    for step in steps:
        disk.add(step)
    tree, root = disk.tree(), root_of(LEAVES[: disk.size])
    assert tree.root() == root
    index, old = rng.randrange(disk.size), rng.randrange(disk.size + 1)
    check_inclusion(index, disk.size, LEAVES[index], tree.inclusion(index), root)
    check_consistency(old, disk.size, tree.consistency(old), root_of(LEAVES[:old]), root)
    with pytest.raises(VerificationFailed):
        check_inclusion(index, disk.size, LEAVES[disk.size], tree.inclusion(index), root)


def test_beyond_the_tree_there_is_no_proof() -> None:
    disk = Disk()
    disk.add(3)
    with pytest.raises(IndexError, match="3 entries"):
        disk.tree().inclusion(3)
    with pytest.raises(IndexError, match="3 entries"):
        disk.tree().consistency(4)


@pytest.mark.parametrize(
    ("number", "width", "path"),
    [
        (0, 256, "tile/0/000"),
        (1_234_067, 256, "tile/0/x001/x234/067"),
        (273, 112, "tile/0/273.p/112"),
        (1_000, 1, "tile/0/x001/000.p/1"),
    ],
)
def test_paths_are_those_of_the_specification(number: int, width: int, path: str) -> None:
    assert tile_path(0, number, width) == path


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_come_apart_again(entries: list[bytes]) -> None:
    assert unbundle(bundle(entries)) == entries


def test_a_bundle_cut_off_is_said_to_be() -> None:
    for raw in (b"\0", bundle([b"abc"])[:-1], bundle([b"abc"]) + b"\0\x05x"):
        with pytest.raises(ValueError, match="ends within"):
            unbundle(raw)

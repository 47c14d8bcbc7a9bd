"""The Merkle tree of RFC 6962: hashes, and checking proofs that others made.

Leaves and inner nodes are hashed with different prefixes, so that neither passes for the
other (section 2.1). Hashes are SHA-256, 32 bytes.
"""

import hashlib
from collections.abc import Iterable, Sequence

from domain.errors import VerificationFailed

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
_LONGEST = 64


def leaf_hash(entry: bytes) -> bytes:
    """Return MTH({d(0)}): the hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return MTH(D) of leaf hashes in their order; that of none is SHA-256 of nothing.

    Holds one hash a level, so that any number of leaves may stream through.
    """
    stack: list[tuple[int, bytes]] = []
    for leaf in leaves:
        height, whole = 0, leaf
        while stack and stack[-1][0] == height:
            whole = node_hash(stack.pop()[1], whole)
            height += 1
        stack.append((height, whole))
    if not stack:
        return EMPTY_ROOT
    root = stack.pop()[1]
    while stack:
        root = node_hash(stack.pop()[1], root)
    return root


def check_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf is in the tree of a root (RFC 9162, 2.1.3.2).

    ``proof`` goes from the leaf's sibling up. Raises `VerificationFailed`, step ``inclusion``.
    """
    if not 0 <= index < size:
        raise VerificationFailed("inclusion", f"an entry before number {size}", f"number {index}")
    _require_hashes("inclusion", [leaf, root, *proof])
    found = leaf
    for sibling, is_left in zip(
        proof, _sides("inclusion", index, size - 1, len(proof)), strict=True
    ):
        found = node_hash(sibling, found) if is_left else node_hash(found, sibling)
    if found != root:
        raise VerificationFailed("inclusion", f"root {root.hex()}", found.hex())


def check_consistency(
    old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Check that a tree begins with an older one of ``old`` entries (RFC 9162, 2.1.4.2).

    Raises `VerificationFailed`, step ``consistency``.
    """
    if not 0 <= old <= new:
        raise VerificationFailed("consistency", f"at least {old} entries", f"{new}")
    _require_hashes("consistency", [old_root, new_root, *proof])
    if old in (0, new):
        _check_trivial(old, new, proof, old_root, new_root)
        return
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise VerificationFailed("consistency", "a proof", "none")
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    sides = _sides("consistency", at, last, len(path) - 1)
    for hashed, is_left in zip(path[1:], sides, strict=True):
        if is_left:
            before, after = node_hash(hashed, before), node_hash(hashed, after)
        else:
            after = node_hash(after, hashed)
    if before != old_root:
        raise VerificationFailed("consistency", f"old root {old_root.hex()}", before.hex())
    if after != new_root:
        raise VerificationFailed("consistency", f"new root {new_root.hex()}", after.hex())


def _sides(step: str, at: int, last: int, count: int) -> list[bool]:
    """Return of each hash of a proof whether it stands left of what is hashed so far.

    ``at`` is where the way up begins, ``last`` the last place of its level; a way that is not
    ``count`` hashes long raises `VerificationFailed`.
    """
    sides = []
    for _ in range(count):
        if last == 0:
            raise VerificationFailed(step, "a shorter proof", f"{count} hashes")
        is_left = bool(at & 1) or at == last
        if is_left:
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
        sides.append(is_left)
    if last:
        raise VerificationFailed(step, "a longer proof", f"{count} hashes")
    return sides


def _check_trivial(
    old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    if proof:
        raise VerificationFailed("consistency", "an empty proof", f"{len(proof)} hashes")
    wanted = EMPTY_ROOT if old == 0 else new_root
    if old_root != wanted:
        raise VerificationFailed("consistency", f"old root {wanted.hex()}", old_root.hex())
    if new == 0 and new_root != EMPTY_ROOT:
        raise VerificationFailed("consistency", f"root {EMPTY_ROOT.hex()}", new_root.hex())


def _require_hashes(step: str, hashes: Sequence[bytes]) -> None:
    if len(hashes) > _LONGEST + 2:
        raise VerificationFailed(step, f"at most {_LONGEST} hashes", f"{len(hashes)}")
    for one in hashes:
        if len(one) != HASH_SIZE:
            raise VerificationFailed(step, f"hashes of {HASH_SIZE} bytes", f"{len(one)} bytes")

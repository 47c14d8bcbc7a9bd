"""Reading somebody's log by its files, from a folder or over a network: what a monitor does.

Nothing that is read is believed: a tile counts only for what it hashes to under a signed
checkpoint.
"""

from collections.abc import Callable
from functools import cached_property

from domain.errors import InvalidInput, VerificationFailed
from domain.os_errors import told
from traceability.log.checkpoint import Checkpoint, Policy, open_checkpoint
from traceability.log.merkle import HASH_SIZE, check_consistency, check_inclusion, leaf_hash
from traceability.log.tiles import WIDTH, Tree, tile_path, unbundle

# A path below the log's address, and the most bytes wanted; raises OSError when it is not there.
Fetch = Callable[[str, int], bytes]
_MOST_CHECKPOINT, _MOST_BUNDLE = 100_000, WIDTH * 65_537


class LogReader:
    """A log as it is published now, held to a policy.

    Raises `VerificationFailed`, step ``log``, for what is not as it must be, and `InvalidInput`
    where nothing can be read, which says nothing of the log.
    """

    def __init__(self, fetch: Fetch, policy: Policy) -> None:
        self._fetch, self._policy = fetch, policy
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._bundles: dict[int, list[bytes]] = {}

    @cached_property
    def note(self) -> str:
        """The newest checkpoint as it was fetched, believed or not."""
        return self._get("checkpoint", _MOST_CHECKPOINT).decode(errors="replace")

    @cached_property
    def now(self) -> Checkpoint:
        """The newest checkpoint, signed as the policy asks."""
        try:
            return open_checkpoint(self.note, self._policy).checkpoint
        except VerificationFailed as error:
            raise VerificationFailed("log", error.expected, error.found) from error

    @cached_property
    def tree(self) -> Tree:
        """The tree under the newest checkpoint."""
        return Tree(self.now.size, self._tile)

    def require_continues(self, older: Checkpoint) -> None:
        """Raise `VerificationFailed` unless the log now begins with what it was then."""
        if older.size > self.now.size:
            expected = f"a log of at least {older.size} entries"
            raise VerificationFailed("log", expected, f"{self.now.size}: it was rolled back")
        proof = self.tree.consistency(older.size)
        try:
            check_consistency(older.size, self.now.size, proof, older.root, self.now.root)
        except VerificationFailed as error:
            expected = f"a log that begins with the {older.size} entries it had"
            raise VerificationFailed("log", expected, f"another history ({error})") from error

    def require_leaf(self, number: int, leaf: bytes) -> None:
        """Raise `VerificationFailed` unless an entry of that hash stands at that place."""
        try:
            proof = self.tree.inclusion(number)
            check_inclusion(number, self.now.size, leaf, proof, self.now.root)
        except (VerificationFailed, IndexError) as error:
            expected = f"at number {number} the entry {leaf.hex()}"
            raise VerificationFailed("log", expected, str(error)[:160]) from error

    def entry(self, number: int) -> bytes:
        """Return the entry at a place, checked."""
        which, offset = divmod(number, WIDTH)
        if which not in self._bundles:
            self._bundles[which] = self._checked(which)
        entries = self._bundles[which]
        if offset >= len(entries):
            raise VerificationFailed("log", f"an entry number {number}", "none")
        return entries[offset]

    def _checked(self, which: int) -> list[bytes]:
        """Return a bundle whose entries hash to their tile, and that to the root.

        A proof of one leaf is made of its whole tile, so one stands for all of them.
        """
        width = max(1, min(WIDTH, self.now.size - which * WIDTH))
        path = tile_path("entries", which, width)
        try:
            entries = unbundle(self._get(path, _MOST_BUNDLE))[:width]
        except ValueError as error:
            raise VerificationFailed("log", f"entries in {path}", str(error)) from error
        leaves = [leaf_hash(entry) for entry in entries]
        tile = self._tile(0, which, width)[: width * HASH_SIZE]
        if b"".join(leaves) != tile:
            raise VerificationFailed("log", f"{width} entries as hashed", f"others in {path}")
        self.require_leaf(which * WIDTH, leaves[0])
        return entries

    def _tile(self, level: int, number: int, width: int) -> bytes:
        if (level, number) not in self._tiles:
            path = tile_path(level, number, width)
            tile = self._get(path, WIDTH * HASH_SIZE)
            if len(tile) < width * HASH_SIZE:
                raise VerificationFailed("log", f"{width} hashes in {path}", f"{len(tile)} bytes")
            self._tiles[level, number] = tile
        return self._tiles[level, number]

    def _get(self, path: str, most: int) -> bytes:
        try:
            return self._fetch(path, most)
        except OSError as error:
            message = f"the log cannot be read: {told(error, path)}"
            raise InvalidInput(message[:300], "log") from error

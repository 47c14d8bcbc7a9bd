"""Publishing the log: tiles of what was logged, then a checkpoint over them.

A checkpoint is a promise never to be taken back, so nothing is signed that does not
continue what was signed before, and nothing while the published files know more than we
do: then the records were rolled back, and signing would show two histories.
"""

from collections.abc import Callable

from domain.errors import StoreRefused
from store.records import Records
from store.records.log import SignedHead
from traceability.log.checkpoint import Checkpoint, parse_checkpoint
from traceability.log.files import LogFiles
from traceability.log.key import NamedKey
from traceability.log.merkle import HASH_SIZE, leaf_hash
from traceability.log.note import Note, parse_note, sign
from traceability.log.tiles import WIDTH, grow

_AT_ONCE = 64 * WIDTH


def publish(
    records: Records, files: LogFiles, key: NamedKey, say: Callable[[str], None] = lambda _: None
) -> SignedHead:
    """Publish everything logged so far; return the checkpoint over it, signed.

    May run in several processes at once: all write the same files. Files that are gone are
    made again. Raises `StoreRefused` when what was signed or published before is not the
    beginning of what is logged now.
    """
    with records.reading() as transaction:
        size, head = transaction.log.size(), transaction.log.head()
    shown = _shown(files)
    _require_not_rolled_back(size, max(shown, 0 if head is None else head.size))
    _write_all(records, files, (shown, size), say)
    if head is None or size > head.size:
        head = _sign(records, files, key, size)
    else:
        _require_root(files, head)
    if files.checkpoint() != head.note and _shown(files) <= head.size:
        files.write_checkpoint(head.note)
    return head


def show_signed(
    records: Records, files: LogFiles, say: Callable[[str], None] = lambda _: None
) -> SignedHead | None:
    """Make the files of a log as far as it was signed, and sign nothing; return that checkpoint.

    For a copy that nobody shall mistake for the log. Raises `StoreRefused` as :func:`publish`.
    """
    with records.reading() as transaction:
        size, head = transaction.log.size(), transaction.log.head()
    if head is None:
        return None
    _require_not_rolled_back(size, head.size)
    _write_all(records, files, (_shown(files), head.size), say)
    _require_root(files, head)
    files.write_checkpoint(head.note)
    return head


def _write_all(
    records: Records, files: LogFiles, span: tuple[int, int], say: Callable[[str], None]
) -> None:
    for first in range(*span, _AT_ONCE):
        end = min(span[1], first + _AT_ONCE)
        _write(records, files, first, end)
        say(f"{end} of {span[1]} entries")


def _shown(files: LogFiles) -> int:
    """Return how many entries the published checkpoint is over, 0 when there is none."""
    raw = files.checkpoint()
    return 0 if raw is None else parse_checkpoint(parse_note(raw)).size


def _write(records: Records, files: LogFiles, first: int, end: int) -> None:
    """Write the tiles and bundles that the entries from ``first`` to ``end`` change."""
    start = first - first % WIDTH
    with records.reading() as transaction:
        entries = [one.entry for one in transaction.log.entries(start, end)]
    leaves = [leaf_hash(entry) for entry in entries]
    if first > start:
        there = files.read_tile(0, start // WIDTH, first - start)
        if b"".join(leaves[: first - start]) != there[: (first - start) * HASH_SIZE]:
            message = f"of the log's entries {start} to {first - 1} some are not what was published"
            raise StoreRefused(message)
    files.write_bundles(start // WIDTH, entries)
    files.write_tiles(grow(first, files.read_tile, leaves[first - start :]))


def _sign(records: Records, files: LogFiles, key: NamedKey, size: int) -> SignedHead:
    """Sign the tree of ``size``, unless somebody has signed as much meanwhile."""
    root = files.tree(size).root()
    with records.transaction() as transaction:
        transaction.log.lock()
        newest = transaction.log.head()
        if newest is not None:
            if newest.size >= size:
                return newest
            _require_root(files, newest)
        text = Checkpoint(key.name, size, root).text()
        head = SignedHead(size, root, Note(text, (sign(key.private, key.name, text),)).encode())
        transaction.log.add_head(head)
    return head


def _require_not_rolled_back(size: int, known: int) -> None:
    if known > size:
        message = (
            f"a checkpoint over {known} entries was signed, the records have {size}: they were"
            " rolled back. Nothing is signed; bring the newer records back"
        )
        raise StoreRefused(message)


def _require_root(files: LogFiles, head: SignedHead) -> None:
    if files.tree(head.size).root() != head.root:
        message = f"the log's first {head.size} entries are not what was signed; nothing is signed"
        raise StoreRefused(message)

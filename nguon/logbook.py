"""``nguon log``: how long the log is, what is shown of it, and showing it again."""

import argparse

from firmware_sim.__main__ import progress
from nguon import settings as config
from nguon.compose import log_key, stores
from nguon.published import published
from nguon.witness import witnesses
from traceability.log.adopt import adopt
from traceability.log.checkpoint import Policy
from traceability.log.files import LogFiles
from traceability.log.note import parse_note
from traceability.log.publish import publish
from traceability.log.reader import LogReader
from traceability.log.witnessing import gather


def add_log(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``log`` with its own three."""
    parser = verbs.add_parser(
        "log",
        help="publish the log of claims, or say how far it is",
        description="The log holds every claim in the order in which it was made; outsiders read"
        " it as files (c2sp.org/tlog-tiles). The watcher publishes it; this does so by hand, for"
        " example into a new folder.",
    )
    inner = parser.add_subparsers(required=True, metavar="status | publish | adopt")
    status = inner.add_parser("status", help="entries, the newest checkpoint, its signatures")
    status.set_defaults(verb=_status)
    shows = inner.add_parser("publish", help="write what is missing of the files, sign, be seen")
    shows.set_defaults(verb=_publish)
    adopts = inner.add_parser(
        "adopt",
        help="go on from the published log, after records came back from an older backup",
        description="Take into the records the entries that were published and that they lack, each"
        " checked against the signed checkpoint. What those speak of may be gone; `nguon fsck` then"
        " says so. Without this nothing is signed any more, and with it nothing is taken back.",
    )
    adopts.add_argument(
        "--from", dest="source", metavar="URL|DIR",
        help="where the log is published (default: the folder of NGUON_LOG_DIR)",
    )  # fmt: skip
    adopts.set_defaults(verb=_adopt)


def _adopt(options: argparse.Namespace) -> int:
    loaded = config.load().settings
    key = log_key(loaded)
    fetch = published(options.source or str(loaded.log_folder()))
    with stores(loaded) as opened:
        reader = LogReader(fetch, Policy(key.name, (key.log(),)))
        count = adopt(opened.records, reader, progress)
        progress("")
        head = publish(opened.records, LogFiles(loaded.log_folder()), key, progress)
    print(f"{count} entries were taken up; the log goes on from {head.size}. Now run: nguon fsck")
    return 0


def _status(_options: argparse.Namespace) -> int:
    loaded = config.load().settings
    with stores(loaded) as opened, opened.records.reading() as transaction:
        size, head = transaction.log.size(), transaction.log.head()
    print(f"log {log_key(loaded).log().vkey()}")
    signed = 0 if head is None else head.size
    if signed > size:
        print(f"ROLLED BACK: {signed} entries were signed; bring newer records back, or adopt")
    print(f"{size} entries, {max(0, size - signed)} of them under no checkpoint yet")
    shown = LogFiles(loaded.log_folder()).checkpoint()
    print(shown if shown is not None else f"nothing is published in {loaded.log_folder()}")
    return 0


def _publish(_options: argparse.Namespace) -> int:
    loaded = config.load().settings
    key, files = log_key(loaded), LogFiles(loaded.log_folder())
    with stores(loaded) as opened:
        head = publish(opened.records, files, key, progress)
        progress("")
        gather(opened.records, files, witnesses(loaded))
    shown = parse_note(files.checkpoint() or head.note)
    count = len(shown.signatures) - 1
    print(f"{head.size} entries are published in {files.root}, signed by {count} witnesses")
    return 0

"""``nguon log``: how long the log is, what is shown of it, and showing it again."""

import argparse

from firmware_sim.__main__ import progress
from nguon import settings as config
from nguon.compose import log_key, stores
from nguon.witness import witnesses
from traceability.log.files import LogFiles
from traceability.log.publish import publish
from traceability.log.witnessing import gather


def add_log(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``log`` with its own two."""
    parser = verbs.add_parser(
        "log",
        help="publish the log of claims, or say how far it is",
        description="The log holds every claim in the order in which it was made; outsiders read"
        " it as files (c2sp.org/tlog-tiles). The watcher publishes it; this does so by hand, for"
        " example into a new folder.",
    )
    inner = parser.add_subparsers(required=True, metavar="status | publish")
    status = inner.add_parser("status", help="entries, the newest checkpoint, its signatures")
    status.set_defaults(verb=_status)
    shows = inner.add_parser("publish", help="write what is missing of the files, sign, be seen")
    shows.set_defaults(verb=_publish)


def _status(_options: argparse.Namespace) -> int:
    loaded = config.load().settings
    with stores(loaded) as opened, opened.records.reading() as transaction:
        size, head = transaction.log.size(), transaction.log.head()
    print(f"log {log_key(loaded).log().vkey()}")
    signed = 0 if head is None else head.size
    print(f"{size} entries, {size - signed} of them under no checkpoint yet")
    shown = LogFiles(loaded.log_folder()).checkpoint()
    print(shown if shown is not None else f"nothing is published in {loaded.log_folder()}")
    return 0


def _publish(_options: argparse.Namespace) -> int:
    loaded = config.load().settings
    key, files = log_key(loaded), LogFiles(loaded.log_folder())
    with stores(loaded) as opened:
        head = publish(opened.records, files, key, progress)
        progress("")
        count = gather(opened.records, files, witnesses(loaded))
    print(f"{head.size} entries are published in {files.root}, signed by {count} witnesses")
    return 0

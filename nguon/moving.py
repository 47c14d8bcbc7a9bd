"""``nguon store``: move house to another time-series store, compare two, let old readings go."""

import argparse
import sys
import time

from domain.errors import BadSettings
from firmware_sim.__main__ import progress
from nguon import settings as config
from nguon.compose import open_series
from nguon.dropping import add_drop
from nguon.settings import file_of
from store.archive import copy
from store.compare import differences
from store.series import Series

_SHOWN = 20


def add_store(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``store``."""
    parser = verbs.add_parser(
        "store", help="move house to another time-series store, or let old readings go",
        description="Move all readings to another time-series store, compare two, or let old"
        " readings go.",
    )  # fmt: skip
    parts = parser.add_subparsers(required=True, metavar="WHAT")
    moving = parts.add_parser(
        "copy",
        help="carry everything from one store to another",
        description="Carry every reading, flag, conflict, cycle, ledger, roll-up and quarantined"
        " message from one store to another, and compare them at the end, by series and day."
        " Cut short, it goes on where it was when it is said again. Nothing should write to either"
        " store meanwhile: stop ingest, the broker keeps what comes.",
        epilog="SQLite (sqlite:///FILE) and PostgreSQL (postgresql://…), with TimescaleDB or"
        " without, in any direction. The records are another store, and stay where they are."
        " Exit status: 0 equal, 1 they differ, 2 an error.",
    )
    moving.add_argument(
        "--from", dest="source", metavar="URL", help="where it is now (NGUON_SERIES_URL)"
    )
    moving.add_argument("--to", dest="target", metavar="URL", required=True, help="where it goes")
    how = moving.add_mutually_exclusive_group()
    how.add_argument("--compare", action="store_true", help="copy nothing, only compare")
    how.add_argument("--dry-run", action="store_true", help="say what would be copied, and end")
    moving.set_defaults(verb=_copy)
    add_drop(parts)


def _copy(options: argparse.Namespace) -> int:
    source_url = options.source or config.load().settings.series()
    if source_url == options.target:
        message = "--from and --to are the same store"
        raise BadSettings(message)
    source = _open(source_url, new=False)
    try:
        if options.dry_run:
            return _say_what(source)
        target = _open(options.target, new=not options.compare)
        try:
            return _carry(source, target, compare_only=options.compare)
        finally:
            target.close()
    finally:
        source.close()


def _open(url: str, *, new: bool) -> Series:
    path = file_of(url)
    if not new and path is not None and not path.exists():
        message = f"{path} is not there"
        raise BadSettings(message)
    return open_series(url, new=new)


def _say_what(source: Series) -> int:
    tally = source.tally()
    print(
        f"would copy {tally.readings:,} readings in {tally.frames:,} cycles, with"
        f" {tally.conflicts:,} conflicts and {tally.quarantined:,} quarantined messages"
    )
    return 0


def _carry(source: Series, target: Series, *, compare_only: bool) -> int:
    ours, theirs = source.archive(), target.archive()
    if not compare_only:
        begun, began_s = theirs.last(), time.monotonic()
        if begun:
            print(f"going on after cycle {begun:,}", file=sys.stderr)
        done = copy(ours, theirs, progress)
        progress("")
        print(f"{done:,} cycles copied in {time.monotonic() - began_s:,.0f} s")
    found = list(differences(ours, theirs, progress))
    progress("")
    for line in found[:_SHOWN]:
        print(line)
    if len(found) > _SHOWN:
        print(f"… and {len(found) - _SHOWN:,} more")
    if found:
        print("they differ; was something writing meanwhile? Say the same again to catch up")
        return 1
    tally = target.tally()
    print(f"equal: {tally.readings:,} readings in {tally.frames:,} cycles, and all tables")
    return 0

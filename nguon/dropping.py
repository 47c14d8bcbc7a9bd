"""``nguon store drop``: old readings into archive files, into the log, and out of the store."""

import argparse
from pathlib import Path

from domain.errors import InvalidInput
from domain.window import day_window, from_ms, print_instant
from firmware_sim.__main__ import progress
from firmware_sim.arguments import day
from nguon import settings as config
from nguon.compose import UTC_ZONE, Stores, now_ms, stores
from store.retention import whole_parts
from traceability.evidence.dropping import let_go


def add_drop(parts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``drop`` to the verb ``store``."""
    parser = parts.add_parser(
        "drop",
        help="archive readings from before a day, say so in the log, and let them go",
        description="Let the readings from before a day go, for good, in whole parts of 30 days."
        " Each device's days are written to an archive file first, shown to be as they were"
        " logged, and read back; an entry of the public log names every file and its SHA-256; only"
        " then the store drops them. What they said stays: roll-ups, passports, the log. Nothing"
        " is dropped that no logged day holds, and a dropped day is never logged anew.",
        epilog="Keep the files: `nguon fsck --archive` makes the days again from them, `nguon proof"
        " --archive` puts them beside a proof. A lot over these days gets no new passport."
        " Cut short, or refused since something has just come, say it again. Exit status: 0"
        " dropped, 2 refused or an error, and nothing is deleted.",
    )
    parser.add_argument(
        "--before", type=day, metavar="DAY", required=True,
        help="the first day to keep, 2026-06-01 (UTC); the part it lies in stays whole",
    )  # fmt: skip
    parser.add_argument(
        "--archive", type=Path, metavar="FOLDER", required=True,
        help="where to write the files; nothing is overwritten",
    )  # fmt: skip
    parser.add_argument(
        "--yes", action="store_true",
        help="do it; without this, only what would go is said",
    )  # fmt: skip
    parser.set_defaults(verb=_drop)


def _foretell(opened: Stores, bound_ms: int, folder: Path) -> int:
    """Say what would go, and which seasons would get no new passport."""
    until_ms = whole_parts(bound_ms)
    since_ms = opened.series.kept_since()
    if until_ms <= since_ms:
        print("Nothing would go: readings go in whole parts of 30 days, and no part more is over.")
        return 0
    print(f"Readings from before {print_instant(until_ms)} would go, archived in {folder} first.")
    first = from_ms(until_ms).date()
    with opened.records.reading() as transaction:
        running = [
            f"{plot.name} (since {season.started})"
            for plot in transaction.places.plots()
            if (season := transaction.places.season_on(plot.id, from_ms(now_ms()).date()))
            and season.started < first
        ]
    if running:
        print("SEASONS THAT STILL RUN reach back beyond that; their harvests get no new passport:")
        print("\n".join(f"  {one}" for one in running))
    print("Nothing was done. --yes does it, and it cannot be undone.")
    return 0


def _drop(options: argparse.Namespace) -> int:
    bound_ms = day_window(options.before, UTC_ZONE).start_ms
    folder: Path = options.archive
    if bound_ms > now_ms():
        message = f"{options.before} is still to come: which day of the past is the first to keep?"
        raise InvalidInput(message, "before")
    with stores(config.load().settings) as opened:
        if not options.yes:
            return _foretell(opened, bound_ms, folder)
        done = let_go(opened.records, opened.series, bound_ms, folder, now_ms(), progress)
    progress("")
    for one in done.entries:
        print(f"{folder / one.file}: {one.days} days of {one.device}, {one.readings} readings")
    print(f"{done.readings} readings from before {print_instant(done.until_ms)} were dropped;")
    print(f"{len(done.entries)} entries of the log say so. Copy the files to a place of their own.")
    return 0

"""``nguon quarantine``: look at what could not be used, and try it again after a mend."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import NotFound
from domain.properties import observed_properties
from domain.reading import Refusal
from domain.window import print_instant
from firmware_sim.arguments import MOST, whole
from ingest.pipeline import Rules
from ingest.retry import retry
from nguon import settings as config
from nguon.compose import Stores, now_ms, stores
from store.series import Quarantined

_SHOWN = 60


def add_quarantine(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``quarantine`` with its own three."""
    parser = verbs.add_parser(
        "quarantine",
        help="list, show and retry messages that could not be used",
        description="Messages that could not be used are kept with their bytes and the reason."
        " After a mend (a device registered, a channel declared) they can be tried again.",
    )
    inner = parser.add_subparsers(required=True, metavar="list | show | retry")
    lists = inner.add_parser("list", help="one line an entry, newest first")
    lists.add_argument("--reason", metavar="CODE", help="only those refused for this reason")
    lists.add_argument("--mended", action="store_true", help="also those a retry has mended")
    lists.add_argument(
        "--limit", type=whole(1, 100_000), default=50, metavar="N", help="(%(default)s)"
    )
    lists.set_defaults(verb=_list)
    shows = inner.add_parser("show", help="all that is known of one entry, with its bytes")
    shows.add_argument("number", type=whole(1, MOST))
    shows.set_defaults(verb=_show)
    retries = inner.add_parser(
        "retry",
        help="read entries again as they were received",
        description="Read entries again as they were received. Interrupted, it can be run again:"
        " what was kept changes nothing the second time. Exit status 1 while some are refused.",
    )
    retries.add_argument("number", type=whole(1, MOST), nargs="*", help="which ones (all)")
    retries.add_argument("--reason", metavar="CODE", help="only those refused for this reason")
    retries.add_argument("--dry-run", action="store_true", help="say what would be, keep nothing")
    retries.set_defaults(verb=_retry)


def _list(options: argparse.Namespace) -> int:
    with stores(config.load().settings) as opened:
        entries = opened.series.quarantined(
            options.limit, mended=options.mended, reason=options.reason
        )
        counts = opened.series.quarantined_by_reason(mended=options.mended)
    if options.reason is not None:
        counts = {options.reason: counts.get(options.reason, 0)}
    for entry in entries:
        part = f" [{entry.part!a}]" if entry.part else ""
        mended = " mended" if entry.mended_ms is not None else ""
        print(
            f"{entry.id:>6}  {print_instant(entry.last_ms)}  {entry.reason:<16} x{entry.seen:<4}"
            f" {entry.topic!a}{part}{mended}"
        )
    for reason, count in counts.items():
        print(f"{count} {reason}")
    print(f"{sum(counts.values())} in quarantine, {len(entries)} shown")
    return 0


def _show(options: argparse.Namespace) -> int:
    with stores(config.load().settings) as opened:
        entry = _entry(opened, options.number)
    mended = "no" if entry.mended_ms is None else print_instant(entry.mended_ms)
    print(
        f"number   {entry.id}\ntopic    {entry.topic!a}\nreason   {entry.reason}\n"
        f"detail   {entry.detail!a}\npart     {entry.part or '(all of it)'!a}\n"
        f"first    {print_instant(entry.first_ms)}\nlast     {print_instant(entry.last_ms)}\n"
        f"seen     {entry.seen}\nmended   {mended}\npayload  {len(entry.payload)} bytes"
    )
    # Hexadecimal beside text: bytes of strangers must not reach a terminal as they are.
    for start in range(0, len(entry.payload), 16):
        row = entry.payload[start : start + 16]
        text = "".join(chr(b) if 32 <= b < 127 else "." for b in row)
        print(f"{start:08x}  {row.hex(' '):<47}  {text}")
    return 0


def _retry(options: argparse.Namespace) -> int:
    with stores(config.load().settings) as opened:
        with opened.records.reading() as transaction:
            rules = Rules(transaction.devices.register(), observed_properties())
        # The oldest first: a later message may rest on an earlier one.
        numbers = options.number or opened.series.quarantined_numbers(options.reason)
        done = []
        for turn, number in enumerate(numbers, 1):
            entry = _entry(opened, number)
            if options.reason in (None, entry.reason):
                told = retry(opened.series, entry, rules, now_ms(), keep=not options.dry_run)
                done.append(_Done(number, told.fate.new, told.still))
            if sys.stderr.isatty():
                print(f"\r{turn} of {len(numbers)}", end="", file=sys.stderr, flush=True)
    return _told(done, dry=options.dry_run)


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of an entry, without its bytes: there may be very many."""

    number: int
    readings: int
    still: tuple[Refusal, ...]


def _told(done: Sequence[_Done], *, dry: bool) -> int:
    refused = [one for one in done if one.still]
    for one in refused[:_SHOWN]:
        reasons = "; ".join(f"{r.reason}: {r.detail}" for r in one.still)
        print(f"{one.number:>6}  still refused: {reasons!a}")
    readings = sum(one.readings for one in done)
    would = "would be " if dry else ""
    print(
        f"{len(done) - len(refused)} {would}mended, {readings} readings {would}kept,"
        f" {len(refused)} still refused"
    )
    return 1 if refused else 0


def _entry(opened: Stores, number: int) -> Quarantined:
    entry = opened.series.quarantined_entry(number)
    if entry is None:
        message = f"nothing in quarantine has the number {number}"
        raise NotFound(message)
    return entry

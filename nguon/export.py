"""``nguon export``: readings of a plot or a device as one CSV or Parquet file."""

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from district.ledger import zone_of_device
from domain.device import Datastream
from domain.errors import Clash, InvalidInput, NotFound
from domain.ids import DeviceId, PlotId
from domain.os_errors import concerning
from domain.window import Window, days_window, local_day
from firmware_sim.__main__ import progress
from firmware_sim.arguments import day
from nguon import settings as config
from nguon.backup import keep_on_disk
from nguon.compose import UTC_ZONE, Stores, now_ms, stores
from store.columns import COLUMNS
from store.records import Transaction

if TYPE_CHECKING:
    from store.frames import Pieces

_ENDINGS = (".csv", ".parquet")
_Part = tuple[Datastream, Window]


def add_export(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``export``."""
    parser = verbs.add_parser(
        "export",
        help="write readings of a plot or a device to a CSV or Parquet file",
        description="Write every reading of a plot or a device to one file, one row a reading,"
        " with its flag, the tests it failed and all three times. Nothing is left out: what"
        " failed and what is in conflict is there, and says so.",
        epilog=f"Columns: {', '.join(COLUMNS)}. Days are local days where the plot lies.",
    )
    parser.add_argument("file", type=_file, metavar="FILE.csv|FILE.parquet")
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--plot", help="all devices, while they served this plot")
    whose.add_argument("--device", help="one device, wherever it stood")
    parser.add_argument("--property", help="one observed property only, soil_moisture for example")
    parser.add_argument("--since", type=day, metavar="DAY", help="first day, 2026-06-01")
    parser.add_argument("--until", type=day, metavar="DAY", help="last day (today)")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    parser.add_argument(
        "--dry-run", action="store_true", help="name the series that would be written, and end"
    )
    parser.set_defaults(verb=_export)


def _file(text: str) -> Path:
    path = Path(text)
    if path.suffix not in _ENDINGS:
        message = f"a file that ends in .csv or .parquet, not {path.name[:40]!r}"
        raise argparse.ArgumentTypeError(message)
    return path


def _export(options: argparse.Namespace) -> int:
    target: Path = options.file
    if target.exists() and not (options.force or options.dry_run):
        message = f"{target} is there already; --force writes over it"
        raise Clash(message)
    with stores(config.load().settings) as opened:
        with opened.records.reading() as transaction:
            parts = _parts(transaction, options)
        if options.dry_run:
            return _name(parts)
        rows = _write(opened, parts, target)
    progress("")
    print(f"{target}: {rows} readings of {len({s.series for s, _ in parts})} series")
    return 0


def _parts(transaction: Transaction, options: argparse.Namespace) -> list[_Part]:
    """Return the streams asked for, each with its window; raises `NotFound`, `InvalidInput`."""
    if options.plot is not None:
        plot = transaction.places.plot(PlotId.parse(options.plot))
        zone = transaction.places.zone_of(plot, local_day(now_ms(), UTC_ZONE))
        parts = transaction.devices.covering(plot.id, _window(options, zone))
    else:
        register = transaction.devices.register()
        device = register.device(DeviceId.parse(options.device)).id
        window = _window(options, zone_of_device(transaction, device, now_ms()))
        parts = [(stream, window) for stream in register.streams.get(device, {}).values()]
    known = sorted({stream.property for stream, _ in parts})
    if options.property is not None:
        parts = [
            (stream, window) for stream, window in parts if stream.property == options.property
        ]
    if not parts:
        message = f"no such series there; there are {', '.join(known) or 'none at all'}"
        raise NotFound(message)
    return parts


def _window(options: argparse.Namespace, zone: ZoneInfo) -> Window:
    last = options.until or local_day(now_ms(), zone)
    first = options.since or date(1971, 1, 1)
    if first > last:
        message = f"--since {first} is after --until {last}"
        raise InvalidInput(message, "since")
    return days_window(first, last, zone)


def _name(parts: list[_Part]) -> int:
    for stream, window in parts:
        depth = "" if stream.depth_m is None else f" at {stream.depth_m} m"
        days = f"{local_day(window.start_ms, UTC_ZONE)} to {local_day(window.end_ms, UTC_ZONE)}"
        print(f"{stream.device}:{stream.channel} {stream.property}{depth}, {days}")
    return 0


def _write(opened: Stores, parts: list[_Part], target: Path) -> int:
    # pandas takes half a second to import, which no other verb should pay.
    from store.frames import pieces, write_csv, write_parquet  # noqa: PLC0415

    partial = target.with_name(f".{target.name}.partial")
    write = write_csv if target.suffix == ".csv" else write_parquet
    tables = (
        table
        for number, (stream, window) in enumerate(parts, 1)
        for table in _told(pieces(opened.series.read, stream, window), number, len(parts))
    )
    with concerning(target):
        try:
            rows = write(tables, partial)
            partial.replace(target)
            keep_on_disk(target.parent, [target.name])
        finally:
            partial.unlink(missing_ok=True)
    return rows


def _told(tables: "Pieces", number: int, of: int) -> "Pieces":
    for table in tables:
        last = table.iloc[-1]
        where = f"{last['device']}:{last['channel']} until {last['time'].date()}"
        progress(f"series {number} of {of}: {where}")
        yield table

"""``nguon labels runs`` and ``void``: what was printed of a lot, and what of it is void."""

import argparse
from getpass import getuser
from pathlib import Path

from domain.errors import InvalidInput
from domain.gs1 import Gtin, LotNumber, SerialNumber
from domain.label import PrintRun, VoidReason
from domain.lot import Lot
from domain.window import print_instant
from firmware_sim.arguments import whole
from nguon import settings as config
from nguon.compose import now_ms, stores
from store.records import Transaction
from traceability.dossier import require_lot
from traceability.units import typed
from traceability.voiding import Why, of_run, void

_MOST_BYTES = 1_000_000


def add_voids(inner: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add what is done with labels after they were printed."""
    runs = inner.add_parser("runs", help="list what was printed of a lot")
    _add_lot(runs)
    runs.set_defaults(verb=_runs)
    voids = inner.add_parser("void", help="make the serials of spoilt or lost labels void")
    _add_lot(voids)
    which = voids.add_mutually_exclusive_group(required=True)
    which.add_argument("--serials", nargs="+", metavar="SERIAL", help="these")
    which.add_argument("--list", type=Path, metavar="FILE", help="those in a file, one a line")
    which.add_argument("--run", type=whole(1, 10**6), metavar="N", help="those of a print run")
    voids.add_argument("--from", type=whole(1, 10**6), dest="first", metavar="A",
                       help="with --run: from this label on, counted as printed")  # fmt: skip
    voids.add_argument("--to", type=whole(1, 10**6), dest="last", metavar="B",
                       help="with --run: up to this one")  # fmt: skip
    voids.add_argument("--reason", required=True, choices=[one.value for one in VoidReason],
                       help="of destroyed ones alone the weight may be printed anew")  # fmt: skip
    voids.add_argument("--note", default="", metavar="TEXT", help="for the office, not for buyers")
    voids.add_argument("--by", metavar="NAME", help="who says so (whoever is logged in here)")
    voids.set_defaults(verb=_void)


def _add_lot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("gtin", metavar="GTIN", help="14 digits")
    parser.add_argument("lot", metavar="LOT", help="the lot's number")


def _runs(options: argparse.Namespace) -> int:
    with stores(config.load().settings) as opened, opened.records.reading() as transaction:
        runs = transaction.units.runs(_lot(transaction, options))
    for run in runs:
        print(f"run {run.number}, {print_instant(run.printed_ms)}: {_told(run)}")
    if not runs:
        print(f"no labels of lot {options.lot} were printed by this program")
    return 0


def _told(run: PrintRun) -> str:
    if run.unit_kg is None:
        return f"{run.count:,} labels, all alike"
    return f"{run.count:,} units of {run.unit_kg:g} kg, {run.void:,} void"


def _void(options: argparse.Namespace) -> int:
    why = Why.parse(options.reason, options.note)
    if options.run is None and (options.first, options.last) != (None, None):
        message = "--from and --to count the labels of a --run"
        raise InvalidInput(message, "places")
    with stores(config.load().settings) as opened, opened.records.transaction() as transaction:
        lot = _lot(transaction, options)
        serials = _serials(transaction, lot, options)
        made = void(transaction, lot, serials, why, options.by or getuser(), now_ms())
    before = f"; {made.before:,} were so before" if made.before else ""
    print(f"{len(made.units):,} of lot {lot.number} void now: {why.reason}{before}")
    if made.kilograms:
        print(f"{made.kilograms:g} kg may be printed anew")
    elif made.units:
        print("their kilograms may not be printed anew: such a label may still be on something")
    if made.scanned:
        print(f"{made.scanned:,} of them had been scanned before: find out where those are")
    return 0


def _lot(transaction: Transaction, options: argparse.Namespace) -> Lot:
    return require_lot(transaction, Gtin.parse(options.gtin), LotNumber.parse(options.lot))


def _serials(
    transaction: Transaction, lot: Lot, options: argparse.Namespace
) -> list[SerialNumber]:  # fmt: skip
    if options.run is not None:
        return of_run(transaction, lot, options.run, options.first, options.last)
    words = options.serials if options.list is None else _words(options.list)
    return [typed(word) for word in words]


def _words(path: Path) -> list[str]:
    raw = path.read_bytes()
    if len(raw) > _MOST_BYTES:
        message = f"{path} is no list of serials: it has {len(raw):,} bytes"
        raise InvalidInput(message, "serials")
    try:
        return raw.decode("utf-8-sig").split()
    except UnicodeDecodeError as error:
        message = f"{path} is no list of serials: {error}"
        raise InvalidInput(message, "serials") from error

"""``nguon labels``: labels of a lot as a PDF, and the sheet to test a printer with."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from domain.errors import BadSettings, Clash, Refused
from domain.gs1 import Gtin, LotNumber
from domain.label import PrintRun
from domain.lot import Lot, LotState
from domain.os_errors import concerning
from domain.window import local_day
from firmware_sim.__main__ import progress
from firmware_sim.arguments import above_zero, whole
from nguon import settings as config
from nguon.backup import keep_on_disk
from nguon.compose import now_ms, stores
from nguon.label_voids import add_voids
from nguon.settings import Settings
from store.records import Transaction
from traceability.dossier import require_lot
from traceability.standing import standing

if TYPE_CHECKING:
    from traceability.labels.content import Label
    from traceability.labels.setting import Lost

_MOST = 20_000
_Made = TypeVar("_Made")


def add_labels(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``labels`` with its own."""
    parser = verbs.add_parser(
        "labels",
        help="write a lot's labels as a PDF for sheets or rolls",
        description="Write a lot's labels as a PDF to print at 100 %. First print the test sheet"
        " (`nguon labels test a4-3x7 test.pdf`) on plain paper, hold it against the labels and"
        " measure its ruler: a ruler that is not as long as it says means that the printer"
        " scales. Then `nguon labels print GTIN LOT out.pdf --template a4-3x7 --count 42`; on a"
        " sheet of which some labels are gone, --start names the first cell that is left, by"
        " rows from the top left. Lot number and GTIN stand on every label in full, for whoever"
        " types them by hand; lines for which a label has no room are named, and --dry-run names"
        " them before anything is written or spent. `nguon labels units` gives every bag or crate"
        " a serial of its own, drawn at random: never more units than the lot weighs, and each"
        " serial printed once. Each printing is a run: `nguon labels runs GTIN LOT` lists them."
        " Labels that are spoilt, lost or stolen are made void, for good: `nguon labels void GTIN"
        " LOT --run 2 --from 5 --to 12 --reason destroyed`, or --serials S1 S2, or --list FILE."
        " Whoever scans one is told. The reasons are destroyed, spoilt, lost and stolen; only of"
        " destroyed labels may the kilograms be printed anew, since any other may still be stuck"
        " on something.",
        epilog="`nguon labels templates` lists the sheets and rolls.",
    )
    inner = parser.add_subparsers(
        required=True, metavar="templates | test | print | units | runs | void"
    )
    lists = inner.add_parser("templates", help="list the sheets and rolls")
    lists.set_defaults(verb=_list)
    tests = inner.add_parser("test", help="one page of outlines, cell numbers and rulers")
    tests.add_argument("template", metavar="TEMPLATE")
    _add_out(tests)
    tests.add_argument(
        "--lot", nargs=2, metavar=("GTIN", "LOT"), default=None,
        help="name the lines of this lot's labels that have no room (an ordinary lot's)",
    )  # fmt: skip
    tests.set_defaults(verb=_test)
    prints = inner.add_parser("print", help="labels of a lot, all alike")
    _add_lot(prints)
    prints.add_argument(
        "--count", type=whole(1, _MOST), metavar="N", help="how many (one full sheet)"
    )
    prints.set_defaults(verb=_print)
    units = inner.add_parser("units", help="labels of a lot's units, each with its own serial")
    _add_lot(units)
    units.add_argument("--count", type=whole(1, _MOST), required=True, metavar="N", help="how many")
    units.add_argument(
        "--unit-kg", type=above_zero, required=True, metavar="KG", help="what one unit holds"
    )
    units.set_defaults(verb=_units)
    add_voids(inner)


def _add_lot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("gtin", metavar="GTIN", help="14 digits")
    parser.add_argument("lot", metavar="LOT", help="the lot's number")
    _add_out(parser)
    parser.add_argument("--template", default="a4-3x7", help="which sheet or roll (%(default)s)")
    parser.add_argument(
        "--start", type=whole(1, 1_000), default=1, metavar="CELL", help="first cell that is left"
    )
    parser.add_argument(
        "--dry-run", action="store_true",
        help="say what would be printed and left out; write no file, spend no serial",
    )  # fmt: skip


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, metavar="OUT.pdf")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def _list(_options: argparse.Namespace) -> int:
    from traceability.labels.templates import templates  # noqa: PLC0415 - verbs start fast

    for one in templates().values():
        print(f"{one.name:<12} {one.cells:>3} a page  {one.title_vi}\n{'':<24}{one.title_en}")
    return 0


def _test(options: argparse.Namespace) -> int:
    from traceability.labels.content import example  # noqa: PLC0415 - see _list
    from traceability.labels.sheet import write_test  # noqa: PLC0415 - see _list
    from traceability.labels.templates import template  # noqa: PLC0415 - see _list

    chosen, label = template(options.template), example()
    if options.lot is not None:
        options.gtin, options.lot = options.lot
        settings = _addressed()
        with stores(settings) as opened, opened.records.reading() as transaction:
            _, label = _label(transaction, options, settings)
    lost = _write(options, lambda path: write_test(path, chosen, label))
    print(f"{options.out}: print it at 100 % and hold it against the labels")
    _tell(chosen.name, lost)
    return 0


def _print(options: argparse.Namespace) -> int:
    from traceability.labels.sheet import Written, write_lot  # noqa: PLC0415 - see _list
    from traceability.labels.templates import template  # noqa: PLC0415 - see _list
    from traceability.units import note_printed  # noqa: PLC0415 - see _list

    chosen, settings = template(options.template), _addressed()
    with stores(settings) as opened:
        with opened.records.reading() as transaction:
            lot, label = _label(transaction, options, settings)
        count = options.count or max(1, chosen.cells - options.start + 1)

        def write(path: Path) -> Written:
            made = write_lot(path, chosen, label, count, options.start, _teller(count))
            if not options.dry_run:
                with opened.records.transaction() as transaction:
                    note_printed(transaction, lot, count, now_ms())
            return made

        made = _write(options, write)
    progress("")
    print(f"{_where(options)}: {count:,} labels of lot {options.lot} on {made.pages:,} pages")
    print(f"each says {label.link}")
    _tell(chosen.name, made.lost)
    return 0


def _units(options: argparse.Namespace) -> int:
    """Print first, spend then, show last: no label is seen whose serial is not spent."""
    from traceability.labels.content import unit_of  # noqa: PLC0415 - see _list
    from traceability.labels.sheet import Written, write_units  # noqa: PLC0415 - see _list
    from traceability.labels.templates import template  # noqa: PLC0415 - see _list
    from traceability.units import draw, require_room, spend  # noqa: PLC0415 - see _list

    chosen, settings = template(options.template), _addressed()
    with stores(settings) as opened:
        with opened.records.reading() as transaction:
            lot, label = _label(transaction, options, settings)
            require_room(transaction, lot, options.count, options.unit_kg)
        serials = draw(options.count)
        labels = [unit_of(label, serial) for serial in serials]

        def write(path: Path) -> tuple[Written, PrintRun | None]:
            told = _teller(options.count)
            made = write_units(path, chosen, labels, options.start, told)
            if options.dry_run:
                return made, None
            with opened.records.transaction() as transaction:
                return made, spend(transaction, lot, serials, options.unit_kg, now_ms())

        made, run = _write(options, write)
    progress("")
    print(f"{_where(options)}: {options.count:,} units of lot {lot.number} on {made.pages:,} pages")
    if run is not None:
        print(f"print run {run.number}; its serials are spent: a label that is torn needs a new")
        print("one, not this file again, and its own is made void (`nguon labels void`)")
    _tell(chosen.name, made.lost)
    return 0


def _where(options: argparse.Namespace) -> str:
    return "dry run, nothing is written" if options.dry_run else str(options.out)


def _tell(name: str, lost: "Sequence[Lost]") -> None:
    """Say which lines do not stand on the labels: what is missing there nobody sees."""
    for one in lost:
        if one.shown:
            print(f"{name} cuts {one.line.meaning.en}, {one.line.text!r}, to {one.shown!r}")
        else:
            print(f"{name} has no room for {one.line.meaning.en}, {one.line.text!r}")


def _addressed() -> Settings:
    """Return the settings; raises `BadSettings` when labels would lead nowhere."""
    settings = config.load().settings
    if not settings.public_url:
        message = (
            f"NGUON_PUBLIC_URL is empty: labels would lead to {settings.address()}, which buyers"
            " cannot open"
        )
        raise BadSettings(message)
    return settings


def _label(
    transaction: Transaction, options: argparse.Namespace, settings: Settings
) -> "tuple[Lot, Label]":  # fmt: skip
    from traceability.labels.content import label_of  # noqa: PLC0415 - see _list

    gtin, number = Gtin.parse(options.gtin), LotNumber.parse(options.lot)
    lot = require_lot(transaction, gtin, number)
    _require_sellable(transaction, lot)
    return lot, label_of(transaction, lot, settings.address())


def _teller(count: int) -> Callable[[int], None]:
    return lambda done: progress(f"{done:,} of {count:,} labels")


def _require_sellable(transaction: Transaction, lot: Lot) -> None:
    """Raise `Refused` for a lot that must not be sold: a new label would say otherwise."""
    plot = transaction.places.plot(lot.plot)
    today = local_day(now_ms(), transaction.places.zone_of(plot, lot.harvested))
    state = standing(transaction, lot, today)
    if state is not LotState.VALID:
        message = f"lot {lot.number} is {state.value}; no labels are made for it"
        raise Refused(message, "lot-state")


def _write(options: argparse.Namespace, write: Callable[[Path], _Made]) -> _Made:
    target: Path = options.out
    if getattr(options, "dry_run", False):
        with TemporaryDirectory() as folder:
            return write(Path(folder) / target.name)
    if target.exists() and not options.force:
        message = f"{target} is there already; --force writes over it"
        raise Clash(message)
    partial = target.with_name(f".{target.name}.partial")
    with concerning(target):
        try:
            made = write(partial)
            partial.replace(target)
            keep_on_disk(target.parent, [target.name])
        finally:
            partial.unlink(missing_ok=True)
    return made

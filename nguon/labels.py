"""``nguon labels``: labels of a lot as a PDF, and the sheet to test a printer with."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from domain.errors import BadSettings, Clash, Refused
from domain.gs1 import Gtin, LotNumber
from domain.lot import LotState
from domain.window import local_day
from firmware_sim.__main__ import progress
from firmware_sim.arguments import whole
from nguon import settings as config
from nguon.backup import keep_on_disk
from nguon.compose import now_ms, stores
from store.records import Transaction
from traceability.dossier import require_lot
from traceability.standing import standing

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
        " types them by hand.",
        epilog="`nguon labels templates` lists the sheets and rolls.",
    )
    inner = parser.add_subparsers(required=True, metavar="templates | test | print")
    lists = inner.add_parser("templates", help="list the sheets and rolls")
    lists.set_defaults(verb=_list)
    tests = inner.add_parser("test", help="one page of outlines, cell numbers and rulers")
    tests.add_argument("template", metavar="TEMPLATE")
    _add_out(tests)
    tests.set_defaults(verb=_test)
    prints = inner.add_parser("print", help="labels of a lot, all alike")
    prints.add_argument("gtin", metavar="GTIN", help="14 digits")
    prints.add_argument("lot", metavar="LOT", help="the lot's number")
    _add_out(prints)
    prints.add_argument("--template", default="a4-3x7", help="which sheet or roll (%(default)s)")
    prints.add_argument(
        "--count", type=whole(1, _MOST), metavar="N", help="how many (one full sheet)"
    )
    prints.add_argument(
        "--start", type=whole(1, 1_000), default=1, metavar="CELL", help="first cell that is left"
    )
    prints.set_defaults(verb=_print)


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, metavar="OUT.pdf")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def _list(_options: argparse.Namespace) -> int:
    from traceability.labels.templates import templates  # noqa: PLC0415 - verbs start fast

    for one in templates().values():
        print(f"{one.name:<12} {one.cells:>3} a page  {one.title_vi}\n{'':<24}{one.title_en}")
    return 0


def _test(options: argparse.Namespace) -> int:
    from traceability.labels.sheet import write_test  # noqa: PLC0415 - see _list
    from traceability.labels.templates import template  # noqa: PLC0415 - see _list

    chosen = template(options.template)
    _write(options, lambda path: write_test(path, chosen))
    print(f"{options.out}: print it at 100 % and hold it against the labels")
    return 0


def _print(options: argparse.Namespace) -> int:
    from traceability.labels.content import label_of  # noqa: PLC0415 - see _list
    from traceability.labels.sheet import write_lot  # noqa: PLC0415 - see _list
    from traceability.labels.templates import template  # noqa: PLC0415 - see _list

    chosen = template(options.template)
    gtin, number = Gtin.parse(options.gtin), LotNumber.parse(options.lot)
    settings = config.load().settings
    if not settings.public_url:
        message = (
            f"NGUON_PUBLIC_URL is empty: labels would lead to {settings.address()}, which buyers"
            " cannot open"
        )
        raise BadSettings(message)
    with stores(settings) as opened, opened.records.reading() as transaction:
        _require_sellable(transaction, gtin, number)
        lot = require_lot(transaction, gtin, number)
        label = label_of(transaction, lot, settings.address())
    count = options.count or max(1, chosen.cells - options.start + 1)

    def told(done: int) -> None:
        progress(f"{done:,} of {count:,} labels")

    pages = _write(options, lambda path: write_lot(path, chosen, label, count, options.start, told))
    progress("")
    print(f"{options.out}: {count:,} labels of lot {number} on {pages:,} pages")
    print(f"each says {label.link}")
    return 0


def _require_sellable(transaction: Transaction, gtin: Gtin, number: LotNumber) -> None:
    """Raise `Refused` for a lot that must not be sold: a new label would say otherwise."""
    lot = require_lot(transaction, gtin, number)
    plot = transaction.places.plot(lot.plot)
    today = local_day(now_ms(), transaction.places.zone_of(plot, lot.harvested))
    state = standing(transaction, lot, today)
    if state is not LotState.VALID:
        message = f"lot {number} is {state.value}; no labels are made for it"
        raise Refused(message, "lot-state")


def _write(options: argparse.Namespace, write: Callable[[Path], _Made]) -> _Made:
    target: Path = options.out
    if target.exists() and not options.force:
        message = f"{target} is there already; --force writes over it"
        raise Clash(message)
    partial = target.with_name(f".{target.name}.partial")
    try:
        made = write(partial)
        partial.replace(target)
        keep_on_disk(target.parent, [target.name])
    finally:
        partial.unlink(missing_ok=True)
    return made

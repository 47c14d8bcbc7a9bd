"""``nguon lot``: what is said of a lot, for whoever must put it right."""

import argparse
import textwrap

from domain.gs1 import Gtin, LotNumber
from domain.window import local_day
from nguon import settings as config
from nguon.compose import now_ms, stores
from traceability.completeness.check import Report, Row, Status, check
from traceability.completeness.gather import dossier_of
from traceability.completeness.regimes import DEFAULT, regime
from traceability.dossier import require_lot

_SIGN = {Status.PRESENT: "+", Status.MISSING: "-", Status.EXPIRED: "x"}
_SHOWN = 5


def add_lot(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``lot``."""
    parser = verbs.add_parser(
        "lot",
        help="check what must be shown of a lot",
        description="Check what must be shown of a lot, by the rules in force today."
        " `nguon lot check GTIN LOT` prints a line an item: + there, - missing, x past its date;"
        " then where it was found, or what to do. Exit status 1 while anything required is"
        " missing or past its date.",
        epilog="Example: nguon lot check 09520001000010 LO-2026-001",
    )
    inner = parser.add_subparsers(required=True, metavar="check")
    checks = inner.add_parser("check", help="is all there that Circular 02/2024 asks for?")
    checks.add_argument("gtin", metavar="GTIN", help="14 digits")
    checks.add_argument("lot", metavar="LOT", help="the lot's number")
    checks.add_argument("--regime", default=DEFAULT, help="whose rules (%(default)s)")
    checks.set_defaults(verb=_check)


def _check(options: argparse.Namespace) -> int:
    gtin, number = Gtin.parse(options.gtin), LotNumber.parse(options.lot)
    with stores(config.load().settings) as opened, opened.records.reading() as transaction:
        lot = require_lot(transaction, gtin, number)
        plot = transaction.places.plot(lot.plot)
        today = local_day(now_ms(), transaction.places.zone_of(plot, lot.harvested))
        report = check(dossier_of(transaction, lot, today), regime(options.regime, today), today)
    _print(report)
    return 0 if report.complete else 1


def _print(report: Report) -> None:
    print(f"{report.regime.title_vi}\n{report.regime.title_en}")
    print(f"from {report.regime.valid_from}, {report.regime.source}\n")
    for number, row in enumerate(report.rows, 1):
        _print_row(number, row)
    counts = {status: sum(row.status is status for row in report.rows) for status in Status}
    told = ", ".join(f"{count} {status.value}" for status, count in counts.items())
    print(f"{len(report.rows)} items: {told}{'' if report.complete else '; not complete'}")


def _print_row(number: int, row: Row) -> None:
    asked = "" if row.item.required else " (not required)"
    print(f"{_SIGN[row.status]} {number:>2} {row.status.value:<8}{row.item.title_vi}{asked}")
    for one in row.evidence[:_SHOWN]:
        print(f"      {one.shown}  [{one.found_in}]")
    if len(row.evidence) > _SHOWN:
        print(f"      … and {len(row.evidence) - _SHOWN} more")
    if row.status is not Status.PRESENT:
        for sentence in (row.item.mend_vi, row.item.mend_en):
            print(textwrap.fill(sentence, 92, initial_indent="      → ", subsequent_indent=" " * 8))

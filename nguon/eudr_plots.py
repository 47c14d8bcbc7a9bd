"""``nguon eudr outline`` and ``gather``: outlines into the records, and files out of them."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from domain.errors import InvalidInput
from domain.gs1 import Gtin, LotNumber
from domain.ids import PlotId
from domain.text import plain
from nguon import settings as config
from nguon.compose import stores
from nguon.eudr_file import (
    add_question,
    day_of,
    keep,
    print_changes,
    print_report,
    question_of,
    read_file,
    require_free,
)
from store.records import Transaction
from traceability.dossier import require_lot

_MAX_SOURCE = 200


def add_outline(inner: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``outline``."""
    parser = inner.add_parser("outline", help="give a plot of the records its outline")
    parser.add_argument("plot", metavar="PLOT", help="its id in the records")
    parser.add_argument("file", type=Path, metavar="FILE.geojson", help="one plot")
    parser.add_argument("--source", required=True, help="who measured it, how and when")
    parser.add_argument(
        "--since", type=day_of, metavar="DAY", help="from which day it holds (today)"
    )
    parser.add_argument("--dry-run", action="store_true", help="check the file, change nothing")
    add_question(parser)
    parser.set_defaults(verb=_outline)


def add_gather(inner: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``gather``."""
    parser = inner.add_parser("gather", help="write the file of a lot or of plots")
    parser.add_argument("out", type=Path, metavar="OUT.geojson")
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--lot", nargs=2, metavar=("GTIN", "LOT"), help="the plot of a lot")
    whose.add_argument("--plot", action="append", metavar="PLOT", help="again for each further one")
    whose.add_argument("--all", action="store_true", help="every plot of the records")
    parser.add_argument("--dry-run", action="store_true", help="check, write nothing")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    add_question(parser)
    parser.set_defaults(verb=_gather)


def _outline(options: argparse.Namespace) -> int:
    # See question_of: GEOS loads slowly.
    from traceability.eudr.check import check  # noqa: PLC0415
    from traceability.eudr.mend import mend, write  # noqa: PLC0415
    from traceability.eudr.pack import features_of, outline_from, whole_of  # noqa: PLC0415

    question, raw = question_of(options), read_file(options.file)
    source = plain(options.source, "source", _MAX_SOURCE)
    if not source:
        message = "--source says who measured the plot"
        raise InvalidInput(message, "source")
    given = check(raw, question).features
    if given > 1:
        message = f"{options.file} has {given} plots; an outline is that of one"
        raise InvalidInput(message, "file")
    mended = mend(raw, question)
    print_changes(mended.changes)
    if not mended.report.well:
        print_report(mended.report)
        return 1
    plot_id, since = PlotId.parse(options.plot), options.since or question.on
    outline = outline_from(plot_id, json.loads(mended.raw), since, source)
    with stores(config.load().settings) as opened, opened.records.transaction() as transaction:
        plot = transaction.places.plot(plot_id)
        producer = transaction.places.producer(plot.producer)
        # Against what the records say of the plot: its area, above all.
        features = features_of(plot, producer, json.loads(outline.geojson), question.country)
        whole = replace(question, wholes=whole_of(plot, 0, len(features)))
        report = check(write({"type": "FeatureCollection", "features": features}), whole)
        print_report(report)
        if not report.well or options.dry_run:
            print("nothing changed")
            return 0 if report.well else 1
        new = transaction.places.add_outline(outline)
    print(f"outline of {plot_id} from {since}" if new else "this outline was there already")
    return 0


def _gather(options: argparse.Namespace) -> int:
    from traceability.eudr.check import check  # noqa: PLC0415 - see _outline
    from traceability.eudr.mend import write  # noqa: PLC0415 - see _outline
    from traceability.eudr.pack import collection  # noqa: PLC0415 - see _outline

    require_free(options.out, options)
    question = question_of(options)
    with stores(config.load().settings) as opened, opened.records.reading() as transaction:
        plots = _plots(transaction, options)
        gathered = collection(transaction, plots, question.country, question.on)
    raw = write(gathered.document)
    report = check(raw, replace(question, wholes=gathered.wholes))
    print_report(report)
    return keep(raw, report, options.out, dry_run=options.dry_run)


def _plots(transaction: Transaction, options: argparse.Namespace) -> list[PlotId]:
    if options.lot:
        gtin, number = options.lot
        return [require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(number)).plot]
    if options.all:
        return [plot.id for plot in transaction.places.plots()]
    return [PlotId.parse(one) for one in options.plot]

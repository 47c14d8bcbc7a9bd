"""``nguon eudr``: plots as the Union's deforestation regulation wants them."""

import argparse
from pathlib import Path

from nguon.eudr_file import (
    add_question,
    keep,
    print_changes,
    print_report,
    question_of,
    read_file,
    require_free,
)
from nguon.eudr_plots import add_gather, add_outline


def add_eudr(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``eudr`` with its own."""
    parser = verbs.add_parser(
        "eudr",
        help="check and pack plots for the EU deforestation regulation",
        description="Check and pack plots for the EU deforestation regulation (2023/1115), by the"
        " Commission's GeoJSON file description. `nguon eudr check FILE` says what is wrong with"
        " which plot and how to mend it, and ends with status 1 while the Commission's system"
        " would not take the file. `nguon eudr pack FILE OUT` writes the file with everything put"
        " right that has one way to be right, and lists every change; with --dry-run it only"
        " lists. What only a person can know, such as a boundary that crosses itself, is never"
        " guessed: then nothing is written. `nguon eudr outline` gives a plot of the records its"
        " outline, `nguon eudr gather` writes the file of a lot or of plots from the records.",
        epilog="Example: nguon eudr check plots.geojson; nguon eudr pack plots.geojson out.geojson",
    )
    inner = parser.add_subparsers(required=True, metavar="check | pack | outline | gather")
    checks = inner.add_parser("check", help="what is wrong with a file of plots?")
    checks.add_argument("file", type=Path, metavar="FILE.geojson")
    add_question(checks)
    checks.set_defaults(verb=_check)
    packs = inner.add_parser("pack", help="write a file of plots put right, and say what changed")
    packs.add_argument("file", type=Path, metavar="FILE.geojson")
    packs.add_argument("out", type=Path, metavar="OUT.geojson")
    packs.add_argument("--dry-run", action="store_true", help="list the changes, write nothing")
    packs.add_argument("--force", action="store_true", help="write over a file that is there")
    add_question(packs)
    packs.set_defaults(verb=_pack)
    add_outline(inner)
    add_gather(inner)


def _check(options: argparse.Namespace) -> int:
    from traceability.eudr.check import check  # noqa: PLC0415 - see question_of

    report = check(read_file(options.file), question_of(options))
    print_report(report)
    return 0 if report.well else 1


def _pack(options: argparse.Namespace) -> int:
    from traceability.eudr.mend import mend  # noqa: PLC0415 - see question_of

    target: Path = options.out
    require_free(target, options)
    mended = mend(read_file(options.file), question_of(options))
    print_changes(mended.changes)
    print_report(mended.report)
    return keep(mended.raw, mended.report, target, dry_run=options.dry_run)

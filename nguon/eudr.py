"""``nguon eudr``: plots as the Union's deforestation regulation wants them."""

import argparse
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import Clash, InvalidInput
from domain.window import local_day
from nguon.backup import keep_on_disk
from nguon.compose import UTC_ZONE, now_ms

if TYPE_CHECKING:
    from traceability.eudr.check import Question
    from traceability.eudr.mend import Change
    from traceability.eudr.report import Finding, Report

_SHOWN = 50


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
        " guessed: then nothing is written.",
        epilog="Example: nguon eudr check plots.geojson; nguon eudr pack plots.geojson out.geojson",
    )
    inner = parser.add_subparsers(required=True, metavar="check | pack")
    checks = inner.add_parser("check", help="what is wrong with a file of plots?")
    checks.add_argument("file", type=Path, metavar="FILE.geojson")
    _add_question(checks)
    checks.set_defaults(verb=_check)
    packs = inner.add_parser("pack", help="write a file of plots put right, and say what changed")
    packs.add_argument("file", type=Path, metavar="FILE.geojson")
    packs.add_argument("out", type=Path, metavar="OUT.geojson")
    packs.add_argument("--dry-run", action="store_true", help="list the changes, write nothing")
    packs.add_argument("--force", action="store_true", help="write over a file that is there")
    _add_question(packs)
    packs.set_defaults(verb=_pack)


def _add_question(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--country", default="VN", metavar="XX", help="where a plot lies that names none (VN)"
    )
    parser.add_argument(
        "--listed",
        action="store_true",
        help="a file of several producers, for the Commission's import page (Type II)",
    )
    parser.add_argument(
        "--on", type=_day, metavar="DAY", help="by the rules of this day, 2026-05-29 (today)"
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"a day such as 2026-06-01, not {text[:40]!r}"
        raise argparse.ArgumentTypeError(message) from error


def _question(options: argparse.Namespace) -> "Question":
    # GEOS and numpy take a fifth of a second to load, which no other verb should pay.
    from traceability.eudr.check import Question  # noqa: PLC0415
    from traceability.eudr.rules import countries  # noqa: PLC0415

    if options.country not in countries():
        message = f"--country is two capital letters such as VN, not {options.country[:20]!r}"
        raise InvalidInput(message, "country")
    on = options.on or local_day(now_ms(), UTC_ZONE)
    return Question(on, options.country, options.listed)


def _check(options: argparse.Namespace) -> int:
    from traceability.eudr.check import check  # noqa: PLC0415 - see _question

    report = check(_read(options.file), _question(options))
    _print(report)
    return 0 if report.well else 1


def _pack(options: argparse.Namespace) -> int:
    from traceability.eudr.mend import mend  # noqa: PLC0415 - see _question

    target: Path = options.out
    _require_free(target, options)
    mended = mend(_read(options.file), _question(options))
    _print_changes(mended.changes)
    _print(mended.report)
    return _keep(mended.raw, mended.report, target, dry_run=options.dry_run)


def _require_free(target: Path, options: argparse.Namespace) -> None:
    if target.exists() and not (options.force or options.dry_run):
        message = f"{target} is there already; --force writes over it"
        raise Clash(message)


def _keep(raw: bytes, report: "Report", target: Path, *, dry_run: bool) -> int:
    if not report.well or dry_run:
        why = "dry run" if report.well else "these must be put right first"
        print(f"{target} not written: {why}")
        return 0 if report.well else 1
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.write_bytes(raw)
        partial.replace(target)
        keep_on_disk(target.parent, [target.name])
    finally:
        partial.unlink(missing_ok=True)
    print(f"{target}: {len(raw):,} bytes")
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise InvalidInput(message, "file") from error


def _print_changes(changes: "Iterable[Change]") -> None:
    for change in changes:
        print(f"changed {_where(change.feature)}: {change.what}")


def _where(feature: int | None) -> str:
    return "the file" if feature is None else f"plot {feature + 1}"


def _print(report: "Report") -> None:
    for one in report.findings[:_SHOWN]:
        _print_finding(one)
    told = report.findings[:_SHOWN]
    total = sum(report.counts.values())
    if total > len(told):
        print(f"… and {total - len(told):,} more: put these right first")
    warnings = total - report.errors
    area = f", {report.hectares:.4g} ha outlined" if report.hectares else ""
    told_of = (report.features, "plot"), (report.errors, "error"), (warnings, "warning")
    plots, errors, warned = (f"{n:,} {noun}{'' if n == 1 else 's'}" for n, noun in told_of)
    print(f"{plots}{area}: {errors}, {warned}")


def _print_finding(one: "Finding") -> None:
    at = f", {one.path}" if one.path else ""
    print(f"{one.rule.severity} {one.rule.name} (EC {one.rule.ec}), {_where(one.feature)}{at}")
    print(f"    {one.rule.title}: {one.found}")
    print(f"    → {one.rule.mend_vi}\n    → {one.rule.mend_en}")

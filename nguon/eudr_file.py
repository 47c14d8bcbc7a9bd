"""What the verbs of ``nguon eudr`` share: how to judge, what to print, when to write."""

import argparse
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import Clash, InvalidInput
from domain.os_errors import concerning, told
from domain.window import local_day
from nguon.backup import keep_on_disk
from nguon.compose import UTC_ZONE, now_ms

if TYPE_CHECKING:
    from traceability.eudr.check import Question
    from traceability.eudr.mend import Change
    from traceability.eudr.report import Finding, Report

_SHOWN = 50
# Four times what the Commission takes: enough to say by how much a file is too large.
_MOST_READ = 100_000_000


def add_question(parser: argparse.ArgumentParser) -> None:
    """Add how to judge: which country, which kind of file, which day's rules."""
    parser.add_argument(
        "--country", default="VN", metavar="XX", help="where a plot lies that names none (VN)"
    )
    parser.add_argument(
        "--listed",
        action="store_true",
        help="a file of several producers, for the Commission's import page (Type II)",
    )
    parser.add_argument(
        "--on", type=day_of, metavar="DAY", help="by the rules of this day, 2026-05-29 (today)"
    )


def day_of(text: str) -> date:
    """Read a day of a command line."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"a day such as 2026-06-01, not {text[:40]!r}"
        raise argparse.ArgumentTypeError(message) from error


def question_of(options: argparse.Namespace) -> "Question":
    """Return how to judge; raises `InvalidInput` for a country that is none."""
    # GEOS and numpy take a fifth of a second to load, which no other verb should pay.
    from traceability.eudr.check import Question  # noqa: PLC0415
    from traceability.eudr.rules import countries  # noqa: PLC0415

    if options.country not in countries():
        message = f"--country is two capital letters such as VN, not {options.country[:20]!r}"
        raise InvalidInput(message, "country")
    on = options.on or local_day(now_ms(), UTC_ZONE)
    return Question(on, options.country, options.listed)


def require_free(target: Path, options: argparse.Namespace) -> None:
    """Raise `Clash` when a file is there and nobody said to write over it."""
    if target.exists() and not (options.force or options.dry_run):
        message = f"{target} is there already; --force writes over it"
        raise Clash(message)


def keep(raw: bytes, report: "Report", target: Path, *, dry_run: bool) -> int:
    """Write what passes, whole or not at all; returns the exit status."""
    if not report.well or dry_run:
        why = "dry run" if report.well else "these must be put right first"
        print(f"{target} not written: {why}")
        return 0 if report.well else 1
    partial = target.with_name(f".{target.name}.partial")
    with concerning(target):
        try:
            partial.write_bytes(raw)
            partial.replace(target)
            keep_on_disk(target.parent, [target.name])
        finally:
            partial.unlink(missing_ok=True)
    print(f"{target}: {len(raw):,} bytes")
    return 0


def read_file(path: Path) -> bytes:
    """Return the bytes of a file; raises `InvalidInput`."""
    try:
        size = path.stat().st_size
        if size > _MOST_READ:
            message = f"{path} has {size:,} bytes; no statement carries that"
            raise InvalidInput(message, "file")
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(told(error), "file") from error


def print_changes(changes: "Iterable[Change]") -> None:
    """Print every change, a line each."""
    for change in changes:
        print(f"changed {_where(change.feature)}: {change.what}")


def _where(feature: int | None) -> str:
    return "the file" if feature is None else f"plot {feature + 1}"


def print_report(report: "Report") -> None:
    """Print the first findings, each with its way out, and the sum of all."""
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

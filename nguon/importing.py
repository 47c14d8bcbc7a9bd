"""``nguon import``: a logger's file into the store, as late arrivals."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TypeAlias

from domain.errors import InvalidInput
from domain.logger_map import Map, parse_map
from domain.properties import observed_properties
from domain.reading import Delivery
from domain.window import print_instant
from firmware_sim.__main__ import progress
from ingest.carry import Brought, carry, require_ready
from ingest.logger_file import examine, read_rows
from ingest.pipeline import Rules
from nguon import settings as config
from nguon.compose import now_ms, stores
from nguon.import_report import COLUMNS, NoReport, Report, problems
from nguon.import_state import State, StateFile
from nguon.rehearsal import rehearsing
from store.series import Appended

_BATCH = 500
_SHOWN = 5
_Append: TypeAlias = Callable[[Sequence[Delivery], int], Appended]
_Wanted: TypeAlias = tuple[Path | None, bool]
"""Where a report is wanted, and whether over a file that is there."""


def add_import(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``import``."""
    parser = verbs.add_parser(
        "import",
        help="take a logger's CSV or Excel file into the store",
        description="Take a logger's CSV or Excel file into the store, as late arrivals: every"
        " row goes the way of a message. A row that cannot be used is told by its line, and the"
        " rest goes on. Interrupted, it can be run again and goes on where it was; nothing is"
        " kept twice. Exit status 1 when some rows or cells could not be used.",
        epilog=f"Columns of the report: {', '.join(COLUMNS)}.",
    )
    parser.add_argument("file", type=Path, metavar="FILE.csv|FILE.xlsx")
    parser.add_argument(
        "--map",
        type=Path,
        required=True,
        metavar="MAP.toml",
        help="which column is which quantity, in which unit; as for replay and enrol",
    )
    parser.add_argument(
        "--sheet", metavar="NAME", help="the workbook's sheet, where it has several"
    )
    parser.add_argument(
        "--report", type=Path, metavar="REPORT.csv", help="write what became of every row"
    )
    parser.add_argument("--force", action="store_true", help="write over a report that is there")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="read and judge everything, say what would be new, keep nothing",
    )
    parser.add_argument(
        "--again", action="store_true", help="read a file again that was imported before"
    )
    parser.set_defaults(verb=_import)


def _import(options: argparse.Namespace) -> int:
    map_bytes = options.map.read_bytes()
    plan = parse_map(map_bytes, options.map.name)
    is_book, digest = examine(options.file)
    for path in (options.file, options.map):
        if options.report is not None and options.report.resolve() == path.resolve():
            message = f"the report would be written over {path}"
            raise InvalidInput(message, "report")
    settings = config.load().settings
    where = f"{options.sheet!r} {settings.records()} {settings.series()}".encode()
    kept = StateFile(settings.data / "imports", digest, map_bytes, where)
    with stores(settings) as opened:
        with opened.records.reading() as transaction:
            rules = Rules(transaction.devices.register(), observed_properties())
        require_ready(plan, rules.register)
        job = _Job(options.file, options.sheet, plan, rules, is_book=is_book)
        wanted = options.report, options.force
        if options.dry_run:
            with rehearsing(opened.series, plan.interval_s * 1000) as rehearsal:
                return _rehearse(job, rehearsal.append, wanted)
        with kept.claimed():
            state = State() if options.again else kept.load()
            if state.done_ms is not None:
                return _known(state)
            return _run(job, opened.series.append, wanted, state, kept)


@dataclass(frozen=True, slots=True)
class _Job:
    """A file, and what it is read against."""

    file: Path
    sheet: str | None
    plan: Map
    rules: Rules
    is_book: bool


def _rehearse(job: _Job, append: _Append, wanted: _Wanted) -> int:
    state = State()
    _carry_all(job, append, wanted, state, lambda: None)
    print(f"{job.file.name}, nothing is written; it would be {state.tally}")
    return state.tally.status()


def _known(state: State) -> int:
    day = print_instant(state.done_ms or 0)
    print(f"imported already on {day}, {state.tally}; --again reads it once more")
    return state.tally.status()


def _run(job: _Job, append: _Append, wanted: _Wanted, state: State, kept: StateFile) -> int:
    if state.line:
        print(f"goes on after line {state.line}, where it was interrupted")
    try:
        _carry_all(job, append, wanted, state, lambda: kept.save(state))
    except InvalidInput:
        # The file itself is of no use, from some line on or altogether: nothing to go on with.
        kept.forget()
        raise
    state.done_ms = now_ms()
    kept.save(state)
    print(f"{job.file.name}, {state.tally}")
    return state.tally.status()


def _carry_all(
    job: _Job, append: _Append, wanted: _Wanted, state: State, save: Callable[[], None]
) -> None:
    """Carry all rows after ``state.line``, batch by batch; ``state`` says how far it has come.

    Raises `InvalidInput` where not one row can be used.
    """
    rows = read_rows(job.file, job.plan, job.sheet, is_book=job.is_book)
    # The head is read before anything is written, the first line of a report too.
    first = list(islice(rows, 1))
    rows = (row for row in chain(first, rows) if row.line > state.line)
    shown: list[str] = []
    with closing(_report(wanted, state)) as report:
        save()
        while batch := list(islice(rows, _BATCH)):
            brought = carry(batch, job.plan, job.rules, now_ms(), lambda d: append(d, now_ms()))
            report.add(brought)
            state.line, state.report_size = batch[-1].line, report.size()
            state.tally.add(brought)
            save()
            _show(shown, brought)
            progress(f"{state.tally.rows} rows, line {state.line}")
    progress("")
    if not state.tally.rows:
        message = f"{job.file.name} has no rows"
        raise InvalidInput(message, "file")
    if state.tally.unreadable == state.tally.rows:
        message = f"{job.file.name}: not one of its {state.tally.rows} rows can be used"
        raise InvalidInput(message, "file")


def _report(wanted: _Wanted, state: State) -> Report | NoReport:
    path, force = wanted
    if path is None:
        state.report, state.report_size = "", 0
        return NoReport()
    name = str(path.resolve())
    report = Report(path, state.report_size if state.report == name else 0, force=force)
    state.report, state.report_size = name, report.size()
    return report


def _show(shown: list[str], brought: Iterable[Brought]) -> None:
    """Print the first few problems of the whole file."""
    for problem in islice(problems(brought), _SHOWN - len(shown)):
        progress("")
        print(problem)
        shown.append(problem)

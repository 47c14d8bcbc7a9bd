"""``python -m firmware_sim``: run a scenario's nodes, or replay a logger's file."""

import argparse
import json
import logging
import signal
import sys
import threading
import time
from pathlib import Path

from domain.errors import BrokerUnavailable, InvalidInput, NguonError
from domain.os_errors import told
from domain.receipt import Receipt
from firmware_sim.arguments import above_zero, port, whole
from firmware_sim.link import Broker, Link
from firmware_sim.publish import Pace, await_receipt, publish
from firmware_sim.replay import Report, last_time_ms, load_map, read
from firmware_sim.run import Memory, run
from firmware_sim.scenario import load


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        return int(options.verb(options))
    except (NguonError, OSError) as error:
        sentence = told(error) if isinstance(error, OSError) else str(error)
        print(f"firmware_sim: {sentence}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; the documentation prints its help."""
    parser = argparse.ArgumentParser(
        prog="python -m firmware_sim", description="Field nodes as a broker sees them."
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    runs = verbs.add_parser("run", help="run the nodes of a scenario, their past first")
    runs.add_argument("scenario", type=Path, metavar="SCENARIO.toml")
    runs.add_argument(
        "--memory",
        type=Path,
        default=Path("var/nodes.json"),
        help="what the nodes remember across a restart (%(default)s)",
    )
    _add_broker(runs)
    runs.set_defaults(verb=_run)
    add_replay(verbs)
    return parser


def add_replay(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``replay``; `nguon replay` is the same one."""
    replays = verbs.add_parser(
        "replay",
        help="publish a logger's CSV file as a node would",
        description="Publish a logger's CSV file as a node would, and wait for the receipts.",
        epilog="Example: replay station.csv --map station.toml --rate 500",
    )
    replays.add_argument("file", type=Path, metavar="FILE.csv")
    replays.add_argument(
        "--map",
        type=Path,
        required=True,
        metavar="MAP.toml",
        help="which column is which quantity, in which unit",
    )
    replays.add_argument(
        "--rate",
        type=above_zero,
        metavar="N",
        help="rows a second (as fast as the broker takes them)",
    )
    replays.add_argument(
        "--batch",
        type=whole(1, 10_000),
        default=24,
        metavar="N",
        help="rows a message (%(default)s)",
    )
    replays.add_argument(
        "--redate", action="store_true", help="move the file in time so that it ends now"
    )
    replays.add_argument(
        "--dry-run",
        action="store_true",
        help="read the whole file, say what would be sent, send nothing",
    )
    replays.add_argument(
        "--patience",
        type=above_zero,
        default=30.0,
        metavar="S",
        help="give up after so many seconds without a receipt (%(default)s)",
    )
    _add_broker(replays)
    replays.set_defaults(verb=_replay)


def _add_broker(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="broker host (%(default)s)")
    parser.add_argument("--port", type=port, default=1883, help="broker port (%(default)s)")
    parser.add_argument(
        "--passwords",
        type=Path,
        metavar="FILE.json",
        help="passwords by device id; none are sent without it",
    )


def _passwords(options: argparse.Namespace) -> dict[str, str]:
    if options.passwords is None:
        return {}
    try:
        content = json.loads(options.passwords.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        message = f"{options.passwords} holds no passwords: {error}"
        raise InvalidInput(message, "passwords") from error
    if not isinstance(content, dict) or not all(isinstance(w, str) for w in content.values()):
        message = f"{options.passwords} holds no passwords: a device id and a text each"
        raise InvalidInput(message, "passwords")
    return content


def _run(options: argparse.Namespace) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    memory = Memory(options.memory, time.time_ns() // 1_000_000)
    broker = Broker(options.host, options.port)
    run(load(options.scenario), broker, _passwords(options), memory, stop.is_set)
    return 0


def _replay(options: argparse.Namespace) -> int:
    plan, report = load_map(options.map), Report()
    shift_ms = 0
    if options.redate:
        shift_ms = time.time_ns() // 1_000_000 - last_time_ms(options.file, plan)
    # Each replay is a power-up of its own: a boot number never comes twice.
    boot = int(time.time())
    cycles = read(options.file, plan, report, shift_ms, boot)
    if options.dry_run:
        for _ in cycles:
            pass
        print(f"would send {_told(report)}")
        return 0
    link = Link(
        Broker(options.host, options.port), plan.device, _passwords(options).get(plan.device)
    )
    try:
        if not link.wait_connected(options.patience) and not link.refusal():
            message = f"no broker answers at {options.host}:{options.port}"
            raise BrokerUnavailable(message)
        pace = Pace(options.batch, options.rate, options.patience)
        for sent in publish(link, plan.device, cycles, plan.coding, pace):
            progress(f"{sent} rows sent")
        if not report.rows:
            print(f"nothing to send: {_told(report)}")
            return 0
        last = Receipt(boot, report.rows - 1)
        await_receipt(link, last, options.patience, lambda: time.sleep(0.02))
    finally:
        link.close()
    progress("")
    print(f"kept by the server: {_told(report)}")
    return 0


def _told(report: Report) -> str:
    said = (
        f"{report.rows} rows, {report.values} values;"
        f" {report.empty} empty cells and {report.unreadable} unreadable ones were not sent"
    )
    if report.short:
        said += f"; {report.short} rows are cut short, and were left out"
    if report.repeated:
        said += f"; {report.repeated} rows repeat the time of an earlier one"
    return said


def progress(text: str) -> None:
    """Write over the line of progress, where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

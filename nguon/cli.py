"""The command line: one verb a task."""

import argparse
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from domain.ids import PlotId
from firmware_sim.__main__ import add_replay, progress
from firmware_sim.replay import load_map
from nguon import settings as config
from nguon.audit_days import Looked
from nguon.backup import add_backup
from nguon.compose import log_key, make_log_key, make_signer, signer, stores, trust
from nguon.ending import ended
from nguon.enrol import enrol
from nguon.erase import add_erase
from nguon.eudr import add_eudr
from nguon.export import add_export
from nguon.fsck import findings, shown
from nguon.gs1 import add_gs1, giai_for
from nguon.importing import add_import
from nguon.keys import add_keys
from nguon.labels import add_labels
from nguon.ledger import add_ledger
from nguon.lifeline import follow_parent
from nguon.limits import add_limits
from nguon.logbook import add_log
from nguon.lot import add_lot
from nguon.moving import add_store
from nguon.papers import add_papers
from nguon.proof import add_proof
from nguon.quarantine import add_quarantine
from nguon.restore import add_restore
from nguon.token import add_token
from nguon.verifier import add_verifier
from nguon.verifying import add_verify
from nguon.witness import add_witness


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0 well, 1 a finding, 2 an error."""
    options = build_parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if os.environ.pop("NGUON_FOLLOW_PARENT", ""):
        follow_parent()
    return ended("nguon", lambda: int(options.verb(options)))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; ``docs/cli.md`` is made from its help."""
    parser = argparse.ArgumentParser(
        prog="nguon",
        description="Field sensors to a QR code on produce.",
        epilog="Settings come from NGUON_… in the environment; `nguon settings` lists them.",
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    _add(
        verbs,
        "demo",
        "run everything here: broker, nodes, ingest, watcher, pages",
        _demo,
        ("--check", {"action": "store_true", "help": "prove the story by itself, then end"}),
    )
    _add(
        verbs,
        "ingest",
        "take messages from the broker, or over HTTP, into the store",
        _ingest,
        (
            "--source",
            {
                "choices": ("mqtt", "amqp", "http"),
                "default": "mqtt",
                "help": "mqtt: one session, one process; amqp: RabbitMQ's queue, as many"
                " processes as wanted; http: line protocol of InfluxDB's clients (%(default)s)",
            },
        ),
    )
    _add(verbs, "api", "serve the web application", _api)
    _add(verbs, "watch", "keep roll-ups up to date, judge clocks, notice silence", _watch)
    add_quarantine(verbs)
    add_ledger(verbs)
    add_limits(verbs)
    add_token(verbs)
    add_lot(verbs)
    add_eudr(verbs)
    add_labels(verbs)
    add_papers(verbs)
    _add(
        verbs,
        "migrate",
        "bring both stores to this program's schema",
        _migrate,
        (
            "--new",
            {
                "action": "store_true",
                "help": "begin an installation: make both stores and the key that signs passports,"
                " where they are not there yet",
            },
        ),
    )
    add_verify(verbs)
    add_verifier(verbs)
    add_proof(verbs)
    add_log(verbs)
    add_keys(verbs)
    add_witness(verbs)
    _add(
        verbs,
        "fsck",
        "re-check everything the stores claim",
        _fsck,
        (
            "--archive",
            {
                "type": Path,
                "metavar": "FOLDER",
                "help": "where the files of `nguon store drop` are: dropped days are made again"
                " from them; without it they are counted",
            },
        ),
    )
    add_import(verbs)
    add_export(verbs)
    add_store(verbs)
    add_backup(verbs)
    add_restore(verbs)
    _add(verbs, "settings", "print every setting, its value and where it came from", _settings)
    _add(
        verbs,
        "enrol",
        "register the device that a replay map describes",
        _enrol,
        ("map", {"type": Path, "metavar": "MAP.toml"}),
        ("--plot", {"required": True, "help": "the plot it stands on"}),
        (
            "--since",
            {
                "default": "1970-01-01T00:00:00Z",
                "metavar": "TIME",
                "help": "from when it has stood there, RFC 3339 (%(default)s)",
            },
        ),
        (
            "--giai",
            {"help": "its GS1 number, AI (8004) (NGUON_COMPANY_PREFIX and its id, if that is set)"},
        ),
    )
    add_gs1(verbs)
    add_erase(verbs)
    add_replay(verbs)
    return parser


def _add(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    sentence: str,
    verb: Callable[[argparse.Namespace], int],
    *arguments: tuple[str, dict[str, object]],
) -> None:
    parser = verbs.add_parser(
        name, help=sentence, description=sentence[0].upper() + sentence[1:] + "."
    )
    for flag, options in arguments:
        parser.add_argument(flag, **options)  # type: ignore[arg-type]
    parser.set_defaults(verb=verb)


def _demo(options: argparse.Namespace) -> int:
    from nguon.demo import check, run  # noqa: PLC0415 - the broker's weight is for the demo only

    loaded = config.load().settings
    return check.run(loaded) if options.check else run.run(loaded)


def _ingest(options: argparse.Namespace) -> int:
    from nguon.run import run_ingest  # noqa: PLC0415 - verbs start fast

    return run_ingest(config.load().settings, options.source)


def _api(_options: argparse.Namespace) -> int:
    from nguon.run import run_api  # noqa: PLC0415 - verbs start fast

    return run_api(config.load().settings)


def _watch(_options: argparse.Namespace) -> int:
    from nguon.watch import run_watch  # noqa: PLC0415 - verbs start fast

    return run_watch(config.load().settings)


def _migrate(options: argparse.Namespace) -> int:
    loaded = config.load().settings
    with stores(loaded, new=options.new) as opened:
        revision = opened.records.migrate()
        capabilities = opened.series.capabilities()
        print(f"records at revision {revision}")
        print(f"series on {capabilities.backend} {capabilities.version}")
        for sentence in capabilities.lacks:
            print(f"  lacks: {sentence}")
        if options.new:
            print(f"passports are signed with key {make_signer(loaded).public().id}")
            print(f"the log is {make_log_key(loaded, opened.records).log().vkey()}")
    return 0


def _fsck(options: argparse.Namespace) -> int:
    loaded = config.load().settings
    wrong, told = 0, list[str]()
    looked = Looked(options.archive, told.append, progress)
    with stores(loaded) as opened:
        believed = trust(loaded, opened.records, log_key(loaded))
        keys = believed.keys or (signer(loaded).public(),)
        for line in findings(opened, keys, shown(loaded, believed), looked):
            progress("")
            print(line, flush=True)
            wrong += 1
        tally = opened.series.tally()
    progress("")
    print("\n".join(told), end="\n" if told else "")
    print(f"{tally.readings} readings, {tally.conflicts} conflicts,", end=" ")
    print(f"{tally.quarantined} in quarantine, {tally.touched} roll-ups due:", end=" ")
    print(f"{wrong} findings")
    return 1 if wrong else 0


def _settings(_options: argparse.Namespace) -> int:
    loaded = config.load()
    for name, field in config.Settings.model_fields.items():
        value = getattr(loaded.settings, name)
        shown = "(set)" if isinstance(value, SecretStr) and value.get_secret_value() else value
        shown = _without_password(str(shown)) or "(empty)"
        print(f"{config.PREFIX}{name.upper()} = {shown}")
        print(f"    {field.description} [{loaded.origins[name]}]")
    return 0


def _without_password(text: str) -> str:
    text = re.sub(r"^(influxs?://).*@", r"\1(set)@", text)
    return re.sub(r"(://[^/:@]*):.*@", r"\1:(set)@", text)


def _enrol(options: argparse.Namespace) -> int:
    plan, loaded = load_map(options.map), config.load().settings
    giai = giai_for(loaded, plan.device, options.giai)
    with stores(loaded) as opened:
        added = enrol(opened.records, plan, PlotId.parse(options.plot), options.since, giai)
    print(f"{plan.device} is registered with {added} channels on plot {options.plot}")
    if giai is not None:
        print(f"its GIAI (8004) is {giai}")
    return 0

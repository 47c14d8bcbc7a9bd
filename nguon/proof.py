"""``nguon proof``: a lot's proof as a file, with the raw readings beside it if wanted."""

import argparse
import shutil
from collections.abc import Iterable
from pathlib import Path

from domain.errors import Clash, NotFound
from domain.gs1 import Gtin, LotNumber
from domain.os_errors import concerning
from firmware_sim.__main__ import progress
from nguon import settings as config
from nguon.compose import log_key, now_ms, stores, trust
from traceability.bundling import best_head, make_bundle, raw_readings
from traceability.log.checkpoint import Policy
from traceability.log.files import LogFiles
from traceability.log.publish import publish


def add_proof(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``proof``."""
    parser = verbs.add_parser(
        "proof",
        help="write a lot's proof for `nguon verify`, with its raw readings if wanted",
        description="Write the newest passport of a lot with all that proves it, as one ZIP file:"
        " the same that its page offers. With --readings also the raw readings that its days in"
        " the log were made from, a file a device, in a folder beside it; of a lot made of several"
        " harvests, in a folder each.",
    )
    parser.add_argument("gtin", metavar="GTIN")
    parser.add_argument("lot", metavar="LOT")
    parser.add_argument(
        "--out", type=Path, metavar="FILE.zip",
        help="where to (default: GTIN-LOT.zip here); nothing is overwritten",
    )  # fmt: skip
    parser.add_argument("--readings", action="store_true", help="the raw readings too")
    parser.add_argument(
        "--archive", type=Path, metavar="FOLDER",
        help="where the files of `nguon store drop` are, for readings that the store has let go",
    )  # fmt: skip
    parser.set_defaults(verb=_proof)


def _write_readings(folder: Path, told: Iterable[tuple[str, Iterable[bytes]]]) -> None:
    """Write the files of raw readings, by their names; all of them, or no folder."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        for name, lines in told:
            progress(f"readings in {name}")
            beside = partial / name
            beside.parent.mkdir(exist_ok=True)
            with concerning(beside), beside.open("xb") as file:
                file.writelines(lines)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _proof(options: argparse.Namespace) -> int:
    loaded = config.load().settings
    gtin, lot = Gtin.parse(options.gtin), LotNumber.parse(options.lot)
    target: Path = options.out or Path(f"{gtin}-{lot}.zip")
    files = LogFiles(loaded.log_folder())
    with stores(loaded) as opened:
        key = log_key(loaded)
        publish(opened.records, files, key, progress)
        policy = trust(loaded, opened.records, key).log or Policy(key.name, (key.log(),))
        with opened.records.reading() as transaction:
            passport = transaction.lots.passport(gtin, lot)
            if passport is None:
                message = f"lot {lot} of {gtin} has no passport"
                raise NotFound(message)
            head = best_head(transaction, passport, policy)
            raw = make_bundle(transaction, files, passport, head, loaded.public_url.rstrip("/"))
            if target.exists():
                message = f"{target} is there already; nothing is overwritten"
                raise Clash(message)
            if options.readings:
                folder = target.with_suffix(".readings")
                told = raw_readings(transaction, opened.series, passport, now_ms(), options.archive)
                _write_readings(folder, told)
            with concerning(target), target.open("xb") as file:
                file.write(raw)
    progress("")
    if options.readings:
        print(f"{folder}: the raw readings, a file a device")
    print(f"{target}: {len(raw)} bytes; check it with: nguon verify {target} --keys KEYS.json")
    return 0

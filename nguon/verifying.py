"""``nguon verify``: check a passport, or the proof of one, with public keys alone."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from domain.errors import InvalidInput, VerificationFailed
from nguon.handed_in import ZIP, read_keys, read_proof, read_readings
from nguon.published import published
from nguon.verify_report import (
    shown,
    tell_failure,
    tell_keys,
    tell_log,
    tell_seen,
    tell_steps,
    tell_verdict,
)
from traceability.bundle import not_looked_at
from traceability.digital_link import LotLink, parse
from traceability.log.reader import LogReader
from traceability.trust import Trust
from traceability.verify import STEPS, Verdict, verify
from traceability.verify_bundle import verify_bundle
from traceability.verify_log import verify_log


def add_verify(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "verify",
        help="check a passport with public keys; no network, no store",
        description="Check a passport, or better its proof (a ZIP file with the log's proofs in"
        " it), step by step. Needs no store, no network unless --log names one, and trusts"
        " nobody but the keys file. `nguon verifier` writes this verb as a program of its own.",
        epilog=STATUS,
    )
    add_arguments(parser)
    parser.set_defaults(verb=verify_files)


STATUS = (
    "Exit status: 0 every step holds, 1 a step does not (it is named, with what was expected and"
    " what was found), 2 nothing could be checked: a file, or the log, cannot be read, or is"
    " something else altogether."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is to be checked, and against what."""
    parser.add_argument("passport", type=Path, metavar="PROOF.zip")
    parser.add_argument(
        "--keys", type=Path, required=True, metavar="KEYS.json",
        help="whom to trust, as published under /.well-known/nguon-keys.json, or as given out by"
        " somebody you believe more than us",
    )  # fmt: skip
    parser.add_argument(
        "--label", metavar="LINK",
        help="what the code on the bag says: the proof must be of that lot",
    )  # fmt: skip
    parser.add_argument(
        "--readings", type=Path, nargs="+", metavar="FILE.csv",
        help="raw readings, a file a device, as `nguon proof --readings` writes them: every day"
        " is made again from them. Default: the folder PROOF.readings beside the file, if any",
    )  # fmt: skip
    parser.add_argument(
        "--log", metavar="URL|DIR",
        help="look days of devices, lines of the diary, certificates and recalls up in the log as"
        " it is published now, https://HOST/log or a copy of its folder: that it still begins as it"
        " did, when each day was taken, and whether the lot was recalled since",
    )  # fmt: skip


def verify_files(options: argparse.Namespace) -> int:
    """Check the files that were named and print what holds; returns 0 or 1.

    Raises `InvalidInput` where nothing can be checked.
    """
    raw = read_proof(options.passport)
    trust, keys = read_keys(options.keys)
    readings = _readings(options.passport, options.readings)
    held: list[str] = []
    try:
        if raw.startswith(ZIP):
            _tell_bundle(raw, trust, readings, options, held)
        else:
            _tell_passport(raw, trust, options, held)
    except VerificationFailed as error:
        return tell_failure(error, held)
    tell_keys(options.keys, keys)
    print("This proves unchanged, not true.")
    return 0


def _readings(passport: Path, named: Sequence[Path] | None) -> list[bytes] | None:
    beside = passport.with_suffix(".readings")
    if named is None:
        if not beside.is_dir():
            return None
        named = sorted(beside.rglob("*.csv"))
    if not named:
        message = f"{beside} holds no readings (*.csv)"
        raise InvalidInput(message, "readings")
    return [read_readings(path) for path in named]


def _tell_passport(raw: bytes, trust: Trust, options: argparse.Namespace, held: list[str]) -> None:
    verdict = verify(raw, trust.keys)
    held += STEPS
    _require_label(options.label, verdict)
    tell_steps(STEPS, trust)
    tell_verdict(verdict, options.label)
    print("Only the passport was checked. That it is in the log, and rests on what was measured,")
    print("is proven by the ZIP file (the proof) that the page of the label offers.")


def _tell_bundle(
    raw: bytes, trust: Trust, readings: Sequence[bytes] | None, options: argparse.Namespace,
    held: list[str],
) -> None:  # fmt: skip
    proven = verify_bundle(raw, trust, readings, held.append)
    _require_label(options.label, Verdict(proven.document, proven.key))
    seen = None
    if options.log is not None and trust.log is not None:
        reader = LogReader(published(options.log), trust.log)
        seen = verify_log(raw, proven, reader)
        held.append("log")
    tell_steps(held, trust)
    tell_verdict(Verdict(proven.document, proven.key), options.label)
    tell_log(proven)
    tell_seen(proven, seen)
    others = not_looked_at(raw, made_of=bool(proven.origins))
    if others:
        print(f"Not looked at, and proving nothing: {', '.join(map(shown, others))}.")


def _require_label(label: str | None, verdict: Verdict) -> None:
    """Raise `VerificationFailed`, step ``label``, when a label names another lot."""
    if label is None:
        return
    link, lot = LotLink.of(parse(label)), verdict.document["lot"]
    if (link.gtin, link.lot) != (lot["gtin"], lot["number"]):
        expected = f"the label's lot {link.lot} of {link.gtin}"
        raise VerificationFailed("label", expected, f"lot {lot['number']} of {lot['gtin']}")

"""``nguon verify``: check a passport, or the proof of one, with public keys alone."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from domain.errors import InvalidInput, VerificationFailed
from domain.window import from_ms, print_instant
from nguon.logbook import published
from traceability.log.reader import LogReader
from traceability.trust import Trust, parse_trust
from traceability.verify import STEPS, Verdict, verify
from traceability.verify_bundle import STEPS as BUNDLE_STEPS
from traceability.verify_bundle import Proven, verify_bundle
from traceability.verify_log import verify_log

_ZIP = b"PK"


def add_verify(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "verify",
        help="check a passport with public keys; no network, no store",
        description="Check a passport, or better its proof (a ZIP file with the log's proofs in"
        " it), step by step. Needs no store, no network unless --log names one, and trusts"
        " nobody but the keys file.",
        epilog="Exit status: 0 every step holds, 1 a step does not (it is named, with what was"
        " expected and what was found), 2 a file cannot be read.",
    )
    parser.add_argument("passport", type=Path, metavar="PASSPORT.zip")
    parser.add_argument(
        "--keys", type=Path, required=True, metavar="KEYS.json",
        help="whom to trust, as published under /.well-known/nguon-keys.json, or as given out by"
        " somebody you believe more than us",
    )  # fmt: skip
    parser.add_argument(
        "--readings", type=Path, nargs="+", metavar="FILE.csv",
        help="raw readings, a file a device, as `nguon proof --readings` writes them: every day"
        " is made again from them. Default: the folder PASSPORT.readings beside the file, if any",
    )  # fmt: skip
    parser.add_argument(
        "--log", metavar="URL|DIR",
        help="look everything up in the log as it is published now, https://HOST/log or a copy of"
        " its folder: that it still begins as it did, and when each day was taken",
    )  # fmt: skip
    parser.set_defaults(verb=_verify)


def _verify(options: argparse.Namespace) -> int:
    try:
        raw = options.passport.read_bytes()
        trust = parse_trust(options.keys.read_text("utf-8"))
        readings = _readings(options.passport, options.readings)
    except (OSError, UnicodeDecodeError) as error:
        message = f"{error}"
        raise InvalidInput(message, "file") from error
    if raw.startswith(_ZIP):
        return _tell_bundle(raw, trust, readings, options.log)
    return _tell_passport(raw, trust)


def _readings(passport: Path, named: Sequence[Path] | None) -> list[bytes] | None:
    beside = passport.with_suffix(".readings")
    if named is None:
        named = sorted(beside.glob("*.csv")) if beside.is_dir() else []
    return [path.read_bytes() for path in named] or None


def _tell_passport(raw: bytes, trust: Trust) -> int:
    try:
        verdict = verify(raw, trust.keys)
    except VerificationFailed as error:
        return _tell_failure(error, STEPS)
    for number, step in enumerate(STEPS, 1):
        print(f"{number} {step}: holds")
    _tell_verdict(verdict)
    print("This proves unchanged, not true; and not that it is in the log: the ZIP file does.")
    return 0


def _tell_bundle(
    raw: bytes, trust: Trust, readings: Sequence[bytes] | None, log: str | None
) -> int:
    held: list[str] = []
    seen = None
    try:
        proven = verify_bundle(raw, trust, readings, held.append)
        if log is not None and trust.log is not None:
            reader = LogReader(published(log), trust.log)
            seen = verify_log(raw, proven.document, proven.checkpoint, reader)
            held.append("log")
    except VerificationFailed as error:
        done = [*BUNDLE_STEPS[:-1], "log"] if error.step == "log" else BUNDLE_STEPS
        return _tell_failure(error, done)
    for number, step in enumerate(held, 1):
        print(f"{number} {step}: holds")
    _tell_verdict(Verdict(proven.document, proven.key))
    _tell_log(proven, trust)
    if seen is not None:
        print(f"In the log as it is now, {seen.size} entries, stand {seen.days} days of devices,")
        print(f"{seen.prompt} of them taken within a day, and {seen.diary} lines of the diary.")
    print("This proves unchanged, not true.")
    return 0


def _tell_failure(error: VerificationFailed, steps: Sequence[str]) -> int:
    """Print the steps up to the one that failed, and what it expected and found."""
    for number, step in enumerate(steps, 1):
        if step == error.step:
            print(f"{number} {step}: FAILED")
            # Escaped: what was found may be anything, other lines of this report included.
            print(f"  expected {error.expected!a}\n  found    {error.found!a}")
            return 1
        print(f"{number} {step}: holds")
    raise error


def _tell_verdict(verdict: Verdict) -> None:
    lot, issued = verdict.document["lot"], verdict.document["issued"]
    print(f"lot {lot['number']} of {lot['gtin']} is unchanged since {issued},")
    print(f"when {verdict.document['issuer']!a} issued it with key {verdict.key.id}.")


def _tell_log(proven: Proven, trust: Trust) -> None:
    log = proven.checkpoint
    print(f"It is entry {proven.number} of the log {log.origin},")
    print(f"taken at {print_instant(proven.logged_ms)}; {proven.days} days of devices before it.")
    seen = [f"{name} ({from_ms(when * 1000):%Y-%m-%d})" for name, when in proven.witnessed]
    asked = trust.log.quorum if trust.log else 0
    print(f"Witnesses: {', '.join(seen) or 'none'} ({asked} asked for).")
    if proven.producer is not None:
        print(f"Grown by {proven.producer!a}.")
    if proven.recomputed is None:
        print("The raw readings are not beside it: the days were not made again from them.")
    else:
        print(f"Every day was made again from {proven.recomputed} raw readings.")

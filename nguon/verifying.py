"""``nguon verify``: check a passport, or the proof of one, with public keys alone."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from domain.errors import InvalidInput, VerificationFailed
from domain.window import from_ms, print_instant
from nguon.logbook import published
from traceability.bundle import not_looked_at
from traceability.digital_link import LotLink, parse
from traceability.log.reader import LogReader
from traceability.trust import Trust, parse_trust
from traceability.verify import STEPS, Verdict, verify
from traceability.verify_bundle import STEPS as BUNDLE_STEPS
from traceability.verify_bundle import Proven, verify_bundle
from traceability.verify_log import Seen, verify_log

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
        " expected and what was found), 2 a file, or the log, cannot be read.",
    )
    parser.add_argument("passport", type=Path, metavar="PASSPORT.zip")
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
        " is made again from them. Default: the folder PASSPORT.readings beside the file, if any",
    )  # fmt: skip
    parser.add_argument(
        "--log", metavar="URL|DIR",
        help="look days of devices, lines of the diary, certificates and recalls up in the log as"
        " it is published now, https://HOST/log or a copy of its folder: that it still begins as it"
        " did, when each day was taken, and whether the lot was recalled since",
    )  # fmt: skip
    parser.set_defaults(verb=_verify)


def _verify(options: argparse.Namespace) -> int:
    raw = _read(options.passport)
    trust = _trust(options.keys)
    readings = _readings(options.passport, options.readings)
    try:
        if raw.startswith(_ZIP):
            return _tell_bundle(raw, trust, readings, options)
        return _tell_passport(raw, trust, options)
    except VerificationFailed as error:
        steps = BUNDLE_STEPS if raw.startswith(_ZIP) else STEPS
        return _tell_failure(error, (*steps, "label", "log"))


def _read(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        message = f"{error}"
        raise InvalidInput(message, "file") from error
    if not raw:
        message = f"{path} is empty"
        raise InvalidInput(message, "file")
    return raw


def _trust(path: Path) -> Trust:
    try:
        return parse_trust(_read(path).decode())
    except (UnicodeDecodeError, InvalidInput) as error:
        message = f"{path}: {error}"
        raise InvalidInput(message, "keys") from error


def _readings(passport: Path, named: Sequence[Path] | None) -> list[bytes] | None:
    beside = passport.with_suffix(".readings")
    if named is None:
        if not beside.is_dir():
            return None
        named = sorted(beside.glob("*.csv"))
    if not named:
        message = f"{beside} holds no readings (*.csv)"
        raise InvalidInput(message, "readings")
    return [_read(path) for path in named]


def _tell_passport(raw: bytes, trust: Trust, options: argparse.Namespace) -> int:
    verdict = verify(raw, trust.keys)
    _require_label(options.label, verdict)
    for number, step in enumerate(STEPS, 1):
        print(f"{number} {step}: holds")
    _tell_verdict(verdict, options.label)
    print("This proves unchanged, not true; and not that it is in the log: the ZIP file does.")
    return 0


def _tell_bundle(
    raw: bytes, trust: Trust, readings: Sequence[bytes] | None, options: argparse.Namespace
) -> int:
    held: list[str] = []
    proven = verify_bundle(raw, trust, readings, held.append)
    _require_label(options.label, Verdict(proven.document, proven.key))
    seen = None
    if options.log is not None and trust.log is not None:
        reader = LogReader(published(options.log), trust.log)
        seen = verify_log(raw, proven, reader)
        held.append("log")
    asked = trust.log.quorum if trust.log else 0
    for number, step in enumerate(held, 1):
        none_asked = " (none is asked for)" if step == "witnesses" and not asked else ""
        print(f"{number} {step}: holds{none_asked}")
    _tell_verdict(Verdict(proven.document, proven.key), options.label)
    _tell_log(proven, seen)
    others = not_looked_at(raw)
    if others:
        print(f"Not looked at, and proving nothing: {', '.join(map(_shown, others))}.")
    print("This proves unchanged, not true.")
    return 0


def _require_label(label: str | None, verdict: Verdict) -> None:
    """Raise `VerificationFailed`, step ``label``, when a label names another lot."""
    if label is None:
        return
    link, lot = LotLink.of(parse(label)), verdict.document["lot"]
    if (link.gtin, link.lot) != (lot["gtin"], lot["number"]):
        expected = f"the label's lot {link.lot} of {link.gtin}"
        raise VerificationFailed("label", expected, f"lot {lot['number']} of {lot['gtin']}")


def _tell_failure(error: VerificationFailed, steps: Sequence[str]) -> int:
    """Print the steps up to the one that failed, and what it expected and found."""
    for number, step in enumerate(steps, 1):
        if step == error.step:
            print(f"{number} {step}: FAILED")
            print(f"  expected {_shown(error.expected)}\n  found    {_shown(error.found)}")
            print("It does not hold: do not rely on this file.")
            return 1
        if step not in ("readings", "label"):  # which may not have been asked for
            print(f"{number} {step}: holds")
    raise error


def _tell_verdict(verdict: Verdict, label: str | None) -> None:
    lot, issued = verdict.document["lot"], verdict.document["issued"]
    print(f"lot {_shown(lot['number'])} of {_shown(lot['gtin'])} is unchanged since {issued},")
    print(f"when {_shown(verdict.document['issuer'])} issued it with key {verdict.key.id}.")
    if label is None:
        print("Do this lot and GTIN stand on your bag? --label LINK compares them.")


def _tell_log(proven: Proven, seen: Seen | None) -> None:
    log = proven.checkpoint
    print(f"It is entry {proven.number} of the log {_shown(log.origin)},")
    print(f"taken at {print_instant(proven.logged_ms)}; it rests on {proven.days} days of devices.")
    witnessed = [f"{name} ({from_ms(when * 1000):%Y-%m-%d})" for name, when in proven.witnessed]
    print(f"Witnesses: {', '.join(witnessed) or 'none'}.")
    if proven.producer is not None:
        print(f"Grown by {_shown(proven.producer)}.")
    if proven.recomputed is None:
        print("The raw readings are not beside it: the days were not made again from them.")
    else:
        print(f"Every day was made again from {proven.recomputed} raw readings.")
    if seen is None:
        print("Whether the lot was recalled since is not known here: --log tells.")
        return
    print(f"In the log as it is now, {seen.size} entries, stand {seen.days} entries of those")
    print(f"devices' days, {seen.prompt} taken within a day of its end (what a device brings late")
    print(f"is taken late), {seen.diary} lines of the diary and {seen.certificates} certificates.")
    for number, since in seen.withdrawn:
        print(f"CERTIFICATE {_shown(number)} WAS WITHDRAWN from {_shown(since)} on.")
    if seen.recalled_ms is not None:
        print(f"THE LOT WAS RECALLED at {print_instant(seen.recalled_ms)}.")


def _shown(text: object) -> str:
    """Return a text in quotes in which nothing can pass for another line of this report."""
    signs = (sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(text))
    return f"“{''.join(signs)}”"

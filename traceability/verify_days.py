"""Verification of what a passport rests on: the logged days of its devices. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.errors import InvalidInput, VerificationFailed
from domain.window import Window, day_window, local_day, parse_instant
from traceability.bundle import Bundle, LoggedDay, read_chain
from traceability.evidence.raw_days import RawDay, read_raw
from traceability.log.checkpoint import Policy
from traceability.log.proof import LogProof

# Of each device, the newest revision of every day that it served on.
Chains: TypeAlias = Mapping[str, Mapping[date, LoggedDay]]
# Of each device and day, what the files say it was, by root.
RawDays: TypeAlias = Mapping[tuple[str, date], Mapping[str, RawDay]]


def check_days(
    bundle: Bundle, document: Mapping[str, Any], policy: Policy, passport: LogProof
) -> Chains:
    """Return the days that a passport rests on, each device's; raises `VerificationFailed`.

    Every device in the evidence has its chain of days, whose last entry is the one that the
    passport names, is in the log under the same checkpoint, and stands before the passport.
    """
    try:
        bound = {str(row["device"]): row for row in document["device_days"]}
        served = _served(document)
        chains: dict[str, Mapping[date, LoggedDay]] = {}
        for device, windows in served.items():
            if device not in bound or device not in bundle.days:
                raise VerificationFailed("days", f"the days of {device}", "none")
            row = bound[device]
            entries = list(read_chain(device, bundle.days[device]))
            proof = LogProof.decode(bundle.day_proofs[device])
            _check_tip(row, entries, proof, passport)
            _check_included(device, proof, entries[-1], policy)
            chains[device] = _newest(device, entries, windows, ZoneInfo(str(row["zone"])))
    except (
        KeyError, TypeError, ValueError, InvalidInput, ZoneInfoNotFoundError,
        OSError,  # a zone that names a folder
    ) as error:  # fmt: skip
        raise VerificationFailed("days", "days of devices", repr(error)[:120]) from error
    return chains


def check_evidence(document: Mapping[str, Any], chains: Chains) -> None:
    """Raise `VerificationFailed` where more readings are claimed than the days hold."""
    claimed: dict[str, int] = {}
    for row in document["evidence"]:
        claimed[row["device"]] = claimed.get(row["device"], 0) + row["received"]
    for device, count in claimed.items():
        held = sum(day.fields["received"] for day in chains[device].values())
        if count > held:
            expected = f"at most the {held} readings of the days of {device}"
            raise VerificationFailed("evidence", expected, f"{count}")


def open_readings(files: Sequence[bytes]) -> RawDays:
    """Return the days in files of raw readings; raises `VerificationFailed`, ``readings``.

    A day may be there as several passports rest on it: each of its roots is kept.
    """
    days: dict[tuple[str, date], dict[str, RawDay]] = {}
    for file in files:
        for one in read_raw(file):
            days.setdefault((one.device, one.day), {})[one.root.hex()] = one
    return days


def check_readings(days: RawDays, document: Mapping[str, Any], chains: Chains) -> int:
    """Make every day again from raw readings; return how many readings that were.

    Raises `VerificationFailed`, step ``readings``, naming the day that differs or is missing,
    and where the passport's count of readings is not that of the files.
    """
    made: dict[str, list[RawDay]] = {}
    lines = 0
    for device, chain in chains.items():
        for day, logged in chain.items():
            one = _made(days, device, day, str(logged.fields["root"]))
            made.setdefault(device, []).append(one)
            lines += one.lines
    for row in document["evidence"]:
        _check_count(row, made.get(row["device"], ()))
    return lines


def _made(days: RawDays, device: str, day: date, root: str) -> RawDay:
    there = days.get((device, day))
    if not there:
        raise VerificationFailed("readings", f"{device} on {day}", "no such day in the files")
    if root not in there:
        expected = f"{device} on {day}: root {root}"
        raise VerificationFailed("readings", expected, ", ".join(there)[:300])
    return there[root]


def _check_count(row: Mapping[str, Any], days: Iterable[RawDay]) -> None:
    windows = _windows(row)
    times = {time for day in days for time in day.times.get(row["channel"], ())}
    count = sum(any(window.holds(time) for window in windows) for time in times)
    if count != row["received"]:
        expected = f"{row['received']} readings of {row['device']}:{row['channel']}"
        raise VerificationFailed("readings", expected, f"{count}")


def _served(document: Mapping[str, Any]) -> dict[str, list[Window]]:
    """Return when each device in the evidence served the plot."""
    found: dict[str, list[Window]] = {}
    for row in document["evidence"]:
        found.setdefault(str(row["device"]), []).extend(_windows(row))
    return found


def _windows(row: Mapping[str, Any]) -> list[Window]:
    return [Window(parse_instant(start), parse_instant(end)) for start, end in row["windows"]]


def _check_tip(
    row: Mapping[str, Any], entries: Sequence[LoggedDay], proof: LogProof, passport: LogProof
) -> None:
    device = row["device"]
    if not entries or entries[-1].leaf.hex() != row["tip"] or entries[-1].number != row["number"]:
        found = entries[-1].leaf.hex() if entries else "no entries"
        raise VerificationFailed("days", f"{device}: entry {row['number']}, {row['tip']}", found)
    numbers = [entry.number for entry in entries]
    if numbers != sorted(set(numbers)) or numbers[-1] >= passport.index:
        expected = f"{device}: entries in their order, before number {passport.index}"
        raise VerificationFailed("days", expected, str(numbers)[:120])
    if proof.index != numbers[-1] or proof.checkpoint != passport.checkpoint:
        expected = f"{device}: a proof of entry {numbers[-1]} under the passport's checkpoint"
        raise VerificationFailed("days", expected, f"entry {proof.index}, maybe another checkpoint")


def _check_included(device: str, proof: LogProof, tip: LoggedDay, policy: Policy) -> None:
    try:
        proof.check(tip.entry, policy)
    except VerificationFailed as error:
        expected = f"{device}: {error.step}, {error.expected}"
        raise VerificationFailed("days", expected, error.found) from error


def _newest(
    device: str, entries: Sequence[LoggedDay], windows: Sequence[Window], zone: ZoneInfo
) -> Mapping[date, LoggedDay]:
    """Return the newest revision of each day served; every one must be there, and known whole."""
    for one in entries:
        if one.fields["continues"] is False and not one.fields["clock"]:
            expected = f"{device} on {one.day}: a revision that keeps the readings before it"
            raise VerificationFailed("days", expected, f"entry {one.number}")
    newest = {entry.day: entry for entry in entries}
    found: dict[date, LoggedDay] = {}
    for window in (one for one in windows if one.length_ms):
        day, last = local_day(window.start_ms, zone), local_day(window.end_ms - 1, zone)
        while day <= last:
            entry = newest.get(day)
            needed_ms = min(day_window(day, zone).end_ms, window.end_ms)
            if entry is None or parse_instant(str(entry.fields["known"])) < needed_ms:
                raise VerificationFailed("days", f"{device} on {day}, whole", "not in the log")
            found[day] = entry
            day += timedelta(days=1)
    return found

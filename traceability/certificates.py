"""Certificates as evidence: each is in the log from the moment it is written down.

As with the diary, the log has a salted digest of all that a certificate says, so that it
names no household; what a passport shows of it stands beside that digest. A certificate
counts for a lot when it was in force on the day of the harvest, and was not withdrawn from
that day or an earlier one: what ends later takes nothing from what was picked before.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from domain.certificate import Certificate, Withdrawal
from domain.errors import Clash, InvalidInput, NotFound, Refused
from domain.ids import CertificateId, PlotId, ProducerId
from domain.lot import Lot
from domain.text import plain
from domain.window import LAST_MS, print_instant
from store.records import Transaction
from traceability.canonical import salted_digest
from traceability.log.append import record
from traceability.log.entry import CERTIFICATE, WITHDRAWAL
from traceability.log.salted import salted
from traceability.standards import standard

MAX_NUMBER, MAX_CERTIFIER, MAX_REASON = 60, 120, 200
SOON = timedelta(days=60)
"""A new audit takes weeks to arrange."""
_MOST_YEARS = 20
"""A longer life is a slip of the pen: what is certified is looked at again every few years."""


def write(transaction: Transaction, one: Certificate) -> bool:
    """Keep a certificate and log it; True when it is new, False when it was there already.

    Raises `InvalidInput` naming the field, `NotFound` for producer, plot, crop or paper,
    `Refused` (plot-holder) for a plot that its producer does not hold, `Clash` when the id is
    there with other content.
    """
    one = _in_plain_text(one)
    _check(transaction, one)
    new = transaction.papers.add(one)
    if new:
        made, _ = salted(transaction, CERTIFICATE, one.id, said(one))
        body = {"digest": made, "recorded": print_instant(one.recorded_ms)}
        record(transaction, CERTIFICATE, one.id, body, one.recorded_ms)
    return new


def withdraw(transaction: Transaction, one: Withdrawal) -> None:
    """Say that a certificate no longer holds from a day on, and log that.

    The same again changes nothing. Raises `InvalidInput`, `NotFound`, and `Clash` when it was
    withdrawn in other words before.
    """
    certificate = require(transaction, one.certificate)
    reason = plain(one.reason, "reason", MAX_REASON)
    if not reason:
        message = "why it is withdrawn is needed"
        raise InvalidInput(message, "reason")
    there = transaction.papers.withdrawal(one.certificate)
    if there is not None:
        if (there.since, there.reason) == (one.since, reason):
            return
        message = f"certificate {one.certificate} is withdrawn since {there.since}: {there.reason}"
        raise Clash(message)
    if not certificate.valid_from <= one.since <= certificate.valid_to:
        message = f"it held from {certificate.valid_from} to {certificate.valid_to}"
        raise InvalidInput(message, "since")
    transaction.papers.withdraw(replace(one, reason=reason))
    body = {"certificate": digest_of(transaction, certificate), "since": one.since.isoformat()}
    record(transaction, WITHDRAWAL, one.certificate, body, one.recorded_ms)


def require(transaction: Transaction, name: CertificateId) -> Certificate:
    """Return a certificate; raises `NotFound`."""
    found = transaction.papers.find(name)
    if found is None:
        message = f"no certificate {name}"
        raise NotFound(message)
    return found


def speaking_of(
    transaction: Transaction, producer: ProducerId, plot: PlotId, crop: str
) -> list[Certificate]:
    """Return a producer's certificates for a crop on a plot, whenever they hold."""
    return [one for one in transaction.papers.certificates(producer) if one.covers(plot, crop)]


def in_force(transaction: Transaction, one: Certificate, on: date, known_ms: int = LAST_MS) -> bool:
    """Whether a certificate holds on a day, as known at an instant, or now."""
    if not (one.valid_from <= on <= one.valid_to and one.recorded_ms <= known_ms):
        return False
    withdrawal = transaction.papers.withdrawal(one.id)
    return withdrawal is None or withdrawal.recorded_ms > known_ms or on < withdrawal.since


def ending_soon(transaction: Transaction, today: date) -> list[Certificate]:
    """Return the certificates in force today that end within two months.

    One that another of the same producer and standard outlives has been renewed.
    """
    standing = [
        one for one in transaction.papers.certificates() if in_force(transaction, one, today)
    ]
    longest: dict[tuple[str, str], date] = {}
    for one in standing:  # the one that ends last comes first
        longest.setdefault((one.producer, one.standard), one.valid_to)
    last = {key: day for key, day in longest.items() if day - today <= SOON}
    return [one for one in standing if last.get((one.producer, one.standard)) == one.valid_to]


def of_lot(transaction: Transaction, lot: Lot, known_ms: int = LAST_MS) -> list[Certificate]:
    """Return the certificates in force on the day of a lot's harvest, by id."""
    plot, season = transaction.places.plot(lot.plot), transaction.places.season(lot.season)
    spoken = speaking_of(transaction, plot.producer, plot.id, season.crop)
    held = [one for one in spoken if in_force(transaction, one, lot.harvested, known_ms)]
    return sorted(held, key=lambda one: one.id)


def passport_rows(transaction: Transaction, lot: Lot, now_ms: int) -> list[dict[str, Any]]:
    """Return what a passport says of a lot's certificates, as known at an instant."""
    return [_row(transaction, one) for one in of_lot(transaction, lot, now_ms)]


def digest_of(transaction: Transaction, one: Certificate) -> str | None:
    """Return the digest of a certificate, None when its salt was erased."""
    salt = transaction.salts.find(CERTIFICATE, one.id)
    return None if salt is None else salted_digest(salt, said(one))


def said(one: Certificate) -> Mapping[str, Any]:
    """Return what a certificate says, as its digest is made over it; not who wrote it down."""
    return {
        "id": one.id,
        "producer": one.producer,
        "standard": one.standard,
        "number": one.number,
        "certifier": one.certifier,
        "from": one.valid_from.isoformat(),
        "until": one.valid_to.isoformat(),
        "plots": list(one.plots),
        "crops": list(one.crops),
        "paper": one.paper,
        "recorded": print_instant(one.recorded_ms),
    }


def _row(transaction: Transaction, one: Certificate) -> dict[str, Any]:
    named = standard(one.standard)
    logged = transaction.log.newest(CERTIFICATE, one.id)
    return {
        "standard": one.standard,
        "title_vi": named.title_vi,
        "title_en": named.title_en,
        "number": one.number,
        "certifier": one.certifier,
        "from": one.valid_from.isoformat(),
        "until": one.valid_to.isoformat(),
        "paper": one.paper,
        "digest": digest_of(transaction, one),
        "logged": logged and logged.number,
    }


def _in_plain_text(one: Certificate) -> Certificate:
    return replace(
        one,
        number=plain(one.number, "number", MAX_NUMBER),
        certifier=plain(one.certifier, "certifier", MAX_CERTIFIER),
        plots=tuple(sorted(set(one.plots))),
        crops=tuple(sorted(set(one.crops))),
    )


def _check(transaction: Transaction, one: Certificate) -> None:
    known = standard(one.standard)
    for field, value in (("number", one.number), ("certifier", one.certifier)):
        if not value:
            message = f"the {field} that is printed on the certificate is needed"
            raise InvalidInput(message, field)
    if one.valid_from < known.valid_from:
        message = f"{known.title_en} is from {known.valid_from}"
        raise InvalidInput(message, "valid_from")
    if not 0 <= (one.valid_to - one.valid_from).days <= _MOST_YEARS * 366:
        message = f"it ends after it begins, and within {_MOST_YEARS} years"
        raise InvalidInput(message, "valid_to")
    transaction.places.producer(one.producer)
    for name in one.plots:
        plot = transaction.places.plot(name)
        holders = {plot.producer, *(held.producer for held in transaction.places.holdings(name))}
        if one.producer not in holders:
            message = f"plot {name} is not held by {one.producer}"
            raise Refused(message, "plot-holder")
    for crop in one.crops:
        transaction.places.crop(crop)
    if one.paper is not None:
        transaction.papers.file(one.paper)

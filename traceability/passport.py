"""A lot's passport: gather what is known, write it down canonically, sign it.

The claims are told apart by who makes them: ``evidence`` is measured by sensors,
``diary`` is declared by the grower, ``lot`` and the figures in ``evidence`` are
computed here by the method named. No phone, no coordinates, no personal name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from domain.device import Datastream
from domain.diary import Entry, Work
from domain.errors import Clash, NotFound
from domain.gs1 import Gtin, LotNumber
from domain.lot import IssuedPassport, Lot
from domain.plot import Band
from domain.properties import observed_properties
from domain.window import Window, days_window, print_instant
from field.diary import permitted_on
from field.state import in_reading_order
from store.judged import Read, as_known, judged_stream
from store.records import Records, Transaction
from traceability.canonical import to_bytes
from traceability.digital_link import DigitalLink
from traceability.envelope import PAYLOAD_TYPE, Envelope, pre_authentication
from traceability.evidence.statistics import METHOD, Evidence, gather
from traceability.lots import require_waited
from traceability.signer import Signer
from traceability.verify import verify


@dataclass(frozen=True, slots=True)
class Measured:
    """A datastream, when it served the plot, and the crop's band for its property."""

    stream: Datastream
    windows: tuple[Window, ...]
    band: Band | None


@dataclass(frozen=True, slots=True)
class Dossier:
    """What the records say of a lot's season, and which datastreams measured it.

    ``issued_ms`` is when its newest passport was issued, None when it has none.
    """

    issued_ms: int | None
    declared: Mapping[str, Any]
    measured: tuple[Measured, ...]


def issue(
    records: Records, read: Read, signer: Signer, issuer: str, lot: Lot, now_ms: int
) -> IssuedPassport:  # fmt: skip
    """Gather, sign and keep the passport of a lot; `read` is the series store's.

    Readings are gathered outside any transaction: a season takes seconds to judge, and
    no diary entry should wait for it. When somebody else has issued it meanwhile, theirs is
    returned. Raises `Refused` when a spraying forbids it, `Clash` when the records changed.
    """
    with records.reading() as transaction:
        before = _permitted_dossier(transaction, lot, issuer, now_ms)
    payload = to_bytes(compile_document(before, as_known(read, now_ms)))
    key = signer.public().id
    signature = signer.sign(pre_authentication(PAYLOAD_TYPE, payload))
    envelope = Envelope(PAYLOAD_TYPE, payload, key, signature).encode()
    verify(envelope, [signer.public()])  # nothing is published that we would not accept
    passport = IssuedPassport(lot.gtin, lot.number, envelope, key, now_ms)
    with records.transaction() as transaction:
        transaction.lots.lock(lot)
        now = _permitted_dossier(transaction, lot, issuer, now_ms)
        if now.issued_ms != before.issued_ms:
            theirs = transaction.lots.passport(lot.gtin, lot.number)
            if theirs is not None:
                return theirs
        if now != before:
            message = "the diary or the register was written to meanwhile; issue it again"
            raise Clash(message)
        transaction.lots.add_passport(passport)
    return passport


def _permitted_dossier(transaction: Transaction, lot: Lot, issuer: str, now_ms: int) -> Dossier:
    # A spraying may have been written down since the lot was opened.
    require_waited(transaction, transaction.diary.entry(lot.harvest))
    return dossier(transaction, lot, issuer, now_ms)


def require_lot(transaction: Transaction, gtin: Gtin, number: LotNumber) -> Lot:
    """Return a lot; raises `NotFound`."""
    lot = transaction.lots.find(gtin, number)
    if lot is None:
        message = f"no lot {number} of {gtin}"
        raise NotFound(message)
    return lot


def link_of(transaction: Transaction, lot: Lot) -> DigitalLink:
    """Return what the label of a lot says."""
    plot = transaction.places.plot(lot.plot)
    return DigitalLink(lot.gtin, lot.number, plot.gln, lot.harvested)


def season_window(transaction: Transaction, lot: Lot, now_ms: int) -> tuple[Window, ZoneInfo]:
    """Return from the first day of the season to the day of harvest, cut at now."""
    plot = transaction.places.plot(lot.plot)
    season = transaction.places.season(lot.season)
    zone = transaction.places.zone_of(plot, lot.harvested)
    whole = days_window(season.started, lot.harvested, zone)
    return Window(whole.start_ms, max(whole.start_ms, min(whole.end_ms, now_ms))), zone


def compile_document(gathered: Dossier, read: Read) -> dict[str, Any]:
    """Return the passport's content as plain JSON values."""
    rows = [_gather(measured, read) for measured in gathered.measured]
    return {**gathered.declared, "evidence": [_evidence_row(row) for row in rows]}


def dossier(transaction: Transaction, lot: Lot, issuer: str, now_ms: int) -> Dossier:
    """Return what the records say of a lot's season at a moment."""
    places = transaction.places
    plot, season = places.plot(lot.plot), places.season(lot.season)
    product = transaction.lots.product(lot.gtin)
    producer, area = places.producer(plot.producer), places.area(plot.area, lot.harvested)
    window, zone = season_window(transaction, lot, now_ms)
    written = transaction.diary.entries(plot.id, season.started, lot.harvested)
    entries = [entry for entry in written if entry.recorded_ms <= now_ms]
    declared = {
        "lot": {
            "gtin": lot.gtin,
            "number": lot.number,
            "digital_link": link_of(transaction, lot).canonical(),
            "kilograms": lot.kilograms,
            "harvested": lot.harvested.isoformat(),
            "expires": lot.expires.isoformat(),
        },
        "product": {"crop": product.crop, "name_vi": product.name_vi, "name_en": product.name_en},
        "producer": {
            "name": producer.public_name,
            "area": {"code": area.code, "name_vi": area.name_vi, "name_en": area.name_en},
        },
        "plot": {"gln": plot.gln, "hectares": plot.hectares},
        "season": {
            "started": season.started.isoformat(),
            "from": print_instant(window.start_ms),
            "until": print_instant(window.end_ms),
            "zone": zone.key,
        },
        "diary": [_diary_row(transaction, entry) for entry in entries],
        "method": METHOD,
        "issued": print_instant(now_ms),
        "issuer": issuer,
    }
    return Dossier(transaction.lots.issued_ms(lot), declared, _measured(transaction, lot, window))


def _measured(transaction: Transaction, lot: Lot, window: Window) -> tuple[Measured, ...]:
    """Return every datastream that served the plot, by property and depth."""
    season = transaction.places.season(lot.season)
    bands = transaction.places.bands(season.crop, lot.harvested)
    stays: dict[Datastream, list[Window]] = {}
    for stream, served in transaction.devices.covering(lot.plot, window):
        stays.setdefault(stream, []).append(served)
    measured = [s for s in stays if observed_properties().get(s.property).of_field]
    ordered = sorted(measured, key=in_reading_order)
    return tuple(Measured(s, tuple(stays[s]), bands.get(s.property)) for s in ordered)


def _gather(one: Measured, read: Read) -> Evidence:
    row = observed_properties().get(one.stream.property)
    readings = chain.from_iterable(judged_stream(read, one.stream, w) for w in one.windows)
    return gather(one.stream, row, one.windows, readings, one.band)


def _diary_row(transaction: Transaction, entry: Entry) -> dict[str, Any]:
    row: dict[str, Any] = {"day": entry.day.isoformat(), "work": entry.work.value}
    if entry.amount is not None:
        row |= {"amount": entry.amount, "unit": entry.unit or ""}
    if entry.work is Work.SPRAYING:
        product = permitted_on(transaction, entry)
        row |= {"product": product.name, "waiting_days": product.waiting_days}
    elif entry.product:
        row["product"] = entry.product
    return row


def _evidence_row(row: Evidence) -> dict[str, Any]:
    return {
        "property": row.property.name,
        "unit": row.property.unit,
        "statistic": row.property.statistic.value,
        "depth_m": row.stream.depth_m,
        "device": row.stream.device,
        "channel": row.stream.channel,
        "interval_s": row.stream.interval_s,
        "windows": [[print_instant(w.start_ms), print_instant(w.end_ms)] for w in row.windows],
        "expected": row.coverage.expected,
        "filled": row.coverage.filled,
        "coverage": row.coverage.share,
        "longest_silence_s": row.coverage.silence_s,
        "received": row.received,
        "used": row.used,
        "failed": row.failed,
        "suspect": row.suspect,
        "disputed": row.disputed,
        "minimum": row.minimum,
        "mean": row.mean,
        "maximum": row.maximum,
        "total": row.total,
        "band": None if row.band is None else [row.band.low, row.band.high],
        "in_band": row.in_band,
    }

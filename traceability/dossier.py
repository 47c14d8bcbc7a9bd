"""What is known of a lot's season, as a passport says it.

The claims are told apart by who makes them: ``evidence`` is measured by sensors,
``diary`` is declared by the grower, ``lot`` and the figures in ``evidence`` are
computed here by the method named. No phone, no coordinates, no name: the producer and
the whole of each diary entry stand behind salted digests, which their owners can open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from domain.device import Datastream
from domain.diary import Entry, Work
from domain.errors import NotFound
from domain.gs1 import Gtin, LotNumber
from domain.lot import Lot, Product
from domain.plot import Band, Producer
from domain.properties import observed_properties
from domain.window import Window, days_window, print_instant
from field.diary import permitted_on
from field.state import in_reading_order
from store.judged import Read, judged_stream
from store.records import Transaction
from traceability.canonical import salted_digest
from traceability.certificates import passport_rows
from traceability.diary import digest_of
from traceability.digital_link import LotLink
from traceability.evidence.statistics import METHOD, Evidence, gather
from traceability.lineage.graph import origins
from traceability.log.entry import DIARY, decode

PRODUCER = "producer"


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


def require_lot(transaction: Transaction, gtin: Gtin, number: LotNumber) -> Lot:
    """Return a lot; raises `NotFound`."""
    lot = transaction.lots.find(gtin, number)
    if lot is None:
        message = f"no lot {number} of {gtin}"
        raise NotFound(message)
    return lot


def link_of(transaction: Transaction, lot: Lot) -> LotLink:
    """Return what the label of a lot says; no place where it came of several."""
    plots = {origin.plot for origin in origins(transaction, lot)}
    gln = transaction.places.plot(lot.plot).gln if len(plots) == 1 else None
    return LotLink(lot.gtin, lot.number, gln, lot.harvested)


def season_window(transaction: Transaction, lot: Lot, now_ms: int) -> tuple[Window, ZoneInfo]:
    """Return from the first day of the season to the day of harvest, cut at now."""
    plot = transaction.places.plot(lot.plot)
    season = transaction.places.season(lot.season)
    zone = transaction.places.zone_of(plot, lot.harvested)
    whole = days_window(season.started, lot.harvested, zone)
    return Window(whole.start_ms, max(whole.start_ms, min(whole.end_ms, now_ms))), zone


def compile_document(gathered: Dossier, read: Read, bound: Mapping[str, Any]) -> dict[str, Any]:
    """Return the passport's content as plain JSON values.

    ``bound`` binds it to the log: its name, ``log``, and the ``device_days`` in it.
    """
    rows = [_gather(measured, read) for measured in gathered.measured]
    evidence = [_evidence_row(row) for row in rows]
    return {**gathered.declared, "evidence": evidence, **bound}


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
        "lot": lot_row(transaction, lot),
        "product": product_row(product),
        "producer": {
            "commitment": _commitment(transaction, producer),
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
        "certificates": passport_rows(transaction, lot, now_ms),
        "method": METHOD,
        "issued": print_instant(now_ms),
        "issuer": issuer,
    }
    return Dossier(transaction.lots.issued_ms(lot), declared, _measured(transaction, lot, window))


def lot_row(transaction: Transaction, lot: Lot) -> dict[str, Any]:
    """Return what a passport says of its lot."""
    return {
        "gtin": lot.gtin,
        "number": lot.number,
        "digital_link": link_of(transaction, lot).canonical(),
        "kilograms": lot.kilograms,
        "harvested": lot.harvested.isoformat(),
        "expires": lot.expires.isoformat(),
    }


def product_row(product: Product) -> dict[str, Any]:
    """Return what a passport says of its product."""
    return {"crop": product.crop, "name_vi": product.name_vi, "name_en": product.name_en}


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


def producer_said(producer: Producer) -> Mapping[str, Any]:
    """Return what a passport's digest of its producer is made over."""
    return {"id": producer.id, "name": producer.public_name}


def _commitment(transaction: Transaction, producer: Producer) -> str | None:
    """Return the salted digest of a producer, None when its salt was erased."""
    salt = transaction.salts.find(PRODUCER, producer.id)
    return None if salt is None else salted_digest(salt, producer_said(producer))


def _diary_row(transaction: Transaction, entry: Entry) -> dict[str, Any]:
    row: dict[str, Any] = {"day": entry.day.isoformat(), "work": entry.work.value}
    logged = transaction.log.newest(DIARY, entry.id)
    digest = digest_of(transaction, entry)
    if digest is None and logged is not None:
        digest = decode(logged.entry).body["digest"]  # its salt was erased; the log has it
    row |= {"digest": digest, "logged": logged and logged.number}
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

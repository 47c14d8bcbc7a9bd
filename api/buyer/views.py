"""What the buyer's page receives. Figures come from the signed passport, not from now.

Status and recall are always live; they never come from a passport.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from api import i18n
from api.buyer.made_of import MadeOfView, made_of_view
from api.buyer.signed import SignedView, signed_view
from api.scans.opened import serial_of
from api.views import ChartView, Span, band_text, draw, label, quantity, told_apart, unit_sign
from domain.device import Datastream
from domain.gs1 import Giai, SerialNumber, print_date
from domain.ids import CertificateId, DeviceId
from domain.label import VoidReason
from domain.lot import IssuedPassport, Lot, LotState, Product, Recall
from domain.plot import Area, Producer
from domain.properties import Statistic, observed_properties
from domain.window import Size, Window, days_window, local_day
from store.records import Transaction
from store.series import Series
from traceability.composition.summary import made_of
from traceability.digital_link import LotLink
from traceability.dossier import link_of, season_window
from traceability.envelope import Envelope
from traceability.lineage.graph import origins
from traceability.standing import denied, doubts, recall_of, standing

_MOST_NAMED = 20
_CHARTED = ("soil_moisture", "air_temperature", "rainfall")


@dataclass(frozen=True, slots=True)
class MeasuredView:
    """One measured quantity over the season; numbers twice: for people and for machines."""

    key: str
    label: str
    device: str | None
    unit: str
    circular: bool
    figures: tuple[tuple[str, str, str, float], ...]
    filled: str
    expected: str
    share: str
    complete: bool
    silence: str | None
    failed: str | None
    suspect: str | None
    in_band: str | None
    band: str | None
    device_path: str | None


@dataclass(frozen=True, slots=True)
class DiaryView:
    """A diary line as declared by the grower."""

    day: str
    work: str
    text: str
    waiting_days: int | None


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate as the passport names it; ``withdrawn`` is as known now."""

    title: str
    number: str
    certifier: str
    since: date
    until: date
    withdrawn: date | None


@dataclass(frozen=True, slots=True)
class PassportView:
    """The signed part of the page of a lot of one season."""

    season_from: str
    season_until: str
    measured: tuple[MeasuredView, ...]
    filled: str
    expected: str
    share: str
    diary: tuple[DiaryView, ...]
    certificates: tuple[CertificateView, ...]
    charts: tuple[ChartView, ...]


@dataclass(frozen=True, slots=True)
class ScannedView:
    """How often the lot, or the ``unit`` that its label names, was opened before; no verdict."""

    unit: bool
    times: int
    text: str
    first: date


@dataclass(frozen=True, slots=True)
class LotView:
    """The whole page."""

    lot: Lot
    state: LotState
    product: Product
    producer: Producer
    area: Area
    recall: Recall | None
    recalled_on: date | None
    doubts: tuple[tuple[str, date], ...]
    denied_on: date | None
    found: tuple[str, date] | None
    made_of: tuple[tuple[str, str], ...]
    made_of_more: int
    mislabelled: bool
    unissued: bool
    void: tuple[VoidReason, date] | None
    scanned: ScannedView | None
    picture: str | None
    passport: PassportView | None
    composed: MadeOfView | None
    signed: SignedView | None
    passport_url: str
    proof_url: str
    as_of: str


def lot_view(
    transaction: Transaction, series: Series, lot: Lot, said: Sequence[tuple[str, str]],
    now_ms: int, language: str,
) -> LotView:  # fmt: skip
    """Return everything the page of a lot shows; ``said`` are the label's further AIs."""
    plot = transaction.places.plot(lot.plot)
    zone = transaction.places.zone_of(plot, lot.harvested)
    recall = recall_of(transaction, lot)
    found = transaction.lots.finding(lot.gtin, lot.number)
    doubted, denial = doubts(transaction, lot), denied(transaction, lot)
    passport = transaction.lots.passport(lot.gtin, lot.number)
    season = composed = signed = None
    said_of = None if passport is None else made_of(passport)
    if passport is not None:
        signed = signed_view(transaction, passport, zone, language)
    if passport is not None and said_of is not None:
        composed = made_of_view(transaction, said_of, language)
    elif passport is not None:
        window, _ = season_window(transaction, lot, passport.issued_ms)
        last = local_day(max(window.start_ms, window.end_ms - 1), zone)
        days = days_window(local_day(window.start_ms, zone), last, zone)
        span = Span(days, Size.DAY, zone, language, passport.issued_ms)
        charts = _charts(transaction, series, lot, span)
        season = passport_view(transaction, passport, charts, span)
    behind = _made_of(transaction, lot)
    return LotView(
        lot=lot,
        state=standing(transaction, lot, local_day(now_ms, zone)),
        product=transaction.lots.product(lot.gtin),
        producer=transaction.places.producer(plot.producer),
        area=transaction.places.area(plot.area, lot.harvested),
        recall=recall,
        recalled_on=None if recall is None else local_day(recall.since_ms, zone),
        doubts=tuple((doubt.name, doubt.entry.day) for doubt in doubted),
        denied_on=None if denial is None else local_day(denial.since_ms, zone),
        found=None if found is None else (found.reason, local_day(found.since_ms, zone)),
        made_of=behind[:_MOST_NAMED],
        made_of_more=max(0, len(behind) - _MOST_NAMED),
        mislabelled=_contradicts(said, link_of(transaction, lot)),
        unissued=_unissued(transaction, lot, said),
        void=_void(transaction, lot, said, zone),
        scanned=_scanned(transaction, lot, said, zone, language),
        picture=transaction.papers.picture(lot.gtin),
        passport=season,
        composed=composed,
        signed=signed,
        passport_url=f"/v1/lots/{lot.gtin}/{quote(lot.number, safe='')}/passport",
        proof_url=f"/v1/lots/{lot.gtin}/{quote(lot.number, safe='')}/proof",
        as_of=i18n.moment(now_ms, zone, language),
    )


def _scanned(
    transaction: Transaction, lot: Lot, said: Sequence[tuple[str, str]], zone: ZoneInfo,
    language: str,
) -> ScannedView | None:  # fmt: skip
    unit = serial_of(said)
    total = transaction.scans.total(lot.gtin, lot.number, unit or None)
    if total is None:
        return None
    text = i18n.number(total.times, language=language)
    return ScannedView(bool(unit), total.times, text, local_day(total.first_ms, zone))


def _unissued(transaction: Transaction, lot: Lot, said: Sequence[tuple[str, str]]) -> bool:
    """Whether a label names a unit of which we printed none: the easiest thing to invent."""
    given = next((value for key, value in said if key == "21"), None)
    if given is None:
        return False
    serial = serial_of(said)
    unit = transaction.units.find(lot.gtin, SerialNumber(serial)) if serial else None
    return unit is None or unit.number != lot.number


def _void(
    transaction: Transaction, lot: Lot, said: Sequence[tuple[str, str]], zone: ZoneInfo
) -> tuple[VoidReason, date] | None:
    """Return why the label that was scanned is void, and since when; None when it is not."""
    serial = serial_of(said)
    found = transaction.units.voided(lot.gtin, SerialNumber(serial)) if serial else None
    return None if found is None else (found.reason, local_day(found.since_ms, zone))


def _made_of(transaction: Transaction, lot: Lot) -> tuple[tuple[str, str], ...]:
    """Return number and page of the harvested lots that a lot came of, none for one of those."""
    if lot.made_by is None:
        return ()
    behind = sorted(origins(transaction, lot), key=lambda one: (one.harvested, one.number))
    return tuple((one.number, link_of(transaction, one).path()) for one in behind)


def _contradicts(said: Sequence[tuple[str, str]], ours: LotLink) -> bool:
    """Whether a label names a place or a day that is not the one we printed, or no place at all.

    Each AI by itself: something unreadable beside them must not hide the copy.
    """
    printed = {"416": ours.gln or "", "7007": print_date(ours.harvested) if ours.harvested else ""}
    return any(key in printed and value != printed[key] for key, value in said)


def passport_view(
    transaction: Transaction, passport: IssuedPassport, charts: tuple[ChartView, ...], span: Span
) -> PassportView:
    """Return the passport of one season in words and numbers."""
    document = json.loads(Envelope.decode(passport.envelope).payload)
    first, last = span.edges()
    language, rows = span.language, document["evidence"]
    giais = transaction.gs1.giais(of={DeviceId(row["device"]) for row in rows})
    filled, expected = (sum(row[key] for row in rows) for key in ("filled", "expected"))
    return PassportView(
        season_from=first,
        season_until=last,
        measured=tuple(told_apart([_measured(row, giais, language) for row in rows])),
        filled=i18n.number(filled, language=language),
        expected=i18n.number(expected, language=language),
        share=i18n.percent(filled / expected if expected else 1.0, language),
        diary=tuple(_diary(row, language) for row in document["diary"]),
        certificates=tuple(
            _certificate(transaction, row, language) for row in document.get("certificates", [])
        ),
        charts=charts,
    )


def _measured(
    row: Mapping[str, Any], giais: Mapping[DeviceId, Giai], language: str
) -> MeasuredView:
    prop = observed_properties().get(row["property"])
    names = [("mean", "Average"), ("minimum", "Lowest"), ("maximum", "Highest")]
    if prop.statistic is Statistic.SUM:
        names = [("total", "Total"), ("maximum", "Highest")]
    figures = tuple(
        (key, said, i18n.number(row[key], prop.decimals, language=language), row[key])
        for key, said in names
        if row[key] is not None
    )
    usual = row["longest_silence_s"] <= 1.5 * row["interval_s"]
    band, giai = row["band"], giais.get(row["device"])
    return MeasuredView(
        key=f"{row['device']}:{row['channel']}",
        label=label(prop, row["depth_m"], language),
        device=row["device"],
        unit=unit_sign(row["unit"]),
        circular=prop.statistic is Statistic.CIRCULAR,
        figures=figures,
        filled=i18n.number(row["filled"], language=language),
        expected=i18n.number(row["expected"], language=language),
        share=i18n.percent(row["coverage"], language),
        complete=row["filled"] == row["expected"],
        silence=None if usual else i18n.span(row["longest_silence_s"], language),
        failed=i18n.number(row["failed"], language=language) if row["failed"] else None,
        suspect=i18n.number(row["suspect"], language=language) if row["suspect"] else None,
        in_band=None
        if row["in_band"] is None
        else i18n.number(100 * row["in_band"], language=language),
        band=None if band is None else band_text(band[0], band[1], prop.decimals, language),
        device_path=None if giai is None else f"/8004/{quote(giai, safe='')}",
    )


def _diary(row: Mapping[str, Any], language: str) -> DiaryView:
    parts = []
    if "product" in row:
        parts.append(row["product"])
    if "amount" in row:
        parts.append(quantity(row["amount"], row["unit"], language))
    day = i18n.day(date.fromisoformat(row["day"]), language)
    return DiaryView(day, row["work"], ", ".join(parts), row.get("waiting_days"))


def _certificate(
    transaction: Transaction, row: Mapping[str, Any], language: str
) -> CertificateView:
    """Return a certificate in words; whether it was withdrawn is looked up, never signed."""
    since: date | None = None
    if row["logged"] is not None:
        (entry,) = transaction.log.entries(row["logged"], row["logged"] + 1)
        withdrawal = transaction.papers.withdrawal(CertificateId(entry.subject))
        since = None if withdrawal is None else withdrawal.since
    return CertificateView(
        title=row["title_vi"] if language == "vi" else row["title_en"],
        number=row["number"],
        certifier=row["certifier"],
        since=date.fromisoformat(row["from"]),
        until=date.fromisoformat(row["until"]),
        withdrawn=since,
    )


def _charts(
    transaction: Transaction, series: Series, lot: Lot, span: Span
) -> tuple[ChartView, ...]:
    season = transaction.places.season(lot.season)
    bands = transaction.places.bands(season.crop, lot.harvested)
    chosen: dict[str, Datastream] = {}
    stays: dict[Datastream, list[Window]] = {}
    for stream, served in transaction.devices.covering(lot.plot, span.window):
        stays.setdefault(stream, []).append(served)
        if stream.property in _CHARTED:
            chosen.setdefault(stream.property, stream)
    pictures = []
    for name in _CHARTED:
        if name in chosen:
            band = bands.get(name)
            limits = None if band is None else (band.low, band.high)
            whole = series.buckets(chosen[name].series, span.window, Size.DAY)
            pictures.append(draw((chosen[name], limits), whole, stays[chosen[name]], span))
    return tuple(told_apart([picture for picture in pictures if picture is not None]))

"""A lot's own events, made from its record and from the figures of its passport. Pure.

The same passport gives the same events under the same ids, so that they may be told beside
others that are kept, and each still counts once.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from domain.gs1 import Giai, Gln
from domain.ids import DeviceId
from domain.lot import Lot, Recall
from domain.window import Window, parse_instant
from traceability.countries import country_of
from traceability.envelope import Envelope
from traceability.epcis.lots import Origin, commissioned, recalled
from traceability.epcis.sensing import Namespace, Sensed, Statistics, measured
from traceability.epcis.telling import Amount, Event, When, Where


@dataclass(frozen=True, slots=True)
class Known:
    """What is told of a lot: its record, where it grew, and what came of it.

    ``envelope`` is its newest passport as signed, ``proof`` where that passport's proof is.
    ``steps`` are the events of what was done with it, as they are kept; one of them made it
    unless it was opened from a harvest. ``giais`` are the devices' numbers as they were known
    when the passport was issued: a later one changes no event that was told.
    """

    lot: Lot
    place: Gln
    zone: ZoneInfo
    recall: Recall | None
    envelope: bytes | None
    proof: str
    steps: tuple[Event, ...] = ()
    giais: Mapping[DeviceId, Giai] = field(default_factory=dict)


def events_of_lot(known: Known, ours: Namespace) -> list[Event]:
    """Return a lot's events in the order in which they happened; for a context of ``ours``.

    That it came into being at its harvest or of other lots, what each device measured over its
    season, what was done with it, and that it was called back, as far as any of it is so.
    """
    lot, where = known.lot, Where(known.place, known.place)
    amount = Amount(lot.gtin, lot.number, lot.kilograms)
    sensed = [] if known.envelope is None else _sensed(known.envelope, known, ours, amount)
    begun = [_opened(known, amount, where)] if lot.made_by is None else []
    told = [*sensed, *begun, *known.steps]
    if known.recall is not None:
        when = When(known.recall.since_ms, known.zone)
        told.append(recalled([amount], when, where))
    return told


def _opened(known: Known, amount: Amount, where: Where) -> Event:
    country = country_of(known.zone.key)
    origin = Origin(
        known.lot.harvested, known.lot.expires, None if country is None else country.code
    )
    return commissioned(amount, origin, When(known.lot.opened_ms, known.zone), where)


def _sensed(envelope: bytes, known: Known, ours: Namespace, amount: Amount) -> list[Event]:
    """Return an event a device, over the time from its first day on the plot to its last.

    None for a lot made of several harvests: what was measured is told of those.
    """
    document = json.loads(Envelope.decode(envelope).payload)
    if "made_of" in document:
        return []
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for row in document["evidence"]:
        rows.setdefault(row["device"], []).append(row)
    found = []
    for device, of_device in sorted(rows.items()):
        window = _hull(of_device)
        if window is not None:
            uri = ours.device(DeviceId(device), known.giais.get(DeviceId(device)))
            reports = [_statistics(row) for row in of_device]
            sensed = Sensed(uri, known.proof, ours.method(document["method"]), reports)
            when = When(window.end_ms, known.zone)
            found.append(measured([sensed], window, when, known.place, ours, [amount]))
    return found


def _hull(rows: Sequence[Mapping[str, Any]]) -> Window | None:
    edges = [
        (parse_instant(start), parse_instant(end)) for row in rows for start, end in row["windows"]
    ]
    if not edges:
        return None
    return Window(min(start for start, _ in edges), max(end for _, end in edges))


def _statistics(row: Mapping[str, Any]) -> Statistics:
    least, mean, most = row["minimum"], row["mean"], row["maximum"]
    if None not in (least, mean, most):
        mean = min(max(mean, least), most)  # a mean of equal values may miss them by a hair
    return Statistics(
        row["property"], least, mean, most, row["total"], row["used"], row["expected"],
        row["longest_silence_s"], row["depth_m"],
    )  # fmt: skip

"""The shapes of requests and answers under ``/v1``; separate from the nouns inside.

Instants are RFC 3339 in UTC, days are ISO 8601, numbers are in the unit named.
"""

import re
from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from domain.bucket import Bucket
from domain.diary import Entry, Work
from domain.lot import Lot
from domain.quality import Verdict
from domain.reading import StoredReading
from domain.window import print_instant
from field.state import Current, PlotState, State

Text = Annotated[str, Field(min_length=1, max_length=200)]


def _as_iso_day(given: object) -> object:
    """A number would be taken for seconds since 1970, and a time of day be dropped."""
    if not isinstance(given, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
        message = "a day is YYYY-MM-DD"
        raise ValueError(message)
    return given


Day = Annotated[date, BeforeValidator(_as_iso_day)]


class SignIn(BaseModel):
    """Login and PIN or password."""

    login: Text
    secret: Text


class Token(BaseModel):
    """A bearer token."""

    token: str


class Value(BaseModel):
    """The newest value of one datastream of a plot.

    In state ``faulty`` the value is what was sent, and nothing to go by: ``flag`` and
    ``failed_tests`` (QARTOD) say why, or ``conflict`` that the moment has several values.
    """

    series: int
    device: str
    channel: str
    property: str
    unit: str
    depth_m: float | None
    value: float | None
    time: str | None
    age_s: float | None
    flag: int | None
    failed_tests: list[str]
    conflict: bool
    state: State

    @classmethod
    def of(cls, current: Current) -> "Value":
        """Return the answer for a stream's state."""
        reading = current.reading
        verdict = None if reading is None else Verdict.unpack(reading.quality)
        return cls(
            series=current.stream.series,
            device=current.stream.device,
            channel=current.stream.channel,
            property=current.property.name,
            unit=current.property.unit,
            depth_m=current.stream.depth_m,
            value=None if reading is None else reading.value,
            time=None if reading is None else print_instant(reading.time_ms),
            age_s=None if current.age_ms is None else current.age_ms / 1000,
            flag=None if verdict is None else int(verdict.flag),
            failed_tests=[] if verdict is None else list(verdict.failed.names()),
            conflict=reading is not None and reading.conflict,
            state=current.state,
        )


class PlotAnswer(BaseModel):
    """A plot and how it stands."""

    id: str
    name: str
    producer: str
    area: str
    gln: str
    hectares: float
    crop: str | None
    state: State
    values: list[Value]

    @classmethod
    def of(cls, state: PlotState) -> "PlotAnswer":
        """Return the answer for a plot's state."""
        return cls(
            id=state.plot.id,
            name=state.plot.name,
            producer=state.plot.producer,
            area=state.plot.area,
            gln=state.plot.gln,
            hectares=state.plot.hectares,
            crop=state.season.crop if state.season else None,
            state=state.state,
            values=[Value.of(current) for current in state.streams],
        )


class ReadingAnswer(BaseModel):
    """One reading with its three times and its verdict.

    ``time`` orders it; ``claimed`` is what the device said, which differs only where its
    clock is known to be off by a constant.
    """

    time: str
    claimed: str
    value: float
    flag: int
    failed_tests: list[str]
    conflict: bool
    received: str
    committed: str

    @classmethod
    def of(cls, reading: StoredReading) -> "ReadingAnswer":
        """Return the answer for a stored reading."""
        verdict = Verdict.unpack(reading.quality)
        return cls(
            time=print_instant(reading.time_ms),
            claimed=print_instant(reading.claimed_ms),
            value=reading.value,
            flag=int(verdict.flag),
            failed_tests=list(verdict.failed.names()),
            conflict=reading.conflict,
            received=print_instant(reading.received_ms),
            committed=print_instant(reading.committed_ms),
        )


class ReadingsPage(BaseModel):
    """Readings in order of time; ``next`` is the ``start`` of the next page, null at the end."""

    readings: list[ReadingAnswer]
    next: str | None


class BucketAnswer(BaseModel):
    """One roll-up; ``n`` of ``expected`` readings are in the statistics.

    A direction has no smallest, no largest and no arithmetic mean; of it, ``last`` is given.
    """

    start: str
    n: int
    expected: int
    minimum: float | None
    mean: float | None
    maximum: float | None
    total: float | None
    last: float | None
    flagged: int
    late: int
    conflicts: int

    @classmethod
    def of(cls, bucket: Bucket, *, circular: bool) -> "BucketAnswer":
        """Return the answer for a bucket."""
        return cls(
            start=print_instant(bucket.start_ms),
            n=bucket.n,
            expected=bucket.expected,
            minimum=None if circular else bucket.minimum,
            mean=None if circular else bucket.mean,
            maximum=None if circular else bucket.maximum,
            total=None if circular else bucket.total,
            last=bucket.last,
            flagged=bucket.flagged,
            late=bucket.late,
            conflicts=bucket.conflicts,
        )


class NewEntry(BaseModel):
    """A diary entry. The client makes the id; the same post again changes nothing."""

    id: str
    work: Work
    day: Day
    amount: Annotated[float, Field(strict=True)] | None = None
    unit: Annotated[str, Field(max_length=20)] | None = None
    product: Annotated[str, Field(max_length=80)] | None = None
    note: Annotated[str, Field(max_length=500)] = ""


class EntryAnswer(BaseModel):
    """A diary entry as kept."""

    id: str
    plot: str
    work: Work
    day: date
    amount: float | None
    unit: str | None
    product: str | None
    note: str
    author: str
    recorded: str

    @classmethod
    def of(cls, entry: Entry) -> "EntryAnswer":
        """Return the answer for an entry."""
        return cls(
            id=entry.id,
            plot=entry.plot,
            work=entry.work,
            day=entry.day,
            amount=entry.amount,
            unit=entry.unit,
            product=entry.product,
            note=entry.note,
            author=entry.author,
            recorded=print_instant(entry.recorded_ms),
        )


class NewLot(BaseModel):
    """A lot to open from a harvest."""

    gtin: str
    number: str
    harvest: str
    kilograms: Annotated[float, Field(strict=True)]


class LotAnswer(BaseModel):
    """A lot; ``digital_link`` is what its label carries, ``short_link`` what a small one may."""

    gtin: str
    number: str
    plot: str
    harvested: date
    expires: date
    kilograms: float
    state: str
    digital_link: str
    short_link: str

    @classmethod
    def of(cls, lot: Lot, state: str, link: str, short: str) -> "LotAnswer":
        """Return the answer for a lot."""
        return cls(
            gtin=lot.gtin,
            number=lot.number,
            plot=lot.plot,
            harvested=lot.harvested,
            expires=lot.expires,
            kilograms=lot.kilograms,
            state=state,
            digital_link=link,
            short_link=short,
        )


class NewReason(BaseModel):
    """Why a lot is called back, or why there is nothing against it; buyers read it."""

    reason: Text


class ReachedUnitAnswer(BaseModel):
    """A label with a serial: how often it was scanned, and why it is void, null when it is not."""

    gtin: str
    lot: str
    serial: str
    kilograms: float
    scans: int
    void: str | None


class ReachedShipmentAnswer(BaseModel):
    """What left of a lot, what is told to have arrived, and who took it: a GLN, or a name.

    The name is for the office alone; neither is there where it was erased.
    """

    step: str
    gtin: str
    lot: str
    kilograms: float
    arrived: float
    at: str
    gln: str | None
    name: str | None


class ImpactAnswer(BaseModel):
    """What a recall reaches: lots as GTIN/number, kilograms, scans, and those of seven days.

    ``labels`` counts printed labels that are all alike, ``unit_labels`` those with serials, of
    which ``units`` are the 1,000 scanned most often. ``ssccs`` are the logistic
    units that some of the lots is in.
    """

    lots: list[str]
    kilograms: float
    scans: int
    scans_lately: int
    labels: int
    unit_labels: int
    units: list[ReachedUnitAnswer]
    shipments: list[ReachedShipmentAnswer]
    ssccs: list[str]


class RecallAnswer(BaseModel):
    """Where a lot's recall stands: ``none``, ``proposed`` or ``recalled``; why, by whom, since."""

    gtin: str
    number: str
    state: str
    reason: str | None
    author: str | None
    since: str | None
    impact: ImpactAnswer


class ReportAnswer(BaseModel):
    """What a buyer told of a label; ``code`` is what they saw, and may name no lot."""

    id: int
    code: str
    kind: str
    note: str
    received: str


class Refused(BaseModel):
    """A message, or part of one, in quarantine; ``payload`` is base64."""

    id: int
    topic: str
    payload: str
    reason: str
    detail: str
    part: str | None
    first: str
    last: str
    seen: int


class DeviceAnswer(BaseModel):
    """How a device stands: silent and faulty streams, cycles received and missing by its count."""

    id: str
    name: str
    plots: list[str]
    streams: int
    silent: int
    faulty: int
    newest: str | None
    cycles_received: int
    cycles_missing: int


class DeviceDayAnswer(BaseModel):
    """Cycles a device owed on a local day, and what came of them; late ones did come."""

    day: date
    expected: int
    received: int
    missing: int
    late: int


class SilenceAnswer(BaseModel):
    """A sensor that is not heard, or was not: since when, until when."""

    series: int
    device: str
    channel: str
    since: str
    noticed: str
    ended: str | None


class Health(BaseModel):
    """Whether the service can read its stores, and how much they hold."""

    status: str
    readings: int
    conflicts: int
    quarantined: int
    rollups_due: int

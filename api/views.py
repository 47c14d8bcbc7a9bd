"""What templates of several audiences receive: typed, already in words and numbers."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from markupsafe import Markup

from api import i18n
from api.charts import Frame, chart
from api.wording import N_
from domain.bucket import Bucket, patience_ms, ticks
from domain.device import Datastream
from domain.diary import Entry, Work
from domain.erased import ERASED
from domain.errors import InvalidInput
from domain.ids import EntryId, PlotId
from domain.plot import Producer
from domain.properties import ObservedProperty, Statistic, observed_properties
from domain.window import DAY_MS, HOUR_MS, Size, Window, day_window, hours_of, local_day
from field.diary import Waiting
from field.state import Current, PlotState, State, is_faulty, is_suspect


@dataclass(frozen=True, slots=True)
class ValueView:
    """One value: label with depth, number with unit, age, state, and the good band.

    ``value`` is None when there is no number to go by: nothing came, or nothing sound.
    """

    label: str
    value: str | None
    unit: str
    age: str | None
    state: State
    band: str | None
    device: str | None
    unusual: bool


@dataclass(frozen=True, slots=True)
class CardView:
    """A plot on the first screen."""

    id: str
    name: str
    crop: str
    day_number: int | None
    state: State
    values: tuple[ValueView, ...]
    newest: str | None
    silent: int
    faulty: int
    waiting: Waiting | None


@dataclass(frozen=True, slots=True)
class Row:
    """A day in the table beside a chart; ``middle`` is the mean, or the sum of rain."""

    day: str
    low: str
    middle: str
    high: str


@dataclass(frozen=True, slots=True)
class ChartView:
    """A chart with its label and unit, and the same numbers as a table."""

    label: str
    device: str | None
    unit: str
    picture: Markup
    share: str
    summed: bool
    rows: tuple[Row, ...]


# What the amount of a kind of work is counted in.
AMOUNT_UNITS = {
    Work.HARVEST: "kg",
    Work.FERTILISING: "kg",
    Work.IRRIGATION: "m³",
    Work.SPRAYING: "lít",
}
# Written whole or with a point or a space at thousands; anything else is asked about.
_NUMBERS = (
    (re.compile(r"[0-9]{1,12}([.,][0-9]{1,9})?"), ""),
    (re.compile(r"[0-9]{1,3}(\.[0-9]{3}){1,3},[0-9]{1,9}"), "."),
    (re.compile(r"[0-9]{1,3}( [0-9]{3}){1,3}(,[0-9]{1,9})?"), " "),
)
_LENGTH_MS = {Size.DAY: DAY_MS, Size.HOUR: HOUR_MS}
UNIT_SIGNS = {"Cel": "°C", "[pH]": "", "1": "", "deg": "°", "W/m2": "W/m²"}


def unit_sign(unit: str) -> str:
    """Return a UCUM unit as people write it."""
    return UNIT_SIGNS.get(unit, unit)


def label(row: ObservedProperty, depth_m: float | None, language: str) -> str:
    """Return a property's label with its depth in centimetres."""
    name = row.label(language)
    return name if depth_m is None else f"{name}, {depth_m * 100:.0f} cm"


class OfDevice(Protocol):
    """A view that may have to name its device."""

    @property
    def label(self) -> str:
        """What it shows."""

    @property
    def device(self) -> str | None:
        """Which device measured it, None where that goes without saying."""


V = TypeVar("V", bound=OfDevice)


def told_apart(views: Sequence[V]) -> list[V]:
    """Name the device only where another view has the same label."""
    labels = Counter(view.label for view in views)
    return [v if labels[v.label] > 1 else replace(v, device=None) for v in views]  # type: ignore[type-var] # all are dataclasses


def value_views(currents: Sequence[Current], language: str) -> list[ValueView]:
    """Return values as the page shows them; the device is named where labels repeat."""
    return told_apart([value_view(current, language) for current in currents])


def value_view(current: Current, language: str) -> ValueView:
    """Return one value."""
    row, band = current.property, current.band
    shown = None
    if current.reading is not None and not is_faulty(current.reading):
        shown = i18n.number(current.reading.value, row.decimals, language=language)
    return ValueView(
        label=label(row, current.stream.depth_m, language),
        value=shown,
        unit=unit_sign(row.unit),
        age=None if current.age_ms is None else i18n.ago(current.age_ms, language),
        state=current.state,
        band=None if band is None else band_text(band.low, band.high, row.decimals, language),
        device=current.stream.device,
        unusual=current.reading is not None and is_suspect(current.reading),
    )


def card(
    state: PlotState, crop: str, today: date, waiting: Waiting | None, language: str
) -> CardView:
    """Return a plot's card: the crop's banded values first, at most three."""
    ranked = sorted(state.streams, key=lambda c: (c.band is None, c.reading is None))
    views = tuple(value_view(current, language) for current in ranked[:3])
    ages = [c.age_ms for c in state.streams if c.age_ms is not None]
    return CardView(
        id=state.plot.id,
        name=state.plot.name,
        crop=crop,
        day_number=(today - state.season.started).days + 1 if state.season else None,
        state=state.state,
        values=views,
        newest=i18n.ago(min(ages), language) if ages else None,
        silent=state.count(State.SILENT),
        faulty=state.count(State.FAULTY),
        waiting=waiting,
    )


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch a chart shows, its bucket size, the words under its ends, and the moment.

    What is due is counted up to ``now_ms``: an hour that has just begun owes nothing yet.
    """

    window: Window
    size: Size
    zone: ZoneInfo
    language: str
    now_ms: int

    def edges(self) -> tuple[str, str]:
        """Return the first and the last day."""
        first = local_day(self.window.start_ms, self.zone)
        last = local_day(max(self.window.start_ms, self.window.end_ms - 1), self.zone)
        return i18n.day(first, self.language), i18n.day(last, self.language)


def within(buckets: Sequence[Bucket], stays: Sequence[Window]) -> list[Bucket]:
    """Return the roll-ups that lie wholly in a stay: the rest may hold another plot's readings."""
    return [b for b in buckets if any(_lies_in(_window_of(b), stay) for stay in stays)]


def _window_of(bucket: Bucket) -> Window:
    return Window(bucket.start_ms, bucket.start_ms + _LENGTH_MS[bucket.size])


def draw(
    current: tuple[Datastream, tuple[float, float] | None],
    rollups: Sequence[Bucket],
    stays: Sequence[Window],
    span: Span,
) -> ChartView | None:
    """Return a chart of a datastream's roll-ups within its stays, None when there is nothing.

    The share is of what was due in them, hours without any reading included.
    """
    (stream, band), buckets = current, within(rollups, stays)
    row = observed_properties().get(stream.property)
    name = label(row, stream.depth_m, span.language)
    summed = row.statistic is Statistic.SUM
    sign = unit_sign(row.unit)
    frame = Frame(
        span.window, _LENGTH_MS[span.size], f"{name} ({sign})" if sign else name, *span.edges(),
        number=partial(i18n.number, language=span.language),
        possible=row.gross_range(span.now_ms).fail, band=band, bars=summed,
        circular=row.statistic is Statistic.CIRCULAR,
    )  # fmt: skip
    picture = chart(frame, buckets)
    if not picture:
        return None
    due = _due(span, stays, stream.interval_s * 1000) or 1
    # Rounded down: 99.6 % is not all of them.
    share = i18n.number(
        int(100 * min(1.0, sum(b.n for b in buckets) / due)), language=span.language
    )
    return ChartView(name, stream.device, sign, picture, share, summed, _table(buckets, row, span))


def _due(span: Span, stays: Sequence[Window], interval_ms: int) -> int:
    """Return how many readings a span is due from whole hours or days of a stay, by now."""
    by_now = span.now_ms - patience_ms(interval_ms)
    whole = [w for w in _buckets_of(span) if any(_lies_in(w, stay) for stay in stays)]
    cut = [(w.start_ms, min(w.end_ms, by_now)) for w in whole]
    return sum(ticks(Window(start, end), interval_ms) for start, end in cut if end > start)


def _buckets_of(span: Span) -> Iterator[Window]:
    if span.size is Size.HOUR:
        yield from hours_of(span.window)
        return
    day = local_day(span.window.start_ms, span.zone)
    while (window := day_window(day, span.zone)).start_ms < span.window.end_ms:
        yield window
        day += timedelta(days=1)


def _lies_in(window: Window, stay: Window) -> bool:
    return stay.start_ms <= window.start_ms and window.end_ms <= stay.end_ms


def _table(buckets: Sequence[Bucket], row: ObservedProperty, span: Span) -> tuple[Row, ...]:
    def said(value: float | None) -> str:
        return "–" if value is None else i18n.number(value, row.decimals, language=span.language)

    # A direction has no lowest, no highest and no mean to put into columns.
    if span.size is not Size.DAY or row.statistic is Statistic.CIRCULAR:
        return ()
    return tuple(
        Row(
            i18n.day(local_day(b.start_ms, span.zone), span.language),
            said(b.minimum),
            said(b.total if row.statistic is Statistic.SUM else b.mean),
            said(b.maximum),
        )
        for b in buckets
    )


def quantity(amount: float, unit: str, language: str) -> str:
    """Return an amount with its unit, without idle decimals."""
    return f"{i18n.amount(amount, language)} {unit}".rstrip()


def band_text(low: float, high: float, decimals: int, language: str) -> str:
    """Return a range as people read it."""
    places = 0 if float(low).is_integer() and float(high).is_integer() else decimals
    ends = (i18n.number(end, places, language=language) for end in (low, high))
    return "–".join(ends)


@dataclass(frozen=True, slots=True)
class EntryView:
    """A diary line."""

    day: str
    work: str
    text: str
    author: str


def entry_view(entry: Entry, names: Mapping[str, str], language: str) -> EntryView:
    """Return a diary entry as a line; ``names`` are those of permitted products by code."""
    gone = i18n.translations(language).gettext("Name erased")
    parts = []
    if entry.amount is not None:
        parts.append(quantity(entry.amount, entry.unit or "", language))
    product = names.get(entry.product or "", entry.product)
    parts += [part for part in (product, entry.note) if part]
    return EntryView(
        i18n.day(entry.day, language), entry.work.value, " · ".join(parts),
        gone if entry.author == ERASED else entry.author,
    )  # fmt: skip


def parse_number(text: str, field: str) -> float:
    """Return a number as people type it, 1.234,5 or 1234.5; raises `InvalidInput`."""
    typed = re.sub(r"\s", " ", text.strip())
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{3})+", typed):
        # A thousand to one reader and one to another: ask rather than guess.
        message = f"{typed} can be read in two ways; write it without dots"
        raise InvalidInput(message, field)
    for shape, thousands in _NUMBERS:
        if shape.fullmatch(typed):
            return float(typed.replace(thousands, "").replace(",", "."))
    message = f"not a number: {text[:40]!r}; for example 320"
    raise InvalidInput(message, field)


def parse_entry(  # noqa: PLR0913 - the fields of the form
    entry_id: EntryId, plot: PlotId, work: str, day: str, amount: str, product: str, note: str,
    author: str, now_ms: int,
) -> Entry:  # fmt: skip
    """Return the entry that a form describes; raises `InvalidInput` naming the field."""
    if work not in set(Work):
        message = f"no such work: {work[:40]!r}"
        raise InvalidInput(message, "work")
    kind = Work(work)
    try:
        when = date.fromisoformat(day)
    except ValueError as error:
        message = f"choose the day: {error}"
        raise InvalidInput(message, "day") from error
    quantity = parse_number(amount, "amount") if amount.strip() else None
    unit = None if quantity is None else AMOUNT_UNITS.get(kind, "")
    return Entry(entry_id, plot, kind, when, author, quantity, unit, product or None, note, now_ms)


def grower_name(producer: Producer, language: str) -> str:
    """Return what a producer is called on a page; of one whose name was erased, that it was."""
    if not producer.name_erased:
        return producer.public_name
    return i18n.translations(language).gettext(N_("Name erased"))

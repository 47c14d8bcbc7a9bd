"""What templates of several audiences receive: typed, already in words and numbers."""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from markupsafe import Markup

from api import i18n
from api.charts import Frame, chart
from domain.bucket import Bucket
from domain.device import Datastream
from domain.diary import Entry, Work
from domain.errors import InvalidInput
from domain.ids import EntryId, PlotId
from domain.properties import ObservedProperty, Statistic, observed_properties
from domain.window import DAY_MS, HOUR_MS, Size, Window, local_day
from field.diary import Waiting
from field.state import Current, PlotState, State


@dataclass(frozen=True, slots=True)
class ValueView:
    """One value: label with depth, number with unit, age, state, and the good band."""

    label: str
    value: str | None
    unit: str
    age: str | None
    state: State
    band: str | None
    device: str | None


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
UNIT_SIGNS = {"Cel": "°C", "[pH]": "", "1": "", "deg": "°", "W/m2": "W/m²"}


def unit_sign(unit: str) -> str:
    """Return a UCUM unit as people write it."""
    return UNIT_SIGNS.get(unit, unit)


def label(row: ObservedProperty, depth_m: float | None, language: str) -> str:
    """Return a property's label with its depth in centimetres."""
    name = row.label(language)
    return name if depth_m is None else f"{name}, {depth_m * 100:.0f} cm"


def value_views(currents: Sequence[Current], language: str) -> list[ValueView]:
    """Return values as the page shows them; the device is named where labels repeat."""
    views = [value_view(current, language) for current in currents]
    labels = [view.label for view in views]
    return [view if labels.count(view.label) > 1 else replace(view, device=None) for view in views]


def value_view(current: Current, language: str) -> ValueView:
    """Return one value."""
    row, band = current.property, current.band
    shown = None
    if current.reading is not None:
        shown = i18n.number(current.reading.value, row.decimals, language=language)
    return ValueView(
        label=label(row, current.stream.depth_m, language),
        value=shown,
        unit=unit_sign(row.unit),
        age=None if current.age_ms is None else i18n.ago(current.age_ms, language),
        state=current.state,
        band=None if band is None else _range(band.low, band.high, row.decimals, language),
        device=current.stream.device,
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
        silent=sum(1 for c in state.streams if c.state is State.SILENT),
        waiting=waiting,
    )


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch a chart shows, its bucket size, and the words under its ends."""

    window: Window
    size: Size
    zone: ZoneInfo
    language: str

    def edges(self) -> tuple[str, str]:
        """Return the first and the last day."""
        first = local_day(self.window.start_ms, self.zone)
        last = local_day(max(self.window.start_ms, self.window.end_ms - 1), self.zone)
        return i18n.day(first, self.language), i18n.day(last, self.language)


def within(buckets: Sequence[Bucket], stays: Sequence[Window]) -> list[Bucket]:
    """Return the roll-ups that lie wholly in a stay: the rest may hold another plot's readings."""
    length = {Size.DAY: DAY_MS, Size.HOUR: HOUR_MS}
    return [
        b
        for b in buckets
        if any(s.start_ms <= b.start_ms and b.start_ms + length[b.size] <= s.end_ms for s in stays)
    ]


def draw(
    stream: Datastream, band: tuple[float, float] | None, buckets: Sequence[Bucket], span: Span
) -> ChartView | None:
    """Return a chart of roll-ups, None when there is nothing to draw."""
    row = observed_properties().get(stream.property)
    name = label(row, stream.depth_m, span.language)
    summed = row.statistic is Statistic.SUM
    frame = Frame(
        span.window, DAY_MS if span.size is Size.DAY else HOUR_MS,
        f"{name} ({unit_sign(row.unit)})", *span.edges(), band=band, bars=summed,
    )  # fmt: skip
    picture = chart(frame, buckets)
    if not picture:
        return None
    due = sum(b.expected for b in buckets) or 1
    # Rounded down: 99.6 % is not all of them.
    share = i18n.number(
        int(100 * min(1.0, sum(b.n for b in buckets) / due)), language=span.language
    )
    return ChartView(name, unit_sign(row.unit), picture, share, summed, _table(buckets, row, span))


def _table(buckets: Sequence[Bucket], row: ObservedProperty, span: Span) -> tuple[Row, ...]:
    def said(value: float | None) -> str:
        return "–" if value is None else i18n.number(value, row.decimals, language=span.language)

    if span.size is not Size.DAY:
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
    places = 0 if float(amount).is_integer() else 1
    return f"{i18n.number(amount, places, language=language)} {unit}".rstrip()


def _range(low: float, high: float, decimals: int, language: str) -> str:
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


def entry_view(entry: Entry, language: str) -> EntryView:
    """Return a diary entry as a line."""
    parts = []
    if entry.amount is not None:
        parts.append(quantity(entry.amount, entry.unit or "", language))
    parts += [part for part in (entry.product, entry.note) if part]
    return EntryView(
        i18n.day(entry.day, language), entry.work.value, " · ".join(parts), entry.author
    )


def parse_number(text: str, field: str) -> float:
    """Return a number as people type it, 1.234,5 or 1234.5; raises `InvalidInput`."""
    plain = text.strip().replace(" ", "")
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{3})+", plain):
        # A thousand to one reader and one to another: ask rather than guess.
        message = f"{plain} can be read in two ways; write it without dots"
        raise InvalidInput(message, field)
    if "," in plain:
        plain = plain.replace(".", "").replace(",", ".")
    try:
        value = float(plain)
    except ValueError as error:
        message = f"not a number: {text[:40]!r}; for example 320"
        raise InvalidInput(message, field) from error
    if not math.isfinite(value):
        message = f"not a number: {text[:40]!r}"
        raise InvalidInput(message, field)
    return value


def parse_entry(  # noqa: PLR0913 - the fields of the form
    entry_id: EntryId, plot: PlotId, work: str, day: str, amount: str, product: str, note: str,
    author: str, now_ms: int,
) -> Entry:  # fmt: skip
    """Return the entry that a form describes; raises `InvalidInput` naming the field."""
    try:
        kind, when = Work(work), date.fromisoformat(day)
    except ValueError as error:
        message = f"choose the work and the day: {error}"
        raise InvalidInput(message, "day") from error
    quantity = parse_number(amount, "amount") if amount.strip() else None
    unit = None if quantity is None else AMOUNT_UNITS.get(kind, "")
    name = unicodedata.normalize("NFC", product.strip()) or None
    words = unicodedata.normalize("NFC", note.strip()).replace("\r\n", "\n")
    return Entry(entry_id, plot, kind, when, author, quantity, unit, name, words, now_ms)

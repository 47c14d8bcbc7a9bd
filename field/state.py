"""The state of a plot now: newest values, their age, and what the crop's bands say.

An old reading is never shown as current. Age counts from when a reading was received:
a sensor that sends the same value every hour is alive, one that is silent is not.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from domain.bucket import heard_ms, patience_ms
from domain.device import Datastream
from domain.ids import PlotId
from domain.plot import Band, Plot, Season
from domain.properties import GROUPS, ObservedProperty, observed_properties
from domain.quality import Flag, counts_in_statistics
from domain.reading import StoredReading
from domain.window import MINUTE_MS, Window, local_day
from store.judged import judge_newest
from store.records import Transaction
from store.series import Series

FUTURE_MS = 5 * MINUTE_MS


class State(enum.StrEnum):
    """What a grower is told of a plot or a value.

    ``faulty``: the newest reading cannot be what was there (it failed a test, or one
    moment has several values), so there is no number to go by.
    """

    GOOD = "good"
    UNRATED = "unrated"
    ATTENTION = "attention"
    FAULTY = "faulty"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Current:
    """A stream's newest reading (None: nothing yet), its age in ms and its state."""

    stream: Datastream
    property: ObservedProperty
    reading: StoredReading | None
    age_ms: int | None
    band: Band | None
    state: State


@dataclass(frozen=True, slots=True)
class PlotState:
    """A plot with its season, its streams' states, and the worst of them."""

    plot: Plot
    season: Season | None
    zone: ZoneInfo
    streams: tuple[Current, ...]
    state: State

    def count(self, state: State) -> int:
        """Return how many streams are in a state."""
        return sum(1 for current in self.streams if current.state is state)


def plot_state(transaction: Transaction, series: Series, plot: PlotId, now_ms: int) -> PlotState:
    """Return how a plot stands; raises `NotFound`."""
    found = transaction.places.plot(plot)
    area_zone = transaction.places.zone_of(found, local_day(now_ms, ZoneInfo("UTC")))
    today = local_day(now_ms, area_zone)
    season = transaction.places.season_on(plot, today)
    bands = transaction.places.bands(season.crop, today) if season else {}
    covering = transaction.devices.covering(plot, Window(0, now_ms + 1))
    serving = {stream: served for stream, served in covering if served.holds(now_ms)}
    streams = sorted(serving, key=in_reading_order)
    newest = series.latest([stream.series for stream in streams], now_ms + FUTURE_MS)
    currents = []
    for stream in streams:
        reading = newest.get(stream.series)
        # What a device measured before it came here is another plot's.
        if reading is not None and reading.time_ms < serving[stream].start_ms:
            reading = None
        if reading is not None:
            reading = judge_newest(series.read, stream, reading)
        currents.append(_current(stream, reading, bands.get(stream.property), now_ms))
    return PlotState(found, season, area_zone, tuple(currents), _of_plot(currents))


def in_reading_order(stream: Datastream) -> tuple[int, str, float, int]:
    """Return the key that puts soil before water before weather, and shallow before deep."""
    row = observed_properties().get(stream.property)
    return GROUPS.index(row.group), row.name, stream.depth_m or 0.0, stream.series


def _of_plot(currents: Sequence[Current]) -> State:
    """Return the state of a plot: nothing is called good while what the crop needs is unknown."""
    state = worst([c.state for c in currents])
    blind = any(c.state is State.FAULTY and c.band is not None for c in currents)
    return State.FAULTY if blind and state in (State.GOOD, State.UNRATED) else state


def worst(states: Sequence[State]) -> State:
    """Return what to say of several: what needs attention first.

    One silent or faulty sensor among many is said beside its value; a plot is faulty or
    silent when nothing better is known of it.
    """
    order = (State.ATTENTION, State.GOOD, State.UNRATED, State.FAULTY)
    return next((state for state in order if state in states), State.SILENT)


def _current(
    stream: Datastream, reading: StoredReading | None, band: Band | None, now_ms: int
) -> Current:
    row = observed_properties().get(stream.property)
    if reading is None:
        return Current(stream, row, None, None, band, State.SILENT)
    # The newer of the two ages is the wrong one when a backlog arrives: what was
    # measured last week and received now says nothing of now.
    age_ms = max(0, now_ms - min(reading.time_ms, reading.received_ms))
    return Current(stream, row, reading, age_ms, band, _rate(stream, reading, band, now_ms))


def is_faulty(reading: StoredReading) -> bool:
    """Whether a reading is one that no statistic uses: failed, or in dispute."""
    return reading.conflict or not counts_in_statistics(reading.quality)


def is_suspect(reading: StoredReading) -> bool:
    """Whether a reading counts although a test found it unusual (QARTOD flag 3)."""
    return reading.quality & 0xF == Flag.SUSPECT


def _rate(stream: Datastream, reading: StoredReading, band: Band | None, now_ms: int) -> State:
    interval_ms = stream.interval_s * 1000
    heard = heard_ms(reading.time_ms, reading.received_ms, interval_ms)
    if now_ms - heard > patience_ms(interval_ms):
        return State.SILENT
    if is_faulty(reading):
        return State.FAULTY
    if band is None:
        return State.UNRATED
    return State.GOOD if band.low <= reading.value <= band.high else State.ATTENTION

"""Plots, readings, roll-ups and the diary."""

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import Caller, Given, own_plot, scope, zone_now
from api.v1.schemas import (
    BucketAnswer,
    EntryAnswer,
    NewEntry,
    PlotAnswer,
    ReadingAnswer,
    ReadingsPage,
)
from domain.device import Datastream
from domain.diary import Entry
from domain.errors import InvalidInput, NotFound
from domain.ids import EntryId, PlotId, SeriesId
from domain.properties import Statistic, observed_properties
from domain.window import Size, Window, local_day, parse_instant, print_instant
from field.diary import MAX_BACKDATE
from field.state import plot_state
from store.judged import judged_stream
from store.records import Transaction
from traceability.diary import write

router = APIRouter(tags=["plots"])
_PAGE = 5_000

Instant = Annotated[
    str, Query(description="RFC 3339 with a zone.", examples=["2026-11-01T00:00:00Z"])
]


@router.get("/plots", operation_id="list_plots")
def list_plots(given: Given, caller: Caller) -> list[PlotAnswer]:
    """Return the caller's plots with their newest values; the office sees all."""
    owner = scope(caller)
    with given.records.reading() as transaction:
        plots = transaction.places.plots(owner)
        now_ms = given.clock()
        return [
            PlotAnswer.of(plot_state(transaction, given.series, plot.id, now_ms)) for plot in plots
        ]


@router.get("/plots/{plot}", operation_id="get_plot")
def get_plot(given: Given, caller: Caller, plot: str) -> PlotAnswer:
    """Return one plot with its newest values."""
    with given.records.reading() as transaction:
        found = own_plot(transaction, caller, PlotId.parse(plot))
        return PlotAnswer.of(plot_state(transaction, given.series, found.id, given.clock()))


@router.get("/plots/{plot}/series/{series}/readings", operation_id="list_readings")
def list_readings(  # noqa: PLR0913 - path, window and page are the question
    given: Given, caller: Caller, plot: str, series: int, start: Instant, end: Instant,
    limit: Annotated[int, Query(ge=1, le=_PAGE)] = _PAGE,
) -> ReadingsPage:  # fmt: skip
    """Return raw readings in order of time, with every flag; nothing is left out."""
    window = _window(start, end)
    with given.records.reading() as transaction:
        own_plot(transaction, caller, PlotId.parse(plot))
        stream = _require_serves(transaction, PlotId.parse(plot), SeriesId(series), window)
    readings = judged_stream(given.series.read, stream, window)
    page = list(islice(readings, limit))
    after = next(readings, None)
    # Never split the values of one instant over two pages.
    while after is not None and after.time_ms == page[-1].time_ms:
        page.append(after)
        after = next(readings, None)
    return ReadingsPage(
        readings=[ReadingAnswer.of(reading) for reading in page],
        next=None if after is None else print_instant(after.time_ms),
    )


@router.get("/plots/{plot}/series/{series}/rollups", operation_id="list_rollups")
def list_rollups(  # noqa: PLR0913 - path, window and size are the question
    given: Given, caller: Caller, plot: str, series: int, start: Instant, end: Instant,
    size: Size = Size.HOUR,
) -> list[BucketAnswer]:  # fmt: skip
    """Return roll-ups per hour or local day."""
    window = _window(start, end)
    with given.records.reading() as transaction:
        own_plot(transaction, caller, PlotId.parse(plot))
        stream = _require_serves(transaction, PlotId.parse(plot), SeriesId(series), window)
    circular = observed_properties().get(stream.property).statistic is Statistic.CIRCULAR
    buckets = given.series.buckets(SeriesId(series), window, size)
    return [BucketAnswer.of(bucket, circular=circular) for bucket in buckets]


@router.get("/plots/{plot}/diary", operation_id="list_diary")
def list_diary(given: Given, caller: Caller, plot: str) -> list[EntryAnswer]:
    """Return the diary of the last 400 days, by day."""
    with given.records.reading() as transaction:
        found = own_plot(transaction, caller, PlotId.parse(plot))
        today = local_day(given.clock(), zone_now(given, transaction, found))
        entries = transaction.diary.entries(found.id, today - MAX_BACKDATE, today)
        return [EntryAnswer.of(entry) for entry in entries]


@router.post("/plots/{plot}/diary", status_code=201, operation_id="write_diary")
def write_diary(
    given: Given, caller: Caller, plot: str, body: NewEntry, response: Response
) -> EntryAnswer:
    """Write an entry: 201 when it is new, 200 when it was there already."""
    with given.records.transaction() as transaction:
        found = own_plot(transaction, caller, PlotId.parse(plot))
        entry = Entry(
            id=EntryId.parse(body.id),
            plot=found.id,
            work=body.work,
            day=body.day,
            author=caller.login,
            amount=body.amount,
            unit=body.unit,
            product=body.product,
            note=body.note,
            recorded_ms=given.clock(),
        )
        today = local_day(given.clock(), zone_now(given, transaction, found))
        if not write(transaction, entry, today):
            response.status_code = 200
        return EntryAnswer.of(transaction.diary.entry(entry.id))


def _window(start: str, end: str) -> Window:
    return Window(parse_instant(start), parse_instant(end))


def _require_serves(
    transaction: Transaction, plot: PlotId, series: SeriesId, window: Window
) -> Datastream:
    covering = transaction.devices.covering(plot, window)
    for stream, served in covering:
        if stream.series == series:
            if served != window:
                message = (
                    f"series {series} served this plot from {print_instant(served.start_ms)}"
                    f" to {print_instant(served.end_ms)}; ask within that"
                )
                raise InvalidInput(message, "start")
            return stream
    message = f"series {series} did not serve plot {plot} then"
    raise NotFound(message)

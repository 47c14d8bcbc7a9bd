"""Pages of the grower's door."""

import secrets
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api import views
from api.deps import Deps, Given, Visitor, own_plot, scope, zone_now
from api.i18n import language_of
from api.pages import render, told
from domain.device import Datastream
from domain.diary import Entry, Work
from domain.errors import CallerError
from domain.ids import EntryId, PlotId
from domain.window import DAY_MS, HOUR_MS, Size, Window, days_window, local_day
from field.diary import MAX_BACKDATE, last_of, product_names, waitings
from field.state import PlotState, State, plot_state
from store.records import Transaction
from store.records.accounts import Account
from traceability.diary import write
from traceability.dossier import link_of
from traceability.standing import standing

router = APIRouter(include_in_schema=False)
_SPANS = {"24h": (DAY_MS, Size.HOUR), "7d": (7 * DAY_MS, Size.HOUR), "vu": (0, Size.DAY)}
Field = Annotated[str, Form()]


@router.get("/r")
def plots(request: Request, given: Given, visitor: Visitor) -> Response:
    """My plots, worst first."""
    language, now_ms = language_of(request), given.clock()
    owner = scope(visitor)
    order = ["attention", "faulty", "silent", "good", "unrated"]
    with given.records.reading() as transaction:
        cards = []
        for plot in transaction.places.plots(owner):
            state = plot_state(transaction, given.series, plot.id, now_ms)
            today = local_day(now_ms, state.zone)
            waiting = next(iter(waitings(transaction, plot.id, today)), None)
            crop = _crop(transaction, state, language)
            cards.append(views.card(state, crop, today, waiting, language))
    cards.sort(key=lambda card: order.index(card.state.value))
    return render(request, "plots.html", {"cards": cards, "visitor": visitor})


@router.get("/r/{plot}")
def plot_page(
    request: Request, given: Given, visitor: Visitor, plot: str, xem: str = "7d"
) -> Response:
    """One plot: values, charts, diary, lots."""
    language, now_ms = language_of(request), given.clock()
    span_name = xem if xem in _SPANS else "7d"
    with given.records.reading() as transaction:
        found = own_plot(transaction, visitor, PlotId.parse(plot))
        state = plot_state(transaction, given.series, found.id, now_ms)
        today = local_day(now_ms, state.zone)
        entries = transaction.diary.entries(found.id, today - MAX_BACKDATE, today)
        names = product_names(transaction, entries)
        context = {
            "state": state,
            "crop": _crop(transaction, state, language),
            "values": views.value_views(state.streams, language),
            "charts": _charts(given, transaction, state, span_name, language),
            "span": span_name,
            "entries": [views.entry_view(e, names, language) for e in reversed(entries)],
            "waiting": next(iter(waitings(transaction, found.id, today)), None),
            "faulty": state.count(State.FAULTY),
            "lots": [
                (
                    lot,
                    link_of(transaction, lot).path(),
                    standing(transaction, lot, today),
                    transaction.lots.issued_ms(lot) is not None,
                )
                for lot in transaction.lots.lots(found.id)
            ],
            "visitor": visitor,
        }
    return render(request, "plot.html", context)


@router.get("/r/{plot}/ghi")
def diary_form(
    request: Request, given: Given, visitor: Visitor, plot: str, viec: str = ""
) -> Response:
    """Choose the work, then write it down."""
    with given.records.reading() as transaction:
        return _diary_form(request, given, visitor, transaction, PlotId.parse(plot), {"work": viec})


@router.post("/r/{plot}/ghi")
def write_diary(  # noqa: PLR0913 - the fields of the form
    request: Request, given: Given, visitor: Visitor, plot: str,
    id: Field = "", work: Field = "", day: Field = "", amount: Field = "",  # noqa: A002 - form field
    product: Field = "", note: Field = "",
) -> Response:  # fmt: skip
    """Write an entry and go back to the plot; on an error show the form with the reason."""
    try:
        entry = views.parse_entry(
            EntryId.parse(id), PlotId.parse(plot), work, day, amount, product, note,
            visitor.login, given.clock(),
        )  # fmt: skip
        with given.records.transaction() as transaction:
            found = own_plot(transaction, visitor, entry.plot)
            zone = transaction.places.zone_of(found, entry.day)
            write(transaction, entry, local_day(given.clock(), zone))
    except CallerError as error:
        with given.records.reading() as transaction:
            typed = {"id": id, "work": work, "day": day, "amount": amount, "product": product,
                     "note": note, "problem": told(request, error)}  # fmt: skip
            return _diary_form(request, given, visitor, transaction, PlotId.parse(plot), typed)
    return RedirectResponse(f"/r/{plot}#nhat-ky", status_code=303)


def _diary_form(
    request: Request, given: Deps, visitor: Account, transaction: Transaction, plot: PlotId,
    typed: Mapping[str, str],
) -> Response:  # fmt: skip
    """The form, with what was typed into it before, and what was wrong with that."""
    found = own_plot(transaction, visitor, plot)
    today = local_day(given.clock(), zone_now(given, transaction, found))
    entries = transaction.diary.entries(plot, today - MAX_BACKDATE, today)
    work, problem = typed.get("work", ""), typed.get("problem")
    chosen = Work(work) if work in set(Work) else None
    last: Entry | None = last_of(entries, chosen) if chosen else None
    usual = (last.product or "") if last else ""
    context = {
        "plot": found,
        "kinds": list(Work),
        "chosen": chosen,
        "typed": {
            "id": typed.get("id") or secrets.token_hex(12),
            "day": typed.get("day") or today.isoformat(),
            "amount": typed.get("amount", ""),
            "product": typed.get("product", usual),
            "note": typed.get("note", ""),
        },
        "today": today,
        "permitted": transaction.diary.permitted(today),
        "problem": problem,
    }
    return render(request, "diary.html", context, 200 if problem is None else 400)


def _charts(
    given: Deps, transaction: Transaction, state: PlotState, span_name: str, language: str
) -> list[views.ChartView]:
    now_ms = given.clock()
    length_ms, size = _SPANS[span_name]
    window = Window(now_ms - length_ms, now_ms)
    if not length_ms:
        started = state.season.started if state.season else local_day(now_ms, state.zone)
        window = days_window(started, local_day(now_ms, state.zone), state.zone)
    elif size is Size.HOUR:
        window = Window(window.start_ms - window.start_ms % HOUR_MS, now_ms)
    span = views.Span(window, size, state.zone, language, now_ms)
    stays: dict[Datastream, list[Window]] = {}
    # An hour or day still running is shown too: it ends after now.
    for stream, served in transaction.devices.covering(
        state.plot.id, Window(window.start_ms, now_ms + DAY_MS)
    ):
        stays.setdefault(stream, []).append(served)
    pictures = []
    for current in state.streams:
        band = None if current.band is None else (current.band.low, current.band.high)
        whole = given.series.buckets(current.stream.series, window, size)
        mine = stays.get(current.stream, [])
        pictures.append(views.draw((current.stream, band), whole, mine, span))
    return views.told_apart([picture for picture in pictures if picture is not None])


def _crop(transaction: Transaction, state: PlotState, language: str) -> str:
    if state.season is None:
        return ""
    crop = transaction.places.crop(state.season.crop)
    return crop.name_vi if language == "vi" else crop.name_en

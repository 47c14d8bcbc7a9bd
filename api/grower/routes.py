"""Pages of the grower's door."""

import secrets
from datetime import date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api import views
from api.auth import SESSION_MS
from api.deps import COOKIE, Deps, Given, Visitor, own_plot, scope
from api.i18n import language_of
from api.pages import render, text
from api.wording import N_, sentence
from domain.device import Datastream
from domain.diary import Entry, Work
from domain.errors import CallerError, NotSignedIn, TooMany
from domain.gs1 import Gtin, LotNumber
from domain.ids import EntryId, PlotId
from domain.lot import Lot
from domain.window import DAY_MS, HOUR_MS, SECOND_MS, Size, Window, days_window, local_day
from field.diary import last_of, record, waitings
from field.state import PlotState, plot_state
from store.records import Transaction
from store.records.accounts import Account
from traceability.lots import LotRequest, open_lot
from traceability.passport import issue, link_of, require_lot

router = APIRouter(include_in_schema=False)
_SPANS = {"24h": (DAY_MS, Size.HOUR), "7d": (7 * DAY_MS, Size.HOUR), "vu": (0, Size.DAY)}
_DIARY_DAYS = 400
Field = Annotated[str, Form()]


@router.get("/")
def doors(request: Request, given: Given) -> Response:
    """Three doors, one a kind of visitor."""
    with given.records.reading() as transaction:
        newest = next(iter(transaction.lots.lots()), None)
        example = link_of(transaction, newest).path() if newest else None
    return render(request, "doors.html", {"example": example, "demo": given.demo})


@router.get("/dang-nhap")
def sign_in_form(request: Request, given: Given) -> Response:
    """The sign-in form."""
    return render(request, "sign_in.html", {"problem": None, "demo": given.demo})


@router.post("/dang-nhap")
def sign_in(request: Request, given: Given, login: Field, secret: Field) -> Response:
    """Sign in and go to the door of the account's role."""
    try:
        token = given.sessions.sign_in(login.strip(), secret.strip())
    except (NotSignedIn, TooMany) as error:
        problem = text(request, "Too many wrong tries. Wait half a minute.")
        if isinstance(error, NotSignedIn):
            problem = text(request, "Login or PIN is wrong.")
        context = {"problem": problem, "demo": given.demo}
        return render(request, "sign_in.html", context, 401)
    account = given.sessions.account(token)
    door = "/qt" if account is not None and account.role == "office" else "/r"
    answer = RedirectResponse(door, status_code=303)
    answer.set_cookie(
        COOKIE, token, max_age=SESSION_MS // SECOND_MS, httponly=True, samesite="lax",
        secure=given.address.startswith("https://"),
    )  # fmt: skip
    return answer


@router.post("/dang-xuat")
def sign_out(request: Request, given: Given) -> Response:
    """End the session."""
    given.sessions.sign_out(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/", status_code=303)
    answer.delete_cookie(COOKIE)
    return answer


@router.get("/r")
def plots(request: Request, given: Given, visitor: Visitor) -> Response:
    """My plots, worst first."""
    language, now_ms = language_of(request), given.clock()
    owner = scope(visitor)
    order = ["attention", "silent", "good", "unrated"]
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
        entries = transaction.diary.entries(found.id, today - timedelta(days=_DIARY_DAYS), today)
        context = {
            "state": state,
            "crop": _crop(transaction, state, language),
            "values": views.value_views(state.streams, language),
            "charts": _charts(given, transaction, state, span_name, language),
            "span": span_name,
            "entries": [views.entry_view(e, language) for e in reversed(entries)],
            "waiting": next(iter(waitings(transaction, found.id, today)), None),
            "lots": [
                (lot, link_of(transaction, lot).path()) for lot in transaction.lots.lots(found.id)
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
        return _diary_form(request, given, visitor, transaction, PlotId.parse(plot), viec, None)


@router.post("/r/{plot}/ghi")
def write_diary(  # noqa: PLR0913 - the fields of the form
    request: Request, given: Given, visitor: Visitor, plot: str,
    id: Field, work: Field, day: Field, amount: Field = "", product: Field = "", note: Field = "",  # noqa: A002 - form field
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
            record(transaction, entry, local_day(given.clock(), zone))
    except CallerError as error:
        with given.records.reading() as transaction:
            return _diary_form(
                request,
                given,
                visitor,
                transaction,
                PlotId.parse(plot),
                work,
                _told(request, error),
            )
    return RedirectResponse(f"/r/{plot}#nhat-ky", status_code=303)


@router.post("/r/{plot}/lo")
def open_lot_form(  # noqa: PLR0913 - the fields of the form
    given: Given, visitor: Visitor, plot: str,
    gtin: Field, number: Field, harvest: Field, kilograms: Field,
) -> Response:  # fmt: skip
    """Open a lot, issue its passport, go to its label."""
    request = LotRequest(
        Gtin.parse(gtin),
        LotNumber.parse(number),
        EntryId.parse(harvest),
        views.parse_number(kilograms, "kilograms"),
    )
    with given.records.transaction() as transaction:
        own_plot(transaction, visitor, PlotId.parse(plot))
        own_plot(transaction, visitor, transaction.diary.entry(request.harvest).plot)
        lot = open_lot(transaction, request, given.clock())
        issue(transaction, given.series.read, given.signer, given.issuer, lot, given.clock())
    return RedirectResponse(f"/r/{plot}#lo-hang", status_code=303)


@router.get("/r/{plot}/lo")
def lot_form(request: Request, given: Given, visitor: Visitor, plot: str) -> Response:
    """The form to open a lot from one of the plot's harvests."""
    language = language_of(request)
    with given.records.reading() as transaction:
        found = own_plot(transaction, visitor, PlotId.parse(plot))
        today = local_day(given.clock(), transaction.places.zone_of(found, _utc_day(given)))
        entries = transaction.diary.entries(found.id, today - timedelta(days=_DIARY_DAYS), today)
        harvests = [
            (e, (e.amount or 0) - transaction.lots.taken_from(e.id))
            for e in reversed(entries)
            if e.work is Work.HARVEST
        ]
        season = transaction.places.season_on(found.id, today)
        products = transaction.lots.products(found.producer)
        context = {
            "plot": found,
            "products": [p for p in products if season and p.crop == season.crop],
            "harvests": [(e, left) for e, left in harvests if left > 0],
            "number": f"{today:%y%m%d}-{secrets.randbelow(900) + 100}",
            "language_code": language,
        }
    return render(request, "open_lot.html", context)


@router.get("/r/{plot}/tem/{gtin}/{lot}")
def label_page(
    request: Request, given: Given, visitor: Visitor, plot: str, gtin: str, lot: str
) -> Response:
    """A label to print: QR code and what must stand beside it."""
    with given.records.reading() as transaction:
        found: Lot = require_lot(transaction, Gtin.parse(gtin), LotNumber.parse(lot))
        own_plot(transaction, visitor, found.plot)
        link = link_of(transaction, found)
        context = {
            "lot": found,
            "product": transaction.lots.product(found.gtin),
            "picture": f"/tem/{found.gtin}/{link.path().rsplit('/', 1)[1]}.svg",
            "link": link.mint(given.address),
            "plot": plot,
        }
    return render(request, "label.html", context)


def _diary_form(  # noqa: PLR0913 - what the form shows
    request: Request, given: Deps, visitor: Account, transaction: Transaction, plot: PlotId,
    work: str, problem: str | None,
) -> Response:  # fmt: skip
    found = own_plot(transaction, visitor, plot)
    today = local_day(given.clock(), transaction.places.zone_of(found, _utc_day(given)))
    entries = transaction.diary.entries(plot, today - timedelta(days=_DIARY_DAYS), today)
    chosen = Work(work) if work in set(Work) else None
    last: Entry | None = last_of(entries, chosen) if chosen else None
    context = {
        "plot": found,
        "kinds": list(Work),
        "chosen": chosen,
        "last": last,
        "today": today,
        "permitted": transaction.diary.permitted(today),
        "entry_id": secrets.token_hex(12),
        "problem": problem,
    }
    return render(request, "diary.html", context, 200 if problem is None else 400)


def _told(request: Request, error: CallerError) -> str:
    field, rule = getattr(error, "field", None), getattr(error, "rule", None)
    return text(request, sentence(error.code, field, rule) or N_("This could not be done."))


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
    span = views.Span(window, size, state.zone, language)
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
        buckets = views.within(whole, stays.get(current.stream, []))
        pictures.append(views.draw(current.stream, band, buckets, span))
    return [picture for picture in pictures if picture is not None]


def _crop(transaction: Transaction, state: PlotState, language: str) -> str:
    if state.season is None:
        return ""
    crop = transaction.places.crop(state.season.crop)
    return crop.name_vi if language == "vi" else crop.name_en


def _utc_day(given: Deps) -> date:
    return local_day(given.clock(), ZoneInfo("UTC"))

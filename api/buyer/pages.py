"""Pages about one thing that a label names: a lot, its product, where it grew, or nothing."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from fastapi import Request, Response

from api.buyer.devices import Sources, device_view
from api.buyer.embed import found_by
from api.buyer.linked_data import linked_data
from api.buyer.parties import Party, party_view
from api.buyer.views import lot_view
from api.deps import Deps
from api.i18n import language_of
from api.pages import render
from api.scans.opened import note_opened, serial_of
from domain.device import Device
from domain.gs1 import Sscc
from domain.ids import AreaCode
from domain.lot import Lot, LotState, Product
from domain.plot import Area, Plot
from domain.window import local_day
from store.records import Transaction
from traceability.dossier import link_of
from traceability.lineage.logistic import Whereabouts, seen_unit

# Short enough that a recall is seen within a minute, long enough for a market day.
CACHED = "public, max-age=60"


def lot_page(
    request: Request, given: Deps, transaction: Transaction, lot: Lot,
    said: Sequence[tuple[str, str]],
) -> Response:  # fmt: skip
    """What is known of a lot; ``said`` are the label's further AIs, wrong ones too."""
    note_opened(request, lot, serial_of(said))
    language = language_of(request)
    view = lot_view(transaction, given.series, lot, said, given.clock(), language)
    zone = transaction.places.zone_of(transaction.places.plot(lot.plot), lot.harvested)
    link = link_of(transaction, lot).mint(given.address)
    about = linked_data(view, link, zone.key, language)
    embed = found_by(link, language)
    context = {"view": view, "states": LotState, "about": about, "embed": embed}
    return _cached(render(request, "lot.html", context))


def product_page(
    request: Request, given: Deps, transaction: Transaction, product: Product
) -> Response:
    """What a product is; it vouches for no bag of it."""
    producer = transaction.places.producer(product.producer)
    area = _area(given, transaction, producer.area)
    context = {
        "product": product,
        "producer": producer,
        "area": area,
        "picture": transaction.papers.picture(product.gtin),
    }
    return _cached(render(request, "product.html", context))


def place_page(request: Request, given: Deps, transaction: Transaction, plot: Plot) -> Response:
    """Where a place is, no finer than its commune, and who grows there."""
    producer = transaction.places.producer(plot.producer)
    area = _area(given, transaction, plot.area)
    context = {"plot": plot, "producer": producer, "area": area}
    return _cached(render(request, "place.html", context))


def party_page(request: Request, given: Deps, transaction: Transaction, party: Party) -> Response:
    """Who a party is, where they grow and what: nothing personal."""
    view = party_view(transaction, party, local_day(given.clock(), ZoneInfo("UTC")))
    return _cached(render(request, "party.html", {"view": view}))


def device_page(
    request: Request, given: Deps, transaction: Transaction, device: Device
) -> Response:
    """What a device measures, where it has stood, and how far its days are logged."""
    sources = Sources(
        transaction, given.series, given.files, given.clock(), language_of(request)
    )  # fmt: skip
    return _cached(render(request, "device.html", {"view": device_view(sources, device)}))


def logistic_page(request: Request, given: Deps, transaction: Transaction, sscc: Sscc) -> Response:
    """Which lots are in a logistic unit, and what holds of each of them now."""
    unit = seen_unit(transaction, sscc, given.clock())
    links = [link_of(transaction, one.lot).path() for one in unit.contents]
    context = {"unit": unit, "links": links, "states": LotState, "ways": Whereabouts}
    return _cached(render(request, "logistic.html", context))


def unknown_page(request: Request, code: str, status: int = 404) -> Response:
    """Nothing can be said about a code; a way to report it."""
    code = "".join(sign for sign in code[:120] if sign.isprintable())
    return render(request, "unknown.html", {"code": code}, status)


def _area(given: Deps, transaction: Transaction, code: AreaCode) -> Area:
    return transaction.places.area(code, local_day(given.clock(), ZoneInfo("UTC")))


def _cached(answer: Response) -> Response:
    answer.headers["Cache-Control"] = CACHED
    answer.headers["Vary"] = "Accept-Language"
    return answer

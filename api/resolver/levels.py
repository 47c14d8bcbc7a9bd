"""From what a link names up to its key: lot and product; place, party, device; logistic unit.

Consumer variants (22) and serial numbers (21) are not registered, nor are extensions of places
and parties (254, 7040), so that a unit's link leads to its lot, as the standard asks (walking
up the tree).
"""

from dataclasses import dataclass
from urllib.parse import quote

from api.buyer.parties import Issuing, Party, party_at
from api.epcis import PREFIX as EPCIS
from api.resolver.links import Target, targets
from domain.device import Device
from domain.errors import NotFound
from domain.gs1 import Gtin, LotNumber, Sscc
from domain.ids import DeviceId
from domain.lot import Lot, Product
from domain.plot import Plot
from store.records import Transaction
from traceability.bundling import is_proven
from traceability.certificates import of_lot
from traceability.digital_link import Link
from traceability.epcis.telling import logistic


@dataclass(frozen=True, slots=True)
class Level:
    """A thing that is known, and its links; the first of them is its page."""

    link: Link
    thing: Lot | Product | Plot | Party | Device | Sscc
    name_vi: str
    name_en: str
    targets: tuple[Target, ...]

    @property
    def page(self) -> Target:
        """The default link."""
        return self.targets[0]


def levels_of(transaction: Transaction, link: Link, issuing: Issuing) -> tuple[Level, ...]:
    """Return what is known on the way from ``link`` to its key, nearest first."""
    ai, key = link.key
    if ai == "01":
        return _goods(transaction, link, Gtin(key))
    found = _other(transaction, link, issuing)
    return () if found is None else (found,)


def _other(transaction: Transaction, link: Link, issuing: Issuing) -> Level | None:
    """Return what stands under a key of its own: nothing lies above a place or a device."""
    ai, key = link.key
    if ai == "414" and (plot := transaction.places.plot_at(key)) is not None:
        return _place(link, plot)
    if ai == "417" and (party := party_at(transaction, issuing, key)) is not None:
        return _party(link, party)
    if ai == "8004" and (device := transaction.gs1.device_of(key)) is not None:
        return _device(transaction, link, device)
    if ai == "00" and transaction.logistics.known(key):
        return _logistic(link, Sscc(key))
    return None


def _goods(transaction: Transaction, link: Link, gtin: Gtin) -> tuple[Level, ...]:
    product = _product_of(transaction, gtin)
    if product is None:
        return ()
    above = _product(link, product)
    number = link.value("10")
    lot = None if number is None else transaction.lots.find(gtin, number)
    return (above,) if lot is None else (_lot(transaction, lot, product), above)


def _product_of(transaction: Transaction, gtin: Gtin) -> Product | None:
    try:
        return transaction.lots.product(gtin)
    except NotFound:
        return None


def _lot(transaction: Transaction, lot: Lot, product: Product) -> Level:
    issued_ms = transaction.lots.issued_ms(lot)
    there = set() if issued_ms is None else {"passport"}
    if issued_ms is not None and is_proven(transaction, lot, issued_ms):
        there.add("proof")
    if there and of_lot(transaction, lot):
        there.add("certificates")
    thing = f"{lot.gtin}/{quote(lot.number, safe='')}"
    paths = {"page": f"/lo/{thing}", "data": f"/v1/lots/{thing}"}
    return Level(
        Link((("01", lot.gtin), ("10", LotNumber(lot.number)))), lot,
        f"{product.name_vi}, lô {lot.number}", f"{product.name_en}, lot {lot.number}",
        targets("lot", paths, frozenset(there)),
    )  # fmt: skip


def _product(link: Link, product: Product) -> Level:
    paths = {"page": f"/sp/{product.gtin}"}
    return Level(
        Link(link.path[:1]), product, product.name_vi, product.name_en,
        targets("product", paths, frozenset()),
    )  # fmt: skip


def _place(link: Link, plot: Plot) -> Level:
    paths = {"page": f"/noi-trong/{plot.gln}"}
    return Level(
        Link(link.path[:1]), plot, f"Nơi trồng {plot.gln}", f"Place of growing {plot.gln}",
        targets("place", paths, frozenset()),
    )  # fmt: skip


def _party(link: Link, party: Party) -> Level:
    # By its number and not by its name: sets of links are copied, and copies outlive erasing.
    paths = {"page": f"/don-vi/{party.gln}"}
    return Level(
        Link(link.path[:1]), party, f"Đơn vị {party.gln}", f"Party {party.gln}",
        targets("party", paths, frozenset()),
    )  # fmt: skip


def _device(transaction: Transaction, link: Link, name: DeviceId) -> Level:
    device, giai = transaction.devices.register([name]).device(name), link.key[1]
    paths = {"page": f"/thiet-bi/{quote(giai, safe='')}"}
    return Level(
        Link(link.path[:1]), device, f"Thiết bị {name}", f"Device {name}",
        targets("device", paths, frozenset()),
    )  # fmt: skip


def _logistic(link: Link, sscc: Sscc) -> Level:
    events = f"{EPCIS}/epcs/{quote(logistic(sscc), safe='')}/events"
    paths = {"page": f"/kien/{sscc}", "data": f"/v1/logistic-units/{sscc}", "events": events}
    return Level(
        Link(link.path[:1]), sscc, f"Kiện hàng {sscc}", f"Logistic unit {sscc}",
        targets("logistic", paths, frozenset()),
    )  # fmt: skip

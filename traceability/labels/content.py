"""What stands on a label: the code, and what a person reads, or types where no camera is.

GTIN and lot number are there in full whatever the size: they are what is typed by hand.
"""

import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from domain.gs1 import SerialNumber
from domain.lot import Lot
from store.records import Transaction
from traceability.dossier import link_of
from traceability.short_code import print_code


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a line tells, in words, for whoever is told that it has no room."""

    vi: str
    en: str


NAME = Meaning("tên hàng", "the product's name")
LOT = Meaning("số lô", "the lot number")
GTIN = Meaning("GTIN", "the GTIN")
SERIAL = Meaning("số riêng của tem", "the serial number")
SHORT = Meaning("địa chỉ ngắn để gõ", "the short address to type")
EXPIRES = Meaning("hạn sử dụng", "the use-before date")
HARVESTED = Meaning("ngày thu hoạch", "the day of harvest")
GROWER = Meaning("tên người trồng", "the grower's name")
OTHER = Meaning("một dòng chữ", "a line of text")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; one that is to be ``typed`` is never cut nor left out.

    One that is ``whole`` is never cut either, and left out where it has no room.
    """

    text: str
    meaning: Meaning = OTHER
    typed: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """One label: what its code says, its heading, its lines, the most needed first."""

    link: str
    title: str
    lines: tuple[Line, ...]


def label_of(transaction: Transaction, lot: Lot, address: str) -> Label:
    """Return the label of a lot under the address of the service; Vietnamese, composed (NFC)."""
    product = transaction.lots.product(lot.gtin)
    producer = transaction.places.producer(product.producer)
    short = print_code(transaction.lots.short_number(lot))
    lines = (
        Line(f"Lô: {lot.number}", LOT, typed=True),
        Line(f"GTIN: {lot.gtin}", GTIN, typed=True),
        # What is typed first: the rest is for whoever has no network.
        Line(f"{urlsplit(address).netloc}/T/{short}", SHORT, whole=True),
        Line(f"HSD: {lot.expires:%d/%m/%Y}", EXPIRES),
        Line(f"Thu hoạch: {lot.harvested:%d/%m/%Y}", HARVESTED),
        *(() if producer.name_erased else (Line(_composed(producer.public_name), GROWER),)),
    )
    return Label(link_of(transaction, lot).mint(address), _composed(product.name_vi), lines)


def unit_of(label: Label, serial: SerialNumber) -> Label:
    """Return the label of one unit of a lot: AI (21) after the lot, in code and text."""
    path, mark, query = label.link.partition("?")
    line = Line(f"Số: {serial}", SERIAL, typed=True)
    return Label(f"{path}/21/{quote(serial, safe='')}{mark}{query}", label.title,
                 (*label.lines[:2], line, *label.lines[2:]))  # fmt: skip


def example() -> Label:
    """Return a label of ordinary lengths, for the sheet that is printed before there is a lot."""
    lines = (
        Line("Lô: 261121-123", LOT, typed=True),
        Line("GTIN: 09520001000010", GTIN, typed=True),
        Line("nguon.example/T/7ZK4M2QX", SHORT, whole=True),
        Line("HSD: 30/11/2026", EXPIRES),
        Line("Thu hoạch: 21/11/2026", HARVESTED),
        Line("Hợp tác xã rau an toàn", GROWER),
    )
    path = "/01/09520001000010/10/261121-123?416=9520001001017&7007=261121"
    return Label(f"https://nguon.example{path}", "Dưa leo", lines)


def _composed(text: str) -> str:
    # A PDF places marks that stand apart beside their letter, not above it.
    return unicodedata.normalize("NFC", text)

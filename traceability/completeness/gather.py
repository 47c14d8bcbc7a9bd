"""Fill the dossier of a lot from the records: what they hold, and nothing else.

A certificate counts as the law's dates do, on the day of the harvest: one that ended since is
still what this lot was grown under. Brands have no table yet: one is there only as the serials
of units, and else *missing*. Nothing is guessed from names.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from domain.certificate import Certificate
from domain.diary import Entry, Work
from domain.errors import NotFound
from domain.ids import SeasonId
from domain.lot import Lot, Product
from domain.plot import Plot, Producer
from store.records import Transaction
from traceability.certificates import in_force, speaking_of
from traceability.completeness.dossier import Dossier, Fact, Stage, TraceCode
from traceability.dossier import link_of
from traceability.lineage.graph import origins
from traceability.standards import standard

_WORK_VI = {
    Work.PLANTING: "Gieo trồng",
    Work.IRRIGATION: "Tưới nước",
    Work.FERTILISING: "Bón phân",
    Work.SPRAYING: "Phun thuốc",
    Work.WEEDING: "Làm cỏ",
    Work.SCOUTING: "Kiểm tra sâu bệnh",
    Work.HARVEST: "Thu hoạch",
    Work.OTHER: "Việc khác",
}


def dossier_of(transaction: Transaction, lot: Lot, today: date) -> Dossier:
    """Return what the records say of a lot today; raises `NotFound` for a lot without a plot."""
    places = transaction.places
    plot, season = places.plot(lot.plot), places.season(lot.season)
    producer = places.producer(plot.producer)
    product = transaction.lots.product(lot.gtin)
    return Dossier(
        product_name=Fact(product.name_vi, f"product {product.gtin}, name_vi"),
        images=_images(transaction, product),
        producer_name=None
        if producer.name_erased
        else Fact(producer.public_name, f"producer {producer.id}, public_name"),
        producer_address=_address(transaction, producer, today),
        stages=tuple(_stages(transaction, lot, product)),
        production_time=Fact(
            f"{season.started} – {lot.harvested}", f"season {season.id}, diary {lot.harvest}"
        ),
        trace_code=TraceCode(
            lot.gtin, link_of(transaction, lot).gln, lot.number, lot.harvested, "label of the lot"
        ),
        brand=_serials(transaction, lot),
        best_before=Fact(str(lot.expires), f"lot {lot.number}, expires", lot.expires),
        standards=tuple(_standards(transaction, lot)),
    )


def _images(transaction: Transaction, product: Product) -> tuple[Fact, ...]:
    digest = transaction.papers.picture(product.gtin)
    return () if digest is None else (Fact(f"/hinh/{digest}.jpg", f"product {product.gtin}"),)


def _standards(transaction: Transaction, lot: Lot) -> Iterator[Fact]:
    """Yield the certificates of all that a lot came of, each once, until when it holds for it.

    One in force at the harvest has no last day here: it holds for this lot for good. Of several
    harvests it must have been in force at each.
    """
    asked = {
        (season.plot, season.crop, origin.harvested)
        for origin in origins(transaction, lot)
        for season in [transaction.places.season(origin.season)]
    }
    found: dict[str, tuple[Certificate, int]] = {}
    for plot, crop, on in asked:
        holder = transaction.places.holder_on(transaction.places.plot(plot), on)
        if holder is None:
            continue
        for one in speaking_of(transaction, holder, plot, crop):
            held = found.get(one.id, (one, 0))[1] + in_force(transaction, one, on)
            found[one.id] = one, held
    for one, held in found.values():
        if not held and one.valid_from > lot.harvested:
            continue  # given only after this was picked
        last = None if held == len(asked) else min(one.valid_to, lot.harvested - timedelta(days=1))
        shown = f"{standard(one.standard).title_vi}, số {one.number}, {one.certifier}"
        yield Fact(shown, f"certificate {one.id}", last)


def _stages(transaction: Transaction, lot: Lot, product: Product) -> Iterator[Stage]:
    """Yield the work on every plot and season that a lot came of, each once."""
    places, last = transaction.places, dict[SeasonId, date]()
    for origin in origins(transaction, lot):
        last[origin.season] = max(origin.harvested, last.get(origin.season, date.min))
    for name, until in last.items():
        season = places.season(name)
        plot = places.plot(season.plot)
        for entry in transaction.diary.entries(plot.id, season.started, until):
            yield _stage(entry, product, plot)


def _address(transaction: Transaction, producer: Producer, today: date) -> Fact | None:
    """Return the commune of a producer; it ends when the commune does, as in a merger."""
    try:
        area = transaction.places.area(producer.area, today)
    except NotFound:
        return None
    last_day = None if area.valid_to is None else area.valid_to - timedelta(days=1)
    return Fact(area.name_vi, f"producer {producer.id}, area {area.code}", last_day)


def _serials(transaction: Transaction, lot: Lot) -> Fact | None:
    """Return that units have serials, which the circular names beside brand and trademark."""
    count, _ = transaction.units.printed(lot)
    return Fact(f"{count} số sê-ri", f"labels printed of lot {lot.number}") if count else None


def _stage(entry: Entry, product: Product, plot: Plot) -> Stage:
    return Stage(_WORK_VI[entry.work], product.gtin, plot.gln, entry.day, f"diary {entry.id}")

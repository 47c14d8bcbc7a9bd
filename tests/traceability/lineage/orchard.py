"""A farm whose lots go on: vegetables that are packed, latex that is dried, days of both."""

from collections.abc import Iterable
from datetime import date, timedelta

from domain.diary import Entry, Work
from domain.gs1 import Gln, Gtin, LotNumber, Sscc
from domain.ids import AreaCode, EntryId, PlotId, ProducerId, SeasonId, StepId
from domain.lineage import Bag, Portion, Step, StepKind
from domain.lot import Lot, Product
from domain.plot import Crop, Plot, Season
from store.records import Transaction
from tests.traceability.world import GTIN, HARVESTED, NOON, PLOT, STARTED, World
from traceability.dossier import require_lot
from traceability.lineage.asked import Asked, Party
from traceability.lineage.steps import take_step
from traceability.lots import LotRequest, open_lot
from traceability.units import draw, spend

PACKED = Gtin.parse("09520001000034")
LATEX, DRY = Gtin.parse("09520001000041"), Gtin.parse("09520001000058")
GROVE, FAR_GROVE = PlotId("vuon-cao-su"), PlotId("vuon-xa")
GLNS = {GROVE: Gln.parse("9520001001048"), FAR_GROVE: Gln.parse("9520001001055")}
PREFIX = "9520001"
CRATES = [Sscc.mint("9521321", number) for number in range(3)]
BUYER = Gln.parse("9520001001031")


def plant(world: World) -> None:
    """Add what a farm of one crop lacks."""
    owner = ProducerId("ho-1")
    with world.records.transaction() as transaction:
        places, lots = transaction.places, transaction.lots
        lots.add_product(Product(PACKED, "cucumber", owner, "Dưa leo gói", "Packed cucumber", 12))
        places.add_crop(Crop("rubber", "Cao su", "Rubber"))
        for plot, gln in GLNS.items():
            places.add_plot(Plot(plot, "Vườn cao su", owner, AreaCode("xa-mau"), gln, 2.0))
            places.add_season(Season(SeasonId(f"vu-{plot}"), plot, "rubber", STARTED, None))
        lots.add_product(Product(LATEX, "rubber", owner, "Mủ nước", "Field latex", 3))
        lots.add_product(Product(DRY, "rubber", owner, "Mủ khô", "Dry rubber", 700))


def gathered(
    world: World, kilograms: float, name: str, day: date = HARVESTED, plot: PlotId = PLOT
) -> Entry:
    entry = Entry(EntryId(name), plot, Work.HARVEST, day, "grower", kilograms, "kg", None, "", NOON)
    world.write(entry)
    return entry


def opened(
    world: World, kilograms: float, number: str, gtin: Gtin = GTIN, day: date = HARVESTED,
    plot: PlotId = PLOT,
) -> Lot:  # fmt: skip
    """A lot of a whole harvest of its own; latex grows in the grove, unless said otherwise."""
    plot = GROVE if gtin == LATEX and plot == PLOT else plot
    entry = gathered(world, kilograms, f"thu-{number.lower()}", day, plot)
    with world.records.transaction() as transaction:
        request = LotRequest(gtin, LotNumber(number), entry.id, kilograms)
        return open_lot(transaction, request, NOON)


def some(number: str, kilograms: float, gtin: Gtin = GTIN, dry: float | None = None) -> Portion:
    return Portion(gtin, LotNumber(number), kilograms, dry)


def take(transaction: Transaction, asked: Asked, now_ms: int = NOON) -> Step:
    return take_step(transaction, asked, "grower", ProducerId("ho-1"), now_ms)


def split(name: str, of: Portion, parts: Iterable[Portion]) -> Asked:
    return Asked(StepId(name), StepKind.SPLIT, (of,), tuple(parts))


def merge(name: str, of: Iterable[Portion], into: Portion) -> Asked:
    return Asked(StepId(name), StepKind.MERGE, tuple(of), (into,))


def transform(name: str, process: str, of: Iterable[Portion], makes: Iterable[Portion]) -> Asked:
    return Asked(StepId(name), StepKind.TRANSFORM, tuple(of), tuple(makes), process=process)


def ship(name: str, of: Portion, party: Party | None = None) -> Asked:
    to = party or Party(name="Chợ đầu mối Thủ Đức")
    return Asked(StepId(name), StepKind.SHIP, (of,), party=to)


def receive(name: str, of: Portion, shipment: str) -> Asked:
    return Asked(StepId(name), StepKind.RECEIVE, (of,), place=BUYER, about=StepId(shipment))


def pack(
    name: str, of: Iterable[Portion], sscc: str = "", bags: Iterable[Bag] = (), prefix: str = PREFIX
) -> Asked:
    """Into a unit that is given, or one whose number is minted."""
    ssccs = (Sscc.parse(sscc),) if sscc else ()
    return Asked(StepId(name), StepKind.PACK, tuple(of), ssccs=ssccs, bags=tuple(bags),
                 prefix=prefix)  # fmt: skip


def unpack(name: str, sscc: str, of: Iterable[Portion] = (), bags: Iterable[Bag] = ()) -> Asked:
    """Out of a unit, all of it when nothing is named."""
    return Asked(StepId(name), StepKind.UNPACK, tuple(of), ssccs=(Sscc.parse(sscc),),
                 bags=tuple(bags))  # fmt: skip


def ship_units(name: str, *ssccs: str, party: Party | None = None) -> Asked:
    to = party or Party(name="Chợ đầu mối Thủ Đức")
    return Asked(StepId(name), StepKind.SHIP, (), party=to, ssccs=tuple(map(Sscc.parse, ssccs)))


def receive_units(name: str, shipment: str, *ssccs: str) -> Asked:
    return Asked(StepId(name), StepKind.RECEIVE, (), place=BUYER, about=StepId(shipment),
                 ssccs=tuple(map(Sscc.parse, ssccs)))  # fmt: skip


def printed(world: World, number: str, count: int, unit_kg: float, gtin: Gtin = GTIN) -> list[Bag]:
    """Labels with serials, printed for units of a lot."""
    with world.records.transaction() as transaction:
        serials = draw(count)
        spend(
            transaction, require_lot(transaction, gtin, LotNumber(number)), serials, unit_kg, NOON
        )
    return [(gtin, serial) for serial in serials]


def destroy(name: str, of: Portion) -> Asked:
    return Asked(StepId(name), StepKind.DESTROY, (of,))


EARLIER = HARVESTED - timedelta(days=2)

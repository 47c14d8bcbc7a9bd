"""Who stands behind a party's number: what buyers may read of them, and what is theirs."""

from dataclasses import dataclass
from datetime import date

from domain.gs1 import Gln
from domain.lot import Product
from domain.plot import Area, Plot, Producer
from store.records import Transaction


@dataclass(frozen=True, slots=True)
class Issuing:
    """Who issues passports here, under which number if any."""

    name: str
    gln: Gln | None


@dataclass(frozen=True, slots=True)
class Party:
    """A party under a GLN, AI (417): a producer, or whoever issues passports, or both."""

    gln: Gln
    producer: Producer | None
    issuer: str | None


@dataclass(frozen=True, slots=True)
class PartyView:
    """The page of a party: nothing of it is more than plots' and products' pages show."""

    party: Party
    area: Area | None
    plots: tuple[tuple[Plot, Area], ...]
    products: tuple[Product, ...]


def party_at(transaction: Transaction, issuing: Issuing, gln: str) -> Party | None:
    """Return the party with a number, None when there is none."""
    found = transaction.gs1.producer_of(gln)
    producer = None if found is None else transaction.places.producer(found)
    issuer = issuing.name if issuing.gln is not None and gln == issuing.gln else None
    return None if producer is None and issuer is None else Party(Gln(gln), producer, issuer)


def party_view(transaction: Transaction, party: Party, on: date) -> PartyView:
    """Return what the page of a party shows, with places as they are called on a day."""
    producer, places = party.producer, transaction.places
    if producer is None:
        return PartyView(party, None, (), ())
    plots = tuple((plot, places.area(plot.area, on)) for plot in places.plots(producer.id))
    products = tuple(transaction.lots.products(producer.id))
    return PartyView(party, places.area(producer.area, on), plots, products)

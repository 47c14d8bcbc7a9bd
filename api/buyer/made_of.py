"""What the buyer's page shows of a lot made of several harvests: each with what its passport says.

Which harvests, and how much of each, comes from the signed passport; the names of plots and
growers are as they are known today. That a harvest is recalled or in doubt is told of the whole
lot, at the top of its page.
"""

from dataclasses import dataclass
from datetime import date

from api import i18n, views
from domain.ids import ProducerId
from store.records import Transaction
from traceability.composition.claims import MadeOf
from traceability.composition.summary import Harvested, harvested
from traceability.dossier import link_of
from traceability.lineage.weights import kilograms

_MOST_SHOWN = 20
"""Harvests shown on a page: those that most of the lot came of. All are in the proof."""


@dataclass(frozen=True, slots=True)
class HarvestView:
    """A harvested lot: its page, where and by whom, its days, its weight, its readings."""

    number: str
    path: str
    plot: str
    grower: str
    started: date
    harvested: date
    kilograms: float
    share: str
    measured: bool
    filled: str
    expected: str
    coverage: str


@dataclass(frozen=True, slots=True)
class MadeOfView:
    """The harvests shown, how many there are, and everybody who grew them."""

    shown: tuple[HarvestView, ...]
    count: int
    growers: tuple[str, ...]

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.count - len(self.shown)


def made_of_view(transaction: Transaction, said: MadeOf, language: str) -> MadeOfView:
    """Return what a lot is made of, most of it first."""
    ordered = sorted(said.parts, key=lambda part: (-part.share, part.harvested, part.lot))
    found = harvested(transaction, ordered)
    producers = list(dict.fromkeys(one.plot.producer for one in found))
    return MadeOfView(
        shown=tuple(_harvest(transaction, one, language) for one in found[:_MOST_SHOWN]),
        count=len(found),
        growers=tuple(_grower(transaction, one, language) for one in producers[:_MOST_SHOWN]),
    )


def _harvest(transaction: Transaction, one: Harvested, language: str) -> HarvestView:
    return HarvestView(
        number=one.lot.number,
        path=link_of(transaction, one.lot).path(),
        plot=one.plot.name,
        grower=_grower(transaction, one.plot.producer, language),
        started=one.started,
        harvested=one.part.harvested,
        kilograms=kilograms(one.part.grams),
        share=i18n.number(100 * one.part.share, 1, language=language),
        measured=bool(one.expected),
        filled=i18n.number(one.filled, language=language),
        expected=i18n.number(one.expected, language=language),
        coverage=i18n.percent(one.filled / one.expected if one.expected else 1.0, language),
    )


def _grower(transaction: Transaction, producer: ProducerId, language: str) -> str:
    return views.grower_name(transaction.places.producer(producer), language)

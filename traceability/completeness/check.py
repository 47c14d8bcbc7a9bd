"""Compare a dossier with a regime. Pure: the same dossier and day give the same report."""

import enum
from dataclasses import dataclass
from datetime import date

from traceability.completeness.dossier import Dossier, Fact, Stage, TraceCode
from traceability.completeness.regimes import Item, Regime


class Status(enum.StrEnum):
    """What holds of an item; exactly one does."""

    PRESENT = "present"
    MISSING = "missing"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for an item, as it would be shown, and where it was found."""

    shown: str
    found_in: str


@dataclass(frozen=True, slots=True)
class Row:
    """An item and what was found of it."""

    item: Item
    status: Status
    evidence: tuple[Evidence, ...]

    @property
    def stands_in_the_way(self) -> bool:
        """Whether the lot is incomplete for it: past its date always, absent where required."""
        return self.status is Status.EXPIRED or (
            self.status is Status.MISSING and self.item.required
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What a regime finds of a lot on a day, an item a row, in the regime's order."""

    regime: Regime
    on: date
    rows: tuple[Row, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing that is asked is absent or past its date."""
        return not any(row.stands_in_the_way for row in self.rows)


# The worst outranks: an item that needs two facts is no better than the poorer one.
_ORDER = (Status.MISSING, Status.EXPIRED, Status.PRESENT)


def check(dossier: Dossier, regime: Regime, on: date) -> Report:
    """Return what a regime finds of a dossier on a day."""
    return Report(regime, on, tuple(_row(dossier, item, on) for item in regime.items))


def _row(dossier: Dossier, item: Item, on: date) -> Row:
    found = [_judge(getattr(dossier, name), on) for name in item.needs]
    status = min((status for status, _ in found), key=_ORDER.index)
    return Row(item, status, tuple(one for _, evidence in found for one in evidence))


_Known = Fact | TraceCode | tuple[Fact, ...] | tuple[Stage, ...] | None


def _judge(known: _Known, on: date) -> tuple[Status, tuple[Evidence, ...]]:
    if isinstance(known, TraceCode):
        lacking = f", lacks {' '.join(known.lacks)}" if known.lacks else ""
        status = Status.MISSING if known.lacks else Status.PRESENT
        return status, (Evidence(known.printed() + lacking, known.found_in),)
    several = known if isinstance(known, tuple) else () if known is None else (known,)
    stages = tuple(one for one in several if isinstance(one, Stage))
    if stages:
        whole = all(stage.whole for stage in stages)
        evidence = tuple(_of_stage(stage) for stage in stages)
        return Status.PRESENT if whole else Status.MISSING, evidence
    return _judge_facts(tuple(one for one in several if isinstance(one, Fact)), on)


def _judge_facts(facts: tuple[Fact, ...], on: date) -> tuple[Status, tuple[Evidence, ...]]:
    """Judge facts of which one in force is enough: a second certificate may be past its date."""
    shown = tuple(fact for fact in facts if fact.shown.strip())
    if not shown:
        return Status.MISSING, ()
    valid = tuple(fact for fact in shown if fact.last_day is None or on <= fact.last_day)
    evidence = tuple(Evidence(fact.shown, fact.found_in) for fact in valid or shown)
    return Status.PRESENT if valid else Status.EXPIRED, evidence


def _of_stage(stage: Stage) -> Evidence:
    parts = (stage.product_code, stage.location_code, stage.day)
    codes = " ".join("?" if part is None else str(part) for part in parts)
    return Evidence(f"{stage.name}: {codes}", stage.found_in)

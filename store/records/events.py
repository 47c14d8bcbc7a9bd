"""EPCIS events in the records store: kept once, found by what they are about, never changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from domain.gs1 import Gtin
from store.records import event_tables as t
from store.records.tables import product


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to keep, and everything it is found by, in one spelling each.

    ``body`` and ``context`` are canonical JSON. ``event_id`` is the eventID given, or the
    ``hash_id``; ``declared`` is empty, or a digest of the error declaration. ``things`` are
    (role, URI): what it is about, by the EPCIS field that names it. ``figures`` are what
    sensors reported: (attribute, quantity, value in that quantity's base unit).
    """

    event_id: str
    hash_id: str
    declared: str
    type: str
    event_ms: int
    record_ms: int
    action: str | None
    biz_step: str | None
    disposition: str | None
    read_point: str | None
    biz_location: str | None
    body: bytes
    context: bytes
    things: frozenset[tuple[str, str]]
    figures: frozenset[tuple[str, str, float]] = frozenset()


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """An event as kept; ``number`` is its place in the order of capture."""

    number: int
    event_id: str
    hash_id: str
    event_ms: int
    record_ms: int
    body: bytes
    context: bytes


@dataclass(frozen=True, slots=True)
class Things:
    """Any of ``wholes``, or anything that begins with one of ``stems``, in one of ``roles``."""

    roles: frozenset[str]
    wholes: frozenset[str]
    stems: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Figures:
    """Any figure of an attribute and quantity from ``low`` to ``high``, both in; None is open."""

    attribute: str
    quantity: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What the store can narrow events by: all of it must hold.

    ``among`` is column → values; times are milliseconds, the first in, the second out.
    ``unserialised``: no event that names a unit of our products by its serial.
    """

    among: tuple[tuple[str, frozenset[str]], ...] = ()
    event_ms: tuple[int | None, int | None] = (None, None)
    record_ms: tuple[int | None, int | None] = (None, None)
    things: tuple[Things, ...] = ()
    figures: tuple[Figures, ...] = ()
    declared: bool = False
    unserialised: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """By ``event_ms``, ``record_ms`` or ``number``; equal ones in order of capture."""

    column: str = "number"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the order's key and the number of the last event on it."""

    key: int
    number: int


_GTIN = "https://id.gs1.org/01/"
LISTED = {
    "eventTypes": "type",
    "bizSteps": "biz_step",
    "bizLocations": "biz_location",
    "readPoints": "read_point",
    "dispositions": "disposition",
}
"""Collection of EPCIS → the column whose distinct values it lists."""


class Events:
    """Questions and statements about events; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, new: Sequence[NewEvent], job: str | None = None) -> list[bool]:
        """Keep events; False for each that is there already, under its id, with its content."""
        known = self._known([each.hash_id for each in new])
        fresh: dict[tuple[str, str, str], NewEvent] = {}
        told = []
        for each in new:
            key = (each.hash_id, each.event_id, each.declared)
            told.append(key not in known and key not in fresh)
            if told[-1]:
                fresh[key] = each
        if fresh:
            self._insert(list(fresh.values()), job)
        return told

    def _known(self, hash_ids: Sequence[str]) -> set[tuple[str, str, str]]:
        c = t.event.c
        query = sa.select(c.hash_id, c.event_id, c.declared).where(c.hash_id.in_(hash_ids))
        return {(r.hash_id, r.event_id, r.declared) for r in self._connection.execute(query)}

    def _insert(self, fresh: Sequence[NewEvent], job: str | None) -> None:
        numbered = t.event.insert().returning(t.event.c.number, sort_by_parameter_order=True)
        numbers = self._connection.execute(numbered, [_row(each, job) for each in fresh]).scalars()
        numbered_events = list(zip(numbers, fresh, strict=True))
        things = [
            dict(event=number, role=role, uri=uri)
            for number, each in numbered_events
            for role, uri in sorted(each.things)
        ]
        figures = [
            dict(event=number, attribute=attribute, quantity=quantity, value=value)
            for number, each in numbered_events
            for attribute, quantity, value in sorted(each.figures)
        ]
        for table, rows in ((t.event_thing, things), (t.event_figure, figures)):
            if rows:
                self._connection.execute(table.insert(), rows)

    def named(self, event_id: str, *, unserialised: bool = False) -> list[KeptEvent]:
        """Return the events of an id, in order of capture: the event, then error declarations."""
        c = t.event.c
        query = sa.select(t.event).where(sa.or_(c.event_id == event_id, c.hash_id == event_id))
        if unserialised:
            query = query.where(_names_no_serial())
        return [_kept(row) for row in self._connection.execute(query.order_by(c.number))]

    def select(
        self, narrowing: Narrowing, order: Order, after: Place | None, limit: int
    ) -> list[KeptEvent]:
        """Return at most ``limit`` events that ``narrowing`` leaves, from behind ``after``."""
        c = t.event.c
        key = c[order.column]
        query = sa.select(t.event).where(*_clauses(narrowing)).limit(limit)
        if after is not None:
            beyond = key < after.key if order.descending else key > after.key
            query = query.where(sa.or_(beyond, sa.and_(key == after.key, c.number > after.number)))
        query = query.order_by(key.desc() if order.descending else key, c.number)
        return [_kept(row) for row in self._connection.execute(query)]

    def values(self, collection: str, after: str, limit: int) -> list[str]:
        """Return distinct values of a collection of EPCIS, those behind ``after`` in order."""
        return self._distinct(sa.select(t.event.c[LISTED[collection]]), after, limit)

    def uris(
        self, roles: frozenset[str], after: str, limit: int, *, unserialised: bool
    ) -> list[str]:
        """Return distinct things that events name in ``roles``, those behind ``after`` in order."""
        c = t.event_thing.c
        query = sa.select(c.uri).where(c.role.in_(sorted(roles)))
        if unserialised:
            query = query.where(~_serial(c.uri))
        return self._distinct(query, after, limit)

    def _distinct(self, query: "sa.Select[Any]", after: str, limit: int) -> list[str]:
        (column,) = query.selected_columns
        query = query.distinct().where(column > after).order_by(column).limit(limit)
        return [str(row[0]) for row in self._connection.execute(query)]

    def count(self) -> int:
        """Return how many events are kept."""
        query = sa.select(sa.func.count()).select_from(t.event)
        return int(self._connection.execute(query).scalar_one())


def _clauses(narrowing: Narrowing) -> Iterator["sa.ColumnElement[bool]"]:
    c = t.event.c
    for column, values in narrowing.among:
        yield c[column].in_(sorted(values))
    for column, (first, last) in (("event_ms", narrowing.event_ms),
                                  ("record_ms", narrowing.record_ms)):  # fmt: skip
        if first is not None:
            yield c[column] >= first
        if last is not None:
            yield c[column] < last
    if narrowing.declared:
        yield c.declared != ""
    if narrowing.unserialised:
        yield _names_no_serial()
    for things in narrowing.things:
        yield _named_in(things)
    for figures in narrowing.figures:
        yield _measured(figures)


def _names_no_serial() -> "sa.ColumnElement[bool]":
    c = t.event_thing.c
    named = sa.select(c.event).where(c.event == t.event.c.number, _serial(c.uri))
    return ~named.exists()


def _serial(uri: "sa.Column[str]") -> "sa.ColumnElement[bool]":
    """Whether a thing is a unit of a product of ours: AI (01) and (21) in its canonical URI."""
    gtin = sa.func.substr(uri, len(_GTIN) + 1, Gtin.length)
    ours = sa.select(product.c.gtin)
    return sa.and_(uri.like(f"{_GTIN}%/21/%"), gtin.in_(ours))


def _named_in(things: Things) -> "sa.ColumnElement[bool]":
    c = t.event_thing.c
    any_of: list[sa.ColumnElement[bool]] = [c.uri.in_(sorted(things.wholes))]
    any_of += [c.uri.startswith(stem, autoescape=True) for stem in sorted(things.stems)]
    inner = sa.select(c.event).where(c.role.in_(sorted(things.roles)), sa.or_(*any_of))
    return t.event.c.number.in_(inner)


def _measured(figures: Figures) -> "sa.ColumnElement[bool]":
    c = t.event_figure.c
    inner = sa.select(c.event).where(
        c.attribute == figures.attribute, c.quantity == figures.quantity
    )
    if figures.low is not None:
        inner = inner.where(c.value >= figures.low)
    if figures.high is not None:
        inner = inner.where(c.value <= figures.high)
    return t.event.c.number.in_(inner)


def _row(new: NewEvent, job: str | None) -> dict[str, Any]:
    return dict(event_id=new.event_id, hash_id=new.hash_id, declared=new.declared, type=new.type,
                event_ms=new.event_ms, record_ms=new.record_ms, action=new.action,
                biz_step=new.biz_step, disposition=new.disposition, read_point=new.read_point,
                biz_location=new.biz_location, job=job, body=new.body,
                context=new.context)  # fmt: skip


def _kept(r: "sa.Row[Any]") -> KeptEvent:
    return KeptEvent(r.number, r.event_id, r.hash_id, r.event_ms, r.record_ms, bytes(r.body),
                     bytes(r.context))  # fmt: skip

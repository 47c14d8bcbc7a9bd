"""Rows of a logger's file through the pipeline that messages go through.

A row is a message of its own: one measuring cycle, on its device's topic, received now.
So it is identified, located, judged, kept and refused as if a broker had brought it, what
is refused of it lies in quarantine by itself, and the store says what became of it.
"""

import enum
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from domain.cells import Held, held_in, time_in
from domain.clock import ClockVerdict
from domain.device import Register
from domain.errors import InvalidInput, NotPlaced, UnknownChannel, UnknownDevice
from domain.logger_map import Map
from domain.pack import encode
from domain.reading import Cycle, Delivery, Observation
from domain.table import Row, Spoilt
from domain.topics import Leaf, Topic
from ingest.message import Received
from ingest.pipeline import Rules, set_aside, take_in
from store.series import Appended, Fate

_NOTHING = Fate(0, 0, 0, 0)


class Became(enum.StrEnum):
    """What became of a row, in a word."""

    NEW = "new"
    SAME = "same"
    CONFLICT = "conflict"
    REFUSED = "refused"
    EMPTY = "empty"
    UNREADABLE = "unreadable"


class Brought(NamedTuple):
    """A row after it was carried; ``why`` says what is wrong with it, if anything.

    ``fate`` counts its readings as the store does.
    """

    line: int
    time_ms: int | None
    became: Became
    held: Held
    why: str = ""
    fate: Fate = _NOTHING


def require_ready(plan: Map, register: Register) -> None:
    """Raise a `DeviceError` or `InvalidInput` where every row would go to quarantine.

    Or, worse, would be kept under another quantity than its map says.
    """
    if plan.device not in register.devices:
        message = f"{plan.device} is not registered: `nguon enrol MAP.toml --plot PLOT` does that"
        raise UnknownDevice(message)
    if not register.placements.get(plan.device):
        message = f"{plan.device} has never stood on a plot"
        raise NotPlaced(message)
    streams = register.streams.get(plan.device, {})
    for column in plan.columns:
        stream = streams.get(column.channel)
        if stream is None:
            message = f"channel {column.channel} of {plan.device} was never declared"
            raise UnknownChannel(message)
        if stream.property != column.property:
            message = (
                f"channel {column.channel} of {plan.device} is declared as {stream.property},"
                f" the map says {column.property}"
            )
            raise InvalidInput(message, "map")


def carry(
    rows: Sequence[Row | Spoilt],
    plan: Map,
    rules: Rules,
    received_ms: int,
    append: Callable[[Sequence[Delivery]], Appended],
) -> list[Brought]:
    """Take rows in and append them in one transaction; returns what became of each."""
    read = [_read(row, plan) for row in rows]
    deliveries = {
        place: _deliver(one.held.observations, plan, rules, received_ms)
        for place, one in enumerate(read)
        if one.held.observations
    }
    fates = append(list(deliveries.values())).fates if deliveries else ()
    for (place, delivery), fate in zip(deliveries.items(), fates, strict=True):
        why = "; ".join(f"{r.reason}: {r.detail}" for r in delivery.refusals)
        read[place] = read[place]._replace(became=_became(fate), why=why, fate=fate)
    return read


def _read(row: Row | Spoilt, plan: Map) -> Brought:
    """Return a row as read, not yet carried."""
    if isinstance(row, Spoilt):
        return Brought(row.line, None, Became.UNREADABLE, Held((), (), ()), row.why)
    try:
        time_ms = time_in(row.time, plan)
    except ValueError as error:
        return Brought(row.line, None, Became.UNREADABLE, Held((), (), ()), str(error))
    held = held_in(row.cells, plan, time_ms)
    if not held.observations and held.unreadable:
        return Brought(row.line, time_ms, Became.UNREADABLE, held, "no cell of it can be read")
    return Brought(row.line, time_ms, Became.EMPTY, held)


def _deliver(
    observations: tuple[Observation, ...], plan: Map, rules: Rules, received_ms: int
) -> Delivery:
    payload = encode(plan.device, [Cycle(None, None, observations)], plan.coding)
    message = Received(str(Topic(plan.device, Leaf.UP)), payload, received_ms, (0, 0, 0))
    try:
        delivery = take_in(message, rules)
    except Exception as error:  # noqa: BLE001 - a fault of ours must not stop the rest
        delivery = set_aside(message, error)
    # When a file is imported says nothing of the clock of whatever measured it.
    frames = tuple(frame._replace(clock=ClockVerdict.CARRIED) for frame in delivery.frames)
    return replace(delivery, frames=frames)


def _became(fate: Fate) -> Became:
    if fate.refused:
        return Became.REFUSED
    if fate.conflicts:
        return Became.CONFLICT
    return Became.NEW if fate.new else Became.SAME

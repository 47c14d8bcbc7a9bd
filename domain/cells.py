"""What a cell of a logger's table says: a number, nothing, or nothing we can read; a time.

A cell is a text, as in CSV, or what a workbook holds: a number, a date, a truth, nothing.
Nothing is guessed: a cell that is no number is told, with its column and its text.
"""

import math
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from domain.logger_map import Map, number_in
from domain.reading import Observation
from domain.window import LAST_MS, to_ms

# A workbook's date is a fraction of a day, added up by whoever filled the column.
_NEAR_A_SECOND = timedelta(milliseconds=20)
_SHOWN = 60


class Unreadable(NamedTuple):
    """A cell that holds something which is no number."""

    column: str
    text: str


class Held(NamedTuple):
    """What the cells of one row hold; ``empty`` names the columns that hold nothing."""

    observations: tuple[Observation, ...]
    empty: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]


def held_in(cells: tuple[object, ...], plan: Map, time_ms: int) -> Held:
    """Return what a row holds, its cells in the order of the map's columns."""
    observations: list[Observation] = []
    empty: list[str] = []
    unreadable: list[Unreadable] = []
    for column, cell in zip(plan.columns, cells, strict=True):
        if is_nothing(cell, plan):
            empty.append(column.name)
            continue
        value = value_in(cell, plan)
        if value is None:
            unreadable.append(Unreadable(column.name, text_of(cell)[:_SHOWN]))
        else:
            observations.append(Observation(column.channel, time_ms, value, column.unit))
    return Held(tuple(observations), tuple(empty), tuple(unreadable))


def is_nothing(cell: object, plan: Map) -> bool:
    """Whether a cell says that nothing was measured; -9999.0 does where the map says -9999."""
    if cell is None or text_of(cell).strip() in plan.nothing:
        return True
    if isinstance(cell, str):
        return False
    value = value_in(cell, plan)
    return value is not None and any(number_in(t, plan.decimal) == value for t in plan.nothing)


def value_in(cell: object, plan: Map) -> float | None:
    """Return the finite number in a cell, None where there is none."""
    if isinstance(cell, str):
        return number_in(cell.strip(), plan.decimal)
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    try:
        value = 0.0 + float(cell)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def text_of(cell: object) -> str:
    """Return a cell as it is shown: dates as ISO 8601, whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer():
        return f"{cell:.0f}"
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return str(cell)


def time_in(cell: object, plan: Map) -> int:
    """Return the instant that a cell says; raises `ValueError` with a sentence.

    In the map's zone, unless the cell itself names one. Instants before 1970 are refused:
    on the wire a time that is not above 0 counts from now.
    """
    try:
        moment = _moment(cell, plan)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=plan.zone)
        time_ms = to_ms(moment.astimezone(UTC))
    except OverflowError as error:
        message = f"{text_of(cell)[:_SHOWN]!r} is a time outside the calendar"
        raise ValueError(message) from error
    if not 0 < time_ms <= LAST_MS:
        message = f"a time between 1970 and 9999 is needed, not {text_of(cell)[:_SHOWN]!r}"
        raise ValueError(message)
    return time_ms


def _moment(cell: object, plan: Map) -> datetime:
    if isinstance(cell, datetime):
        return _near_second(cell)
    if isinstance(cell, date):
        return datetime.combine(cell, time())
    text = text_of(cell).strip()
    try:
        return datetime.strptime(text, plan.time_format)  # noqa: DTZ007 - the zone is the caller's
    except ValueError as error:
        message = f"{text[:_SHOWN]!r} is no time of the form {plan.time_format!r}"
        raise ValueError(message) from error


def _near_second(moment: datetime) -> datetime:
    whole = (moment + timedelta(milliseconds=500)).replace(microsecond=0)
    return whole if abs(whole - moment) <= _NEAR_A_SECOND else moment

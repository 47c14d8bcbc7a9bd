"""Days of devices in the log: what binds them, and what a late reading makes of them."""

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import Offset
from domain.reading import Frame
from domain.window import DAY_MS, HOUR_MS, day_window, print_instant
from store.records.days import DayDue
from store.records.log import LogEntry
from tests.builders import DEVICE, NOON, ZONE, delivery, reading
from tests.traceability.world import HARVESTED, STARTED, TODAY, World
from traceability.canonical import to_bytes
from traceability.evidence.commit import (
    Source,
    days_touched,
    log_days,
    log_due,
    log_silent,
    measuring,
    read_day,
)
from traceability.evidence.device_day import Line, lines_of, print_number, root_over
from traceability.log.entry import DEVICE_DAY, decode
from traceability.log.merkle import leaf_hash

LATER = NOON + DAY_MS


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.measure()
    yield made
    made.close()


def source(world: World) -> Source:
    return Source.of(world.series)


def mark(world: World) -> None:
    """What the watcher does with hours that appends have touched."""
    touched = world.series.touched(100_000)
    with world.records.transaction() as transaction:
        transaction.days.mark(days_touched(measuring(transaction, NOON), touched))
    world.series.settle([], touched)


def logged(world: World) -> list[LogEntry]:
    with world.records.reading() as transaction:
        return transaction.log.about(DEVICE_DAY, DEVICE)


def days(world: World) -> list[tuple[str, int]]:
    bodies = [decode(one.entry).body for one in logged(world)]
    return [(body["day"], body["revision"]) for body in bodies]


def log_all(world: World, now_ms: int = NOON) -> None:
    mark(world)
    while log_due(world.records, source(world), now_ms):
        pass
    while log_silent(world.records, source(world), now_ms):
        pass


def test_every_day_that_is_over_is_logged_once_and_names_the_one_before(world: World) -> None:
    log_all(world)
    log_all(world)
    season = [STARTED + timedelta(days=n) for n in range((TODAY - STARTED).days)]
    assert days(world) == [(day.isoformat(), 1) for day in season]
    previous = b""
    for one in logged(world):
        body = decode(one.entry).body
        assert body["previous"] == previous.hex()
        previous = leaf_hash(one.entry)
    with world.records.reading() as transaction:
        assert not transaction.days.due_of(DEVICE)


def test_the_root_is_made_again_from_lines_by_plain_means(world: World) -> None:
    """By hashlib alone, as a stranger with the raw lines would."""
    log_all(world)
    body = decode(logged(world)[0].entry).body
    window = day_window(STARTED, ZONE)
    lines, rows = [], []
    channels = {"air_temperature": 2, "rain": 3, "soil_moisture_20": 1}
    for channel, series in channels.items():
        found = list(world.series.read(series, window))  # type: ignore[arg-type]
        lines += [
            f"{DEVICE},{channel},{print_instant(r.time_ms)},{r.value:g},{r.quality}"
            f",{print_instant(r.received_ms)},0"
            for r in found
        ]
        values = [r.value for r in found]
        name = {"rain": "rainfall", "soil_moisture_20": "soil_moisture"}.get(channel, channel)
        rows.append({"channel": channel, "property": name, "interval_s": 900, "expected": 96,
                     "received": len(found), "minimum": min(values), "maximum": max(values)})  # fmt: skip
    level = [hashlib.sha256(b"\0" + line.encode()).digest() for line in lines]
    whole = _tree(level)
    told = {"device": DEVICE, "day": STARTED.isoformat(), "zone": ZONE.key, "channels": rows}
    head = hashlib.sha256(b"\0" + to_bytes(told)).digest()
    assert body["root"] == hashlib.sha256(b"\1" + head + whole).hexdigest()
    assert (body["received"], body["expected"]) == (len(lines), 3 * 96)
    assert body["cycles"] == [[0, 0, 95, 96]]


def _tree(hashes: list[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\1" + _tree(hashes[:k]) + _tree(hashes[k:])).digest()


def test_a_late_reading_makes_a_new_revision_and_edits_nothing(world: World) -> None:
    log_all(world)
    before = logged(world)
    late = day_window(STARTED, ZONE).start_ms + 7 * HOUR_MS + 123
    world.series.append([delivery(Frame(1, 1, (reading(1, late, 30.5),)))], NOON + 1)
    log_all(world, NOON + 2)
    assert logged(world)[: len(before)] == before
    assert days(world)[len(before) :] == [(STARTED.isoformat(), 2)]
    body = decode(logged(world)[-1].entry).body
    assert body["previous"] == leaf_hash(before[-1].entry).hex()
    assert body["cycles"][1] == [1, 1, 1, 1]


def test_another_value_and_a_moved_clock_make_new_revisions_too(world: World) -> None:
    log_all(world)
    time_ms = day_window(HARVESTED, ZONE).start_ms + HOUR_MS
    world.series.append([delivery(Frame(0, 900, (reading(1, time_ms, -3.0),)))], NOON + 1)
    log_all(world, NOON + 2)
    assert days(world)[-1] == (HARVESTED.isoformat(), 2)
    offset = Offset(0, 2 * HOUR_MS, 12, 0)
    world.series.move(DEVICE, offset, [1, 2, 3], NOON + 3)  # type: ignore[list-item]
    log_all(world, NOON + 4)
    assert {day for day, revision in days(world) if revision > 1} >= {HARVESTED.isoformat()}


def test_silent_days_are_logged_as_silent_and_a_day_under_way_is_not(world: World) -> None:
    log_all(world, NOON)
    assert days(world)[-1] == (HARVESTED.isoformat(), 1)
    log_all(world, NOON + 3 * DAY_MS)
    silent = [decode(one.entry).body for one in logged(world)][-3:]
    assert [body["day"] for body in silent] == [
        (TODAY + timedelta(days=n)).isoformat() for n in range(3)
    ]
    assert [(body["received"], body["expected"]) for body in silent] == [(0, 3 * 96)] * 3


def test_a_day_logged_while_under_way_is_logged_again_when_it_is_over(world: World) -> None:
    with world.records.reading() as transaction:
        measured = measuring(transaction, NOON)
    today = [DayDue(DEVICE, TODAY, 0)]
    log_days(world.records, source(world), measured, today, NOON)
    log_days(world.records, source(world), measured, today, NOON)
    assert days(world) == [(TODAY.isoformat(), 1)]
    log_days(world.records, source(world), measured, today, LATER)
    assert days(world) == [(TODAY.isoformat(), 1), (TODAY.isoformat(), 2)]


def test_a_passport_on_the_day_leaves_the_day_to_be_logged_when_it_is_over(world: World) -> None:
    """Issuing logs a day that is under way; the watcher has marked it, and will not again."""
    world.series.append([delivery(Frame(1, 0, (reading(1, NOON - HOUR_MS, 20.0),)))], NOON - 1)
    mark(world)
    with world.records.reading() as transaction:
        measured = measuring(transaction, NOON)
        (due,) = [one for one in transaction.days.due_of(DEVICE) if one.day == TODAY]
    log_days(world.records, source(world), measured, [due], NOON)
    world.series.append([delivery(Frame(1, 1, (reading(1, NOON + HOUR_MS, 21.0),)))], NOON + 2)
    while log_due(world.records, source(world), LATER):
        pass
    last = [
        decode(one.entry).body
        for one in logged(world)
        if decode(one.entry).body["day"] == TODAY.isoformat()
    ]
    assert [(body["revision"], body["received"]) for body in last] == [(1, 1), (2, 2)]
    with world.records.reading() as transaction:
        assert TODAY not in [one.day for one in transaction.days.due_of(DEVICE)]


def test_who_read_earlier_does_not_overwrite_who_read_later(world: World) -> None:
    with world.records.reading() as transaction:
        measured = measuring(transaction, NOON)
    day = [DayDue(DEVICE, STARTED, 0)]
    log_days(world.records, source(world), measured, day, LATER)
    log_days(world.records, source(world), measured, day, NOON - 10 * DAY_MS)
    assert days(world) == [(STARTED.isoformat(), 1)]


def test_a_day_that_changes_while_it_is_logged_stays_due(world: World) -> None:
    mark(world)
    with world.records.transaction() as transaction:
        due = transaction.days.due_of(DEVICE)
        transaction.days.mark([(DEVICE, STARTED)])
        for one in due:
            transaction.days.done(one)
        assert [one.day for one in transaction.days.due_of(DEVICE)] == [STARTED]


def test_a_clock_of_1970_does_not_make_days_without_end(world: World) -> None:
    world.series.append([delivery(Frame(2, 0, (reading(1, 5, 1.0),)))], NOON)
    world.series.append([delivery(Frame(2, 1, (reading(1, NOON + 400 * DAY_MS, 1.0),)))], NOON)
    log_all(world)
    assert len(days(world)) == 6
    assert days(world)[0] == (date(1970, 1, 1).isoformat(), 1)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_printed_as_in_canonical_json(value: float) -> None:
    assert print_number(value).encode() == to_bytes({"n": value})[5:-1]


def test_an_empty_day_has_a_root_and_order_matters(world: World) -> None:
    two = [Line("a", 1, 1.0, 0, 1, 0), Line("a", 2, 1.0, 0, 1, 0)]
    roots = {root_over("d", b"", some) for some in ([], two, two[::-1], two[:1])}
    assert len(roots) == 4
    assert lines_of("a", []) == []
    with world.records.reading() as transaction:
        one = measuring(transaction, NOON)[DEVICE]
    empty = read_day(source(world), one, date(2020, 1, 1), NOON)
    assert (empty.received, empty.expected, empty.cycles) == (0, 288, ())

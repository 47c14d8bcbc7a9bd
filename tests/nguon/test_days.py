"""The watcher's part in the log: what is new is logged and shown, and what is not is left alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.device import Device, Placement
from domain.errors import StoreRefused
from domain.ids import Channel, DeviceId
from domain.reading import Frame
from domain.window import DAY_MS
from nguon.clocks import ClockWatch
from nguon.compose import Stores, now_ms
from nguon.days import DayWatch
from nguon.watch import roll_up_and_judge
from tests.builders import DEVICE, PLOT, delivery, reading
from tests.traceability.world import World
from traceability.log.append import record
from traceability.log.checkpoint import parse_checkpoint
from traceability.log.entry import FINDING
from traceability.log.note import parse_note
from traceability.log.witnessing import Answer, Witnesses

OTHER = DeviceId("dat-02")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def watch_of(world: World) -> DayWatch:
    opened = Stores(world.series, world.records)
    return DayWatch(opened, world.files, world.log_key, Witnesses((), lambda *_: Answer(500, "")))


def claim(world: World, number: int) -> None:
    with world.records.transaction() as transaction:
        record(transaction, FINDING, "x", {"n": number}, now_ms())


def shown(world: World) -> int:
    return parse_checkpoint(parse_note(world.files.checkpoint() or "")).size


def test_the_files_are_left_alone_until_something_is_logged(world: World) -> None:
    watch = watch_of(world)
    claim(world, 1)
    watch.show()
    size = shown(world)
    (tile,) = (world.files.root / "tile/0").glob("*.p/*")
    whole = tile.read_bytes()
    tile.write_bytes(bytes(len(whole)))  # who looks again finds that it is not what was signed
    watch.show()
    claim(world, 2)
    with pytest.raises(StoreRefused):
        watch.show()
    tile.write_bytes(whole)
    watch.show()
    assert shown(world) == size + 1


def test_what_somebody_else_has_published_or_taken_away_is_seen(world: World) -> None:
    watch, other = watch_of(world), watch_of(world)
    claim(world, 1)
    watch.show()
    claim(world, 2)
    other.show()
    watch.show()
    both = shown(world)
    (world.files.root / "checkpoint").unlink()
    watch.show()
    assert shown(world) == both


def test_of_many_devices_those_that_spoke_are_rolled_up_marked_and_logged(world: World) -> None:
    with world.records.transaction() as transaction:
        transaction.devices.add(Device(OTHER, "Cảm biến", 0))
        series = transaction.devices.add_stream(OTHER, Channel("air"), "air_temperature", None, 900)
        transaction.devices.place(Placement(OTHER, PLOT, 0, None))
    now = now_ms()
    rows = (reading(series.series, now - 2 * DAY_MS, 20.0),)
    world.series.append([delivery(Frame(0, 0, rows), device=OTHER, received_ms=now)], now)
    watch, opened = watch_of(world), Stores(world.series, world.records)
    assert roll_up_and_judge(opened, ClockWatch(world.series), watch.mark) == 1
    assert roll_up_and_judge(opened, ClockWatch(world.series), watch.mark) == 0
    with world.records.reading() as transaction:
        assert len(transaction.days.due_of(OTHER)) == 1
        assert transaction.days.due_of(DEVICE) == []
        assert set(transaction.devices.register({OTHER}).devices) == {OTHER}
        assert transaction.devices.owners([]) == set()
    while watch.log():
        pass
    with world.records.reading() as transaction:
        assert transaction.days.last_days().keys() == {OTHER}
    assert shown(world) > 0

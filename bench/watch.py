"""What the watcher costs a round: with nothing new, and with a few devices that spoke.

    python -m bench.watch [--devices 10000] [--spoke 50] [--rounds 5]

A register of so many devices, three series each, every one with a day in the log, all in
SQLite. Processor and wall time of one round of roll-ups and clocks, and of one round of the
log, best of some; other work on the machine falls on the worst of them.
"""

import argparse
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from domain.device import Device, Placement
from domain.ids import Channel, DeviceId
from domain.reading import Frame
from domain.window import DAY_MS, local_day
from nguon.clocks import ClockWatch
from nguon.compose import Stores, now_ms
from nguon.days import DayWatch
from nguon.watch import roll_up_and_judge
from store.records import Records
from store.records.days import DayRevision
from store.sqlite import SqliteSeries
from tests.builders import PLOT, ZONE, delivery, farm, reading
from traceability.log.files import LogFiles
from traceability.log.key import create
from traceability.log.witnessing import Answer, Witnesses

_CHANNELS = ("air_temperature", "soil_moisture", "rainfall")


class Office:
    """An installation of many devices that have been logged until yesterday."""

    def __init__(self, folder: Path, devices: int) -> None:
        self.opened = Stores(
            SqliteSeries(folder / "series.db"), Records(f"sqlite:///{folder}/r.db")
        )
        self.opened.records.migrate()
        farm(self.opened.records)
        self.devices = [DeviceId(f"may-{number:05}") for number in range(devices)]
        self.series = {}
        with self.opened.records.transaction() as transaction:
            for number, device in enumerate(self.devices):
                transaction.devices.add(Device(device, "Máy", 0))
                transaction.devices.place(Placement(device, PLOT, now_ms() - 90 * DAY_MS, None))
                self.series[device] = [
                    transaction.devices.add_stream(device, Channel(name), name, None, 900).series
                    for name in _CHANNELS
                ]
                yesterday = local_day(now_ms() - DAY_MS, ZONE)
                transaction.days.add(DayRevision(device, yesterday, 1, number, bytes(32), now_ms()))
        key = create(folder / "log.key", "bench/log")
        witnesses = Witnesses((), lambda *_: Answer(500, ""))
        self.days = DayWatch(self.opened, LogFiles(folder / "log"), key, witnesses)
        self.clocks = ClockWatch(self.opened.series)

    def speak(self, some: int, round_: int) -> None:
        """A cycle of each of some devices."""
        now = now_ms()
        for device in self.devices[:some]:
            rows = tuple(reading(one, now - 1000 + round_, 20.0) for one in self.series[device])
            frame = Frame(0, round_, rows)
            self.opened.series.append([delivery(frame, device=device, received_ms=now)], now)

    def roll_up(self) -> object:
        """What `nguon watch` does every second."""
        return roll_up_and_judge(self.opened, self.clocks, self.days.mark)


def best(work: Callable[[], object], rounds: int, before: Callable[[int], None]) -> str:
    """Return processor and wall time of some work, the best of some rounds, in ms."""
    found = []
    for round_ in range(rounds):
        before(round_)
        began, spent = time.perf_counter(), time.process_time()
        work()
        found.append((time.process_time() - spent, time.perf_counter() - began))
    return " | ".join(f"{1000 * value:.1f}" for value in min(found))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--spoke", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Path(folder), options.devices)
        office.days.log()
        print("| a round of | processor ms | wall ms |\n| --- | --- | --- |")
        nothing = best(office.roll_up, options.rounds, lambda _: None)
        print(f"| roll-ups, nothing new | {nothing} |")
        spoke = best(office.roll_up, options.rounds, lambda n: office.speak(options.spoke, n))
        print(f"| roll-ups, {options.spoke} of {options.devices} devices spoke | {spoke} |")
        quiet = best(office.days.log, options.rounds, lambda _: None)
        print(f"| the log, nothing to log | {quiet} |")


if __name__ == "__main__":
    main()

"""What must hold after every heal; each finding is one line that names its invariant.

I1 acknowledged is stored. I2 exactly once. I3 bytes equal. I4 nothing that was never
sent. I5 what is missing was known within a minute, and nothing is missing now. I6 all
received is accounted for and none is under way. I7 roll-ups equal their recomputation.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from domain.bucket import fold
from domain.ids import DeviceId
from domain.window import LAST_MS, Size, Window, day_window, local_day
from nguon.compose import rhythms
from store.judged import judged
from tests.faults.oracle import Sent, recall
from tests.faults.stage import Stage

ALL = Window(0, LAST_MS)
Key = tuple[str, int, int]


def findings(on: Stage, boot: int) -> Iterator[str]:
    """Yield what does not hold for the cycles of one boot of every device."""
    sent, acked = recall(on.folder / "oracle.jsonl")
    mine = {key: one for key, one in sent.items() if key[1] == boot}
    yield from _ledger(on, mine, {key for key in acked if key[1] == boot}, boot)
    yield from _readings(on, mine)
    yield from _accounts(on)
    yield from _rollups(on)


def _ledger(on: Stage, sent: dict[Key, Sent], acked: set[Key], boot: int) -> Iterator[str]:
    by_device: defaultdict[str, set[int]] = defaultdict(set)
    for device, _, seq in sent:
        by_device[device].add(seq)
    for device, numbers in sorted(by_device.items()):
        runs = on.opened.series.ledger(DeviceId(device)).get(boot, ())
        stored = {n for first, last in runs for n in range(first, last + 1)}
        lost = {seq for d, _, seq in acked if d == device} - stored
        if lost:
            yield f"I1: {device} boot {boot}: acknowledged and not stored: {sorted(lost)}"
        if stored - numbers:
            yield f"I4: {device} boot {boot}: stored and never sent: {sorted(stored - numbers)}"
        if numbers - stored:
            yield f"I5: {device} boot {boot}: still missing: {sorted(numbers - stored)}"


def _readings(on: Stage, sent: dict[Key, Sent]) -> Iterator[str]:
    with on.opened.records.reading() as transaction:
        streams = transaction.devices.register().streams
    wanted: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for one in sent.values():
        for channel, value in one.values:
            wanted[streams[DeviceId(one.device)][channel].series][one.time_ms] = value
    for series, values in sorted(wanted.items()):
        window = Window(min(values), max(values) + 1)
        stored = [
            (r.claimed_ms, r.value)
            for r in on.opened.series.read(series, window)  # type: ignore[arg-type]
            if r.claimed_ms in values
        ]
        doubled = [time for time, count in Counter(t for t, _ in stored).items() if count > 1]
        if doubled:
            yield f"I2: series {series}: more than once at {doubled[:5]}"
        found = dict(stored)
        wrong = [t for t, value in values.items() if t in found and found[t] != value]
        if wrong:
            yield f"I3: series {series}: other values at {wrong[:5]}"
        absent = sorted(set(values) - set(found))
        if absent:
            yield f"I1: series {series}: {len(absent)} readings are not stored, at {absent[:5]}"


def _accounts(on: Stage) -> Iterator[str]:
    on.until(lambda: on.metrics()["nguon_ingest_in_flight"] == 0, "messages stay in flight")
    unaccounted = on.metrics()["nguon_ingest_unaccounted"]
    if unaccounted:
        yield f"I6: {unaccounted:g} messages received and not accounted for"


def _rollups(on: Stage) -> Iterator[str]:
    on.until(lambda: not on.opened.series.touched(1), "roll-ups stay due")
    for series, rhythm in rhythms(on.opened.records).items():
        days = on.opened.series.buckets(series, ALL, Size.DAY)
        for bucket in days[-2:]:
            day = day_window(local_day(bucket.start_ms, rhythm.zone), rhythm.zone)
            readings = judged(on.opened.series.read, series, day, rhythm.interval_ms, rhythm.limits)
            if fold(series, Size.DAY, day, readings, rhythm.interval_ms) != bucket:
                yield f"I7: series {series}: the roll-up of {local_day(day.start_ms, rhythm.zone)} differs"

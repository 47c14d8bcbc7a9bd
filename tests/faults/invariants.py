"""What must hold after every heal; each finding is one line that names its invariant.

I1 acknowledged is stored. I2 exactly once. I3 values equal. I4 nothing that was never
sent, in the ledger, in the readings or in quarantine. I5 nothing is missing any more.
I6 all received is accounted for and none is under way. I7 roll-ups, hours and days,
equal their recomputation, and none is absent.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from domain.bucket import fold
from domain.ids import DeviceId, SeriesId
from domain.window import DAY_MS, HOUR_MS, LAST_MS, Size, Window, day_window, local_day
from nguon.compose import rhythms
from store.judged import judged
from store.rollups import Rhythm
from tests.faults.oracle import Sent, recall
from tests.faults.stage import Stage

ALL = Window(0, LAST_MS)
Key = tuple[str, int, int]


def findings(on: Stage, boots: range, *, poisoned: bool = False) -> Iterator[str]:
    """Yield what does not hold; the cycles of ``boots`` of every device are this trial's."""
    sent, acked = recall(on.folder / "oracle.jsonl")
    for boot in boots:
        mine = {key: one for key, one in sent.items() if key[1] == boot}
        yield from _ledger(on, mine, {key for key in acked if key[1] == boot}, boot)
    yield from _readings(on, sent)
    yield from _cycles(on, sent)
    if not poisoned and on.opened.series.tally().quarantined:
        yield f"I4: in quarantine: {on.opened.series.quarantined_by_reason()}"
    yield from _accounts(on)
    times = [one.time_ms for key, one in sent.items() if key[1] in boots]
    yield from _rollups(on, Window(min(times), max(times) + 1))


def _ledger(on: Stage, sent: Mapping[Key, Sent], acked: set[Key], boot: int) -> Iterator[str]:
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


def _readings(on: Stage, sent: Mapping[Key, Sent]) -> Iterator[str]:
    """Compare every reading there is with every one that was ever sent, this trial's or not."""
    streams = _streams(on)
    wanted: defaultdict[SeriesId, dict[int, float]] = defaultdict(dict)
    for one in sent.values():
        for channel, value in one.values:
            wanted[streams[one.device, channel]][one.time_ms] = value
    for series, values in sorted(wanted.items()):
        stored = [(r.claimed_ms, r.value) for r in on.opened.series.read(series, ALL)]
        doubled = [time for time, n in Counter(t for t, _ in stored).items() if n > 1]
        if doubled:
            yield f"I2: series {series}: more than once at {doubled[:5]}"
        found = dict(stored)
        wrong = [t for t, value in values.items() if t in found and found[t] != value]
        if wrong:
            yield f"I3: series {series}: other values at {wrong[:5]}"
        absent = sorted(set(values) - set(found))
        if absent:
            yield f"I1: series {series}: {len(absent)} readings are not stored, at {absent[:5]}"
        never = sorted(set(found) - set(values))
        if never:
            yield f"I4: series {series}: {len(never)} readings were never sent, at {never[:5]}"


def _cycles(on: Stage, sent: Mapping[Key, Sent]) -> Iterator[str]:
    """A cycle that came twice is one cycle."""
    by_device: defaultdict[str, list[SeriesId]] = defaultdict(list)
    for (device, _), series in _streams(on).items():
        by_device[device].append(series)
    for device, series_of in sorted(by_device.items()):
        kept = Counter((b.boot, b.seq) for b in on.opened.series.cycles(series_of, ALL))
        doubled = [key for key, n in kept.items() if n > 1]
        if doubled:
            yield f"I2: {device}: cycles kept more than once: {doubled[:5]}"
        owed = {(boot, seq) for d, boot, seq in sent if d == device}
        if set(kept) != owed:
            yield f"I4: {device}: cycles kept are not those sent: {sorted(set(kept) ^ owed)[:5]}"


def _streams(on: Stage) -> dict[tuple[str, str], SeriesId]:
    with on.opened.records.reading() as transaction:
        return {(s.device, s.channel): s.series for s in transaction.devices.streams()}


def _accounts(on: Stage) -> Iterator[str]:
    on.until(lambda: on.metrics()["nguon_ingest_in_flight"] == 0, "messages stay in flight")
    unaccounted = on.metrics()["nguon_ingest_unaccounted"]
    if unaccounted:
        yield f"I6: {unaccounted:g} messages received and not accounted for"


def _rollups(on: Stage, window: Window) -> Iterator[str]:
    """Recompute the hours and days of a window from raw readings; far ones by what there is."""
    on.until(lambda: not on.opened.series.touched(1), "roll-ups stay due")
    for series, rhythm in rhythms(on.opened.records).items():
        times = [r.time_ms for r in on.opened.series.read(series, ALL)]
        near = window
        if window.length_ms > 30 * DAY_MS:  # clocks have jumped years: this series' last day
            near = Window(max(0, times[-1] - DAY_MS), times[-1] + 1)
        within = [t for t in times if near.holds(t)]
        hours = {t - t % HOUR_MS for t in within}
        days = {local_day(t, rhythm.zone) for t in within}
        spans = {Size.HOUR: [Window(h, h + HOUR_MS) for h in sorted(hours)],
                 Size.DAY: [day_window(day, rhythm.zone) for day in sorted(days)]}  # fmt: skip
        for size, windows in spans.items():
            for span in windows:
                yield from _rollup(on, series, rhythm, size, span)


def _rollup(on: Stage, series: SeriesId, rhythm: Rhythm, size: Size, span: Window) -> Iterator[str]:
    found = on.opened.series.buckets(series, span, size)
    readings = judged(on.opened.series.read, series, span, rhythm.interval_ms, rhythm.limits)
    wanted = fold(series, size, span, readings, rhythm.interval_ms)
    if list(found) != [wanted]:
        yield f"I7: series {series}: the {size.value} from {span.start_ms}: {found} for {wanted}"

"""The sequence ledger in the bucket: a point for each boot of a device.

The device is a tag and the boot the point's time, so that a device that starts every hour
is still one series of InfluxDB's. The runs are one text, written over whole.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from domain.ids import DeviceId
from domain.ranges import Runs, missing
from store.influx import flux
from store.influx.bucket import Bucket
from store.influx.flux import Row
from store.influx.points import Point, pieces, whole
from store.influx.times import USUAL, Span

Boot: TypeAlias = tuple[DeviceId, int]


def runs_of(bucket: Bucket, keys: Sequence[Boot]) -> dict[Boot, Runs]:
    """Return the runs received so far, none for a boot that is new."""
    known: dict[Boot, Runs] = dict.fromkeys(keys, ())
    if keys:
        boots = [boot for _, boot in keys]
        devices = sorted({str(device) for device, _ in keys})
        span = Span(USUAL, min(boots), max(boots) + 1)
        for row in bucket.rows("ledger", span=span, tags={"device": devices}):
            key = DeviceId(row["device"]), row["_time"]
            if key in known:
                known[key] = _runs(row)
    return known


def ledger(bucket: Bucket, device: DeviceId) -> dict[int, Runs]:
    """Return the sequence numbers received, by boot."""
    found = bucket.rows("ledger", tags={"device": [str(device)]})
    return {row["_time"]: _runs(row) for row in sorted(found, key=lambda row: row["_time"])}


def gaps(bucket: Bucket, limit: int) -> dict[Boot, Runs]:
    """Return the runs of boots that miss a number."""
    stages = flux.equals(1), *flux.first_by(("device", "_time"), limit)
    found = bucket.rows("ledger", *stages, fields=("holes",))
    by_device: defaultdict[str, list[int]] = defaultdict(list)
    for row in found:
        by_device[row["device"]].append(row["_time"])
    gapped: dict[Boot, Runs] = {}
    for device, boots in by_device.items():
        gapped |= runs_of(bucket, [(DeviceId(device), boot) for boot in boots])
    return gapped


def keep_runs(known: Mapping[Boot, Runs], runs: Mapping[Boot, Runs]) -> Iterator[Point]:
    """Yield the points of the boots whose runs have grown."""
    for (device, boot), now in runs.items():
        if now != known.get((device, boot), ()):
            fields = {"holes": int(bool(missing(now))), **pieces("runs", now)}
            yield Point("ledger", {"device": str(device)}, boot, fields)


def _runs(row: Row) -> Runs:
    found = whole("runs", row)
    if not isinstance(found, list):
        return ()
    return tuple((int(first), int(last)) for first, last in found)

"""What a batch adds to the sequence ledger: arithmetic shared by all backends."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from domain.ids import DeviceId
from domain.ranges import Runs, merge
from domain.reading import Delivery


def numbers_of(deliveries: Sequence[Delivery]) -> dict[tuple[DeviceId, int], set[int]]:
    """Return the sequence numbers a batch carries, by device and boot, sorted by key."""
    found: defaultdict[tuple[DeviceId, int], set[int]] = defaultdict(set)
    for delivery in deliveries:
        for frame in delivery.frames:
            if delivery.device is not None and frame.boot is not None and frame.seq is not None:
                found[delivery.device, frame.boot].add(frame.seq)
    return dict(sorted(found.items()))


def merged(
    known: Mapping[tuple[DeviceId, int], Runs], added: Mapping[tuple[DeviceId, int], set[int]]
) -> dict[tuple[DeviceId, int], Runs]:
    """Return the new runs of every (device, boot) that the batch touches."""
    return {key: merge(known.get(key, ()), numbers) for key, numbers in added.items()}


def changes(
    known: Mapping[tuple[DeviceId, int], Runs], runs: Mapping[tuple[DeviceId, int], Runs]
) -> tuple[list[tuple[DeviceId, int, int]], list[tuple[DeviceId, int, int, int]]]:
    """Return the runs to strike out, as (device, boot, first), and those to write, with last.

    A run that only grew at its end is written over, not struck out.
    """
    gone: list[tuple[DeviceId, int, int]] = []
    fresh: list[tuple[DeviceId, int, int, int]] = []
    for (device, boot), now in runs.items():
        before = known.get((device, boot), ())
        if now == before:
            continue
        if len(now) == len(before) and now[:-1] == before[:-1] and now[-1][0] == before[-1][0]:
            fresh.append((device, boot, *now[-1]))  # nearly always: its last run grew
            continue
        starts, there = {first for first, _ in now}, set(before)
        gone += [(device, boot, first) for first, _ in before if first not in starts]
        fresh += [(device, boot, *run) for run in now if run not in there]
    return gone, fresh

"""The quarantine in the bucket: a point for each message and reason, known by its digest.

The number of an entry is taken from the digest, and is the point's time; where another
entry has that number, the next one. So the same message finds itself without a search.
"""

import base64
from dataclasses import dataclass, field, replace

from domain.reading import Delivery, Refusal
from store.influx.bucket import Bucket
from store.influx.flux import Row
from store.influx.points import Point, pieces, whole
from store.influx.times import LAST_NS
from store.quarantine import digest, storable
from store.series import Quarantined

_NUMBERS = 2**31
_BRIEF = ("digest", "first", "last", "seen", "mended", "reason")
_NEVER = -1


@dataclass(frozen=True, slots=True)
class _Entry:
    """What changes of an entry."""

    digest: str
    last_ms: int
    seen: int


@dataclass(slots=True)
class Aside:
    """What a batch puts into quarantine."""

    bucket: Bucket
    _known: dict[int, _Entry] = field(default_factory=dict)
    _looked: set[int] = field(default_factory=set)
    _points: dict[int, Point] = field(default_factory=dict)

    def points(self) -> list[Point]:
        """Return the points to write."""
        return list(self._points.values())

    def add(self, delivery: Delivery, refusal: Refusal) -> None:
        """Put a refused message, or a part of one, aside; the same again is counted."""
        name = digest(delivery, refusal)
        number, entry = self._find(name)
        now = delivery.received_ms
        fields: dict[str, int | float | str] = {}
        if entry is None:
            self._known[number] = entry = _Entry(name.hex(), now, 0)
            fields = _first(delivery, refusal, entry.digest)
        self._known[number] = entry = replace(entry, last_ms=now, seen=entry.seen + 1)
        fields |= {"last": now, "seen": entry.seen, "mended": _NEVER}
        before = self._points[number].fields if number in self._points else {}
        self._points[number] = Point("quarantine", {}, number, {**before, **fields})

    def _find(self, name: bytes) -> tuple[int, _Entry | None]:
        """Return the number of a digest, and what is kept under it."""
        number = int.from_bytes(name[:8], "big") % _NUMBERS + 1
        while True:
            if number not in self._looked:
                self._look(number)
            entry = self._known.get(number)
            if entry is None or entry.digest == name.hex():
                return number, entry
            number += 1

    def _look(self, number: int) -> None:
        self._looked.add(number)
        for row in self.bucket.numbered("quarantine", number, number):
            self._known[number] = _Entry(row["digest"], row["last"], row["seen"])


def _first(delivery: Delivery, refusal: Refusal, name: str) -> dict[str, int | float | str]:
    """Return what stays of an entry as it was when it came first."""
    part = None if refusal.part is None else storable(refusal.part)
    payload = base64.b64encode(delivery.payload).decode()
    text = [storable(delivery.topic), payload, storable(refusal.detail), part]
    return {
        "digest": name,
        "reason": refusal.reason,
        "first": delivery.received_ms,
        **pieces("text", text),
    }


def listed(bucket: Bucket, *, mended: bool, reason: str | None) -> list[Row]:
    """Return the entries without their texts, the oldest first."""
    found = bucket.rows("quarantine", fields=_BRIEF)
    chosen = [
        row
        for row in found
        if (mended or row["mended"] == _NEVER) and reason in (None, row["reason"])
    ]
    return sorted(chosen, key=lambda row: (row["last"], row["_time"]))


def entry_of(bucket: Bucket, number: int) -> Quarantined | None:
    """Return one entry, None when there is none of that number."""
    if not 0 < number < LAST_NS:
        return None
    rows = bucket.numbered("quarantine", number, number)
    return _entry(rows[0]) if rows else None


def mend(bucket: Bucket, number: int, mended_ms: int) -> None:
    """Note that a retry has succeeded; there is nothing to note of an entry that is not."""
    if entry_of(bucket, number) is not None:
        bucket.commit([Point("quarantine", {}, number, {"mended": mended_ms})])


def _entry(row: Row) -> Quarantined:
    texts = whole("text", row)
    topic, payload, detail, part = texts if isinstance(texts, list) else ("", "", "", None)
    return Quarantined(
        id=row["_time"],
        topic=topic,
        payload=base64.b64decode(payload),
        reason=row["reason"],
        detail=detail,
        part=part,
        first_ms=row["first"],
        last_ms=row["last"],
        seen=row["seen"],
        mended_ms=None if row["mended"] == _NEVER else row["mended"],
    )

"""The numbers of cycles: given out in order, never twice, and what they make visible.

InfluxDB has no transactions, so a batch is made one like this. Its readings are written
first; each carries its cycle's number, which is greater than any committed one, and no
reader shows it. Then one request brings everything else and, in it, a point ``batch`` with
the batch's last number: from then on all of it shows.

What a failed batch has left stays unseen: numbers are reserved before they are used, and
those that were reserved and not committed when a writer begins (or begins again after a
failure) are void for ever. The same batch sent again gets new numbers and writes the same
points over. A second writer would take the first one's reserve for such a rest; so a
writer that voids looks whether somebody has committed meanwhile, and a writer that commits
looks whether somebody has voided: one of them finds the other.
"""

from typing import NamedTuple

from domain.errors import StoreUnavailable
from domain.ranges import Runs, holds
from store.influx.bucket import Bucket
from store.influx.points import Point

_AT_ONCE = 10_000
_TWO = "another writer is at work in this bucket; this one tries again"


class Look(NamedTuple):
    """What is committed: the numbers up to a mark, without those that are void."""

    mark: int
    voids: Runs

    def shows(self, number: int) -> bool:
        """Whether a reading of this cycle is committed."""
        return number <= self.mark and not holds(self.voids, number)


class Looks:
    """Finds out what is committed; one small query, as long as nothing has failed."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._voids: Runs = ()

    def now(self) -> Look:
        """Return what is committed at this moment."""
        found = self._bucket.newest("batch", "void")
        mark = found["batch"]["_time"] if "batch" in found else 0
        voids = self._voids
        newest = tuple((row["_time"], row["last"]) for row in [found.get("void")] if row)
        if newest != voids[-1:]:
            rows = self._bucket.numbered("void")
            voids = self._voids = tuple((row["_time"], row["last"]) for row in rows)
        return Look(mark, voids)


class Numbers:
    """Gives numbers to one writer, from the first that was never reserved."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._looks = Looks(bucket)
        self.look = self._looks.now()
        reserve = bucket.newest("reserve")
        self._reserved = max(self.look.mark, *(row["_time"] for row in reserve.values()), 0)
        if self._reserved > self.look.mark:
            self._void()
        self.next = self._reserved + 1

    def _void(self) -> None:
        first = self.look.mark + 1
        self._bucket.commit([Point("void", {}, first, {"last": self._reserved})])
        before, self.look = self.look, self._looks.now()
        if self.look.mark != before.mark:
            last = dict(before.voids).get(first, before.mark)
            self._bucket.commit([Point("void", {}, first, {"last": last})])
            raise StoreUnavailable(_TWO)

    def are_ours(self) -> bool:
        """Whether nobody else has committed or voided since the last batch."""
        return self._looks.now() == self.look

    def reserve(self, last: int) -> None:
        """Make sure that no other writer will ever give the numbers up to this one."""
        if last > self._reserved:
            self._bucket.commit([Point("reserve", {}, last + _AT_ONCE, {"n": _AT_ONCE})])
            self._reserved = last + _AT_ONCE

    def batch(self, last: int, committed_ms: int) -> Point:
        """Return the point that commits the numbers up to this one."""
        return Point("batch", {}, last, {"first": self.next, "committed": committed_ms})

    def done(self, last: int) -> None:
        """Note that the numbers up to this one are committed; raises where they are void."""
        if self._looks.now().voids != self.look.voids:
            raise StoreUnavailable(_TWO)
        self.look = Look(last, self.look.voids)
        self.next = last + 1

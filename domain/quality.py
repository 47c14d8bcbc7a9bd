"""What a quality check says of a reading: a QARTOD flag and the tests that failed.

Flags: U.S. IOOS QARTOD, "Flags and Their Numeric Values" (primary level flags).
A verdict never changes a value; it is stored beside it.
"""

import enum
from dataclasses import dataclass


class Flag(enum.IntEnum):
    """QARTOD primary flag."""

    GOOD = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


class QcTest(enum.IntFlag):
    """Names of the tests; a bit set says which did not pass."""

    NONE = 0
    SENTINEL = 1
    GROSS_RANGE = 2
    SPIKE = 4
    RATE_OF_CHANGE = 8
    FLAT_LINE = 16
    GAP = 32
    CLOCK = 64

    def names(self) -> tuple[str, ...]:
        """Return the failed tests' names, lower case, in bit order."""
        return tuple(t.name.lower() for t in QcTest if t in self and t.name)


_FLAG_BITS = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """Flag and failed tests of one reading."""

    flag: Flag
    failed: QcTest = QcTest.NONE

    def pack(self) -> int:
        """Return both as one small integer, the form that is stored."""
        return int(self.flag) | int(self.failed) << _FLAG_BITS

    @classmethod
    def unpack(cls, packed: int) -> "Verdict":
        """Return the verdict that :meth:`pack` wrote."""
        return cls(Flag(packed & 0xF), QcTest(packed >> _FLAG_BITS))


NOT_EVALUATED = Verdict(Flag.NOT_EVALUATED)
GOOD = Verdict(Flag.GOOD)


_COUNTED = frozenset(map(int, (Flag.GOOD, Flag.NOT_EVALUATED, Flag.SUSPECT)))
_SEVERITY = {Flag.MISSING: 0, Flag.NOT_EVALUATED: 1, Flag.GOOD: 2, Flag.SUSPECT: 3, Flag.FAIL: 4}


def also(packed: int, flag: Flag, failed: QcTest) -> int:
    """Return a stored verdict with one more test's outcome in it; QARTOD's precedence."""
    verdict = Verdict.unpack(packed)
    worse = max(verdict.flag, flag, key=_SEVERITY.__getitem__)
    return Verdict(worse, verdict.failed | failed).pack()


def counts_in_statistics(packed: int) -> bool:
    """Whether a reading with this stored verdict enters means and extremes.

    Failed and missing readings stay out. Suspect ones stay in and are counted
    apart: 104.6 mm/h of rain is suspect, and has been measured.
    """
    return packed & 0xF in _COUNTED

"""Logistic units in the records store: their numbers, minted or given, and their locks.

What is in one, and where it is, is what steps say (:mod:`store.records.lineage`).
"""

from collections.abc import Iterable

import sqlalchemy as sa

from domain.gs1 import Sscc
from store.records import lineage_tables as t

# In SQL: both databases understand it, and SQLAlchemy has a statement for each of them.
_CLAIM = sa.text(
    "INSERT INTO logistic_unit (sscc, prefix, reference) VALUES (:sscc, :prefix, :reference)"
    " ON CONFLICT DO NOTHING"
)


class Logistics:
    """Questions and statements about logistic units; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def claim(self, sscc: Sscc) -> None:
        """Keep a number that was given; again changes nothing."""
        self._connection.execute(_CLAIM, {"sscc": sscc, "prefix": None, "reference": None})

    def mint(self, prefix: str) -> Sscc:
        """Return the next number of a company prefix that nobody has, and keep it.

        Raises `InvalidInput` when the prefix is none, or has no number left.
        """
        c = t.logistic_unit.c
        highest = sa.select(sa.func.max(c.reference)).where(c.prefix == prefix)
        last: int | None = self._connection.execute(highest).scalar_one()
        reference = 0 if last is None else last + 1
        while True:
            minted = Sscc.mint(prefix, reference)
            row = {"sscc": minted, "prefix": prefix, "reference": reference}
            # Nothing is kept where somebody gave that number, or minted it meanwhile.
            if self._connection.execute(_CLAIM, row).rowcount == 1:
                return minted
            reference += 1

    def lock(self, ssccs: Iterable[Sscc]) -> None:
        """Let others who lock the units wait; SQLite has one writer at a time anyway."""
        c = t.logistic_unit.c
        for sscc in sorted(ssccs):
            self._connection.execute(sa.select(c.sscc).where(c.sscc == sscc).with_for_update())

    def known(self, sscc: str) -> bool:
        """Whether something was ever put into a unit of this number."""
        query = sa.select(t.step_sscc.c.step).where(t.step_sscc.c.sscc == sscc).limit(1)
        return self._connection.execute(query).first() is not None

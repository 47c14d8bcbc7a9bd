"""Silences in the records store: a sensor not heard, since when and until when."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from domain.ids import SeriesId
from store.records import tables as t


@dataclass(frozen=True, slots=True)
class Silence:
    """A series not heard since ``since_ms``, its last reading or its beginning.

    ``ended_ms`` is when it was noticed that it speaks again, None while it does not.
    """

    series: SeriesId
    since_ms: int
    noticed_ms: int
    ended_ms: int | None


class Silences:
    """Statements about silences; within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def running(self) -> list[Silence]:
        """Return the silences that have not ended, the longest first."""
        query = (
            sa.select(t.silence)
            .where(t.silence.c.ended_ms.is_(None))
            .order_by(t.silence.c.since_ms, t.silence.c.series)
        )
        return [_silence(row) for row in self._connection.execute(query)]

    def newest(self, limit: int) -> list[Silence]:
        """Return the silences noticed last, newest first, ended or not."""
        query = sa.select(t.silence).order_by(t.silence.c.noticed_ms.desc(), t.silence.c.series)
        return [_silence(row) for row in self._connection.execute(query.limit(limit))]

    def begin(self, silences: Sequence[Silence]) -> None:
        """Record silences; one that is known already goes on."""
        for one in silences:
            key = sa.and_(t.silence.c.series == one.series, t.silence.c.since_ms == one.since_ms)
            known = self._connection.execute(sa.select(t.silence).where(key)).first()
            row = dict(series=one.series, since_ms=one.since_ms, noticed_ms=one.noticed_ms)
            if known is None:
                self._connection.execute(t.silence.insert().values(row))
            elif known.ended_ms is not None:
                self._connection.execute(t.silence.update().where(key).values(ended_ms=None))

    def shift(self, silence: Silence, since_ms: int) -> None:
        """Record that a silence began at another moment than was known."""
        series = t.silence.c.series == silence.series
        taken = sa.select(t.silence).where(series, t.silence.c.since_ms == since_ms)
        if self._connection.execute(taken).first() is not None:
            self.end([silence], silence.noticed_ms)
            self.begin([Silence(silence.series, since_ms, silence.noticed_ms, None)])
            return
        self._connection.execute(
            t.silence.update()
            .where(series, t.silence.c.since_ms == silence.since_ms)
            .values(since_ms=since_ms)
        )

    def end(self, silences: Sequence[Silence], ended_ms: int) -> None:
        """Record that these are over."""
        for one in silences:
            self._connection.execute(
                t.silence.update()
                .where(t.silence.c.series == one.series, t.silence.c.since_ms == one.since_ms)
                .values(ended_ms=ended_ms)
            )


def _silence(row: "sa.Row[tuple[object, ...]]") -> Silence:
    return Silence(SeriesId(row.series), row.since_ms, row.noticed_ms, row.ended_ms)

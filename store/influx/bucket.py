"""A bucket as our measurements: points in, rows out.

What is not about moments of the field (cycles, ledger, quarantine, lists) lies in the
first days of 1970, where a point's time is a number of ours. InfluxDB keeps such a stretch
in one shard, and takes what one request brings for one shard as one entry of its log: that
is how a batch is committed (`append.py`).
"""

from collections.abc import Iterator, Mapping, Sequence

from store.influx import flux
from store.influx.flux import Row
from store.influx.points import Point
from store.influx.server import Server
from store.influx.times import EVER, USUAL, Span

_NAMES_AT_ONCE = 200


class Bucket:
    """Questions of a few shapes, put to one server."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def write(self, points: Sequence[Point]) -> None:
        """Write points; see :meth:`store.influx.server.Server.write`."""
        self.server.write(points)

    def commit(self, points: Sequence[Point]) -> None:
        """Write points in one request, whatever their number."""
        self.server.write_at_once(points)

    def rows(
        self,
        measurement: str,
        *stages: str,
        span: Span = EVER,
        fields: Sequence[str] = (),
        tags: Mapping[str, Sequence[str]] | None = None,
    ) -> Iterator[Row]:
        """Yield rows with ``_time`` in ns; without stages a row holds a point's fields.

        Many values of the first tag are asked for in several queries.
        """
        if span.start >= span.end:
            return
        name = self.server.prefix + span.scale.prefix + measurement
        for some in _parts(tags or {}):
            chosen = some | ({"_field": fields} if fields else {})
            yield from self._ask(span, [name], chosen, stages or (flux.PIVOT,))

    def newest(self, *measurements: str) -> dict[str, Row]:
        """Return the points of the greatest number, by measurement."""
        prefix = self.server.prefix
        names = [prefix + name for name in measurements]
        found = self._ask(_NUMBERS, names, {}, (flux.LAST, flux.PIVOT))
        # The last of each field, and not every point has every field: the last row counts.
        rows = sorted(found, key=lambda row: int(row["_time"]))
        return {row["_measurement"].removeprefix(prefix): row for row in rows}

    def numbered(
        self, measurement: str, first: int = 0, last: int | None = None, **tags: str
    ) -> list[Row]:
        """Return the points of a measurement whose time is a number of ours, ascending."""
        end = EVER.end if last is None else last + 1
        chosen = {name: [value] for name, value in tags.items()}
        found = self.rows(measurement, span=Span(USUAL, first, end), tags=chosen)
        return sorted(found, key=lambda row: int(row["_time"]))

    def _ask(
        self,
        span: Span,
        names: Sequence[str],
        chosen: Mapping[str, Sequence[str]],
        stages: Sequence[str],
    ) -> Iterator[Row]:
        text = flux.query(self.server.address.bucket, span, names, chosen, stages)
        return flux.rows(self.server.ask(text))


_NUMBERS = Span(USUAL, 0, EVER.end)


def _parts(tags: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Sequence[str]]]:
    if not tags:
        yield {}
        return
    (name, values), *rest = tags.items()
    for start in range(0, len(values), _NAMES_AT_ONCE):
        yield {name: values[start : start + _NAMES_AT_ONCE], **dict(rest)}

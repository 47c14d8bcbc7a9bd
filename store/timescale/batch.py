"""One batch, whatever the server says to it: again, in halves, or one message without a bound.

A batch is one transaction, and repeating it is safe: what the first try did keep is there
already. Only where it meets parts that are compressed, and would unpack more of them than
TimescaleDB allows one transaction, is it kept in several.
"""

from collections.abc import Sequence

import psycopg
from psycopg.errors import CheckViolation, ConfigurationLimitExceeded

from domain.errors import StoreRefused, StoreUnavailable
from domain.reading import Delivery
from store import failpoint
from store.series import Appended, joined
from store.timescale.append import append
from store.timescale.connection import Connections
from store.timescale.partitions import Layout, Partitions, make
from store.timescale.readings import Belief

_DROPPED_AT_MOST = 5
_UNBOUNDED = "SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 0"


class Batches:
    """Writes batches; ``partitions`` is None where TimescaleDB makes the parts itself."""

    def __init__(
        self, connections: Connections, partitions: Partitions | None, layout: Layout
    ) -> None:
        self._connections = connections
        self._partitions = partitions
        self._belief = Belief(compressed=layout is Layout.COMPRESSED)

    def keep(self, deliveries: Sequence[Delivery], committed_ms: int) -> Appended:
        """Keep a batch; see :class:`store.series.Series`."""
        try:
            return self._write(deliveries, committed_ms)
        except StoreUnavailable as error:
            if not isinstance(error.__cause__, ConfigurationLimitExceeded):
                raise
        if len(deliveries) == 1:
            return self._write(deliveries, committed_ms, _UNBOUNDED)
        middle = len(deliveries) // 2
        halves = deliveries[:middle], deliveries[middle:]
        return joined([self.keep(half, committed_ms) for half in halves])

    def _write(
        self, deliveries: Sequence[Delivery], committed_ms: int, setting: str | None = None
    ) -> Appended:
        def work(connection: psycopg.Connection) -> Appended:
            failpoint.reach("after-begin")
            if setting is not None:
                connection.execute(setting)
            appended = append(connection, deliveries, committed_ms, self._belief)
            failpoint.reach("before-commit")
            return appended

        for _ in range(_DROPPED_AT_MOST):
            self._make_room(deliveries)
            try:
                return self._connections.repeat(work)
            except StoreRefused as error:
                if self._partitions is None or not isinstance(error.__cause__, CheckViolation):
                    raise
                # Another process has dropped a partition that this one has seen.
                self._partitions.forget()
        message = "partitions are dropped as fast as they are made; nothing was written"
        raise StoreUnavailable(message)

    def _make_room(self, deliveries: Sequence[Delivery]) -> None:
        if self._partitions is None:
            return
        times = [r.time_ms for d in deliveries for f in d.frames for r in f.readings]
        age, wanted = self._partitions.age(), self._partitions.wanted(times)
        if wanted:
            self._connections.repeat(lambda connection: make(connection, wanted))
            self._partitions.note(wanted, age)

"""One bucket of one server; foreign errors end here.

Writes are our own batches, sent in this thread and answered before we return. The
client's batching mode is refused: it returns at once, and drops what it could not write
after its retries.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import urllib3
from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.dialect import Dialect
from influxdb_client.rest import ApiException

from domain.errors import StoreRefused, StoreUnavailable
from domain.window import from_ms
from store.influx.address import Address
from store.influx.points import Point, line

_TIMEOUT_MS = 30_000
_LINES_AT_ONCE = 5_000
_CONNECTIONS = 8
# Not the content's fault: a token, an organisation or a bucket that somebody must put right
# (401, 403, 404), or a server that has too much to do (408, 429).
_NOT_CONTENT = (401, 403, 404, 408, 429)
# Nine digits of a second, as a value's place needs them.
_DIALECT = Dialect(annotations=["datatype", "group", "default"], date_time_format="RFC3339Nano")


class Server:
    """Writes and queries of one bucket. Methods may be called from any thread."""

    def __init__(self, address: Address, prefix: str = "") -> None:
        self.address = address
        self.prefix = prefix
        self._client = InfluxDBClient(
            address.url, address.token, org=address.org, timeout=_TIMEOUT_MS, enable_gzip=True,
            connection_pool_maxsize=_CONNECTIONS,
        )  # fmt: skip
        self._writes = self._client.write_api(write_options=SYNCHRONOUS)
        self._queries = self._client.query_api()
        self._deletes = self._client.delete_api()

    def write(self, points: Sequence[Point]) -> None:
        """Write points, a few thousand a request; raises what `guarded` does.

        When it raises, some of them may be there.
        """
        for start in range(0, len(points), _LINES_AT_ONCE):
            self.write_at_once(points[start : start + _LINES_AT_ONCE])

    def write_at_once(self, points: Sequence[Point]) -> None:
        """Write points in one request."""
        body = "\n".join(line(point, self.prefix) for point in points).encode()
        with guarded(self.address):
            # Times are in ns, which is what the client says unless told otherwise.
            self._writes.write(self.address.bucket, record=body)

    def ask(self, flux: str) -> str:
        """Return a query's whole answer, as annotated CSV."""
        with guarded(self.address):
            return str(self._queries.query_raw(flux, dialect=_DIALECT).data.decode("utf-8"))

    def delete(self, measurement: str, start: int, end: int, series: str | None = None) -> None:
        """Delete a measurement's points, of one series or of all, in a stretch of time in ns."""
        chosen = f'_measurement="{self.prefix}{measurement}"'
        if series is not None:
            chosen += f' AND series="{series}"'
        with guarded(self.address):
            # The last nanosecond: whether the server takes the end in is not documented.
            self._deletes.delete(_told(start), _told(end - 1), chosen, self.address.bucket)

    def version(self) -> str:
        """Return what the server says it is."""
        with guarded(self.address):
            return str(self._client.version())

    def close(self) -> None:
        """Close every connection."""
        self._client.close()


def _told(time: int) -> str:
    """Return a time in ns since 1970 as RFC 3339."""
    seconds, rest = divmod(time, 1_000_000_000)
    return from_ms(seconds * 1000).strftime("%Y-%m-%dT%H:%M:%S.") + f"{rest:09d}Z"


@contextmanager
def guarded(address: Address) -> Iterator[None]:
    """Let foreign errors leave as `StoreUnavailable` or, for content, as `StoreRefused`.

    No message shows the token.
    """
    try:
        yield
    except ApiException as error:
        status = error.status or 0
        message = f"InfluxDB, bucket {address.bucket!r}: {status} {_said(error)}"
        if 400 <= status < 500 and status not in _NOT_CONTENT:
            raise StoreRefused(message) from error
        raise StoreUnavailable(message) from error
    except (InfluxDBError, urllib3.exceptions.HTTPError, OSError) as error:
        message = f"InfluxDB at {address.url}: {type(error).__name__}: {error}"
        raise StoreUnavailable(message) from error


def _said(error: ApiException) -> str:
    text = error.reason if error.body is None else error.message
    return " ".join(str(text).split())[:300]

"""A stand-in for InfluxDB 2, since no server of it can be had here.

What it simulates is what the documentation of the HTTP API says of the calls this program
makes, and no more: ``POST /api/v2/write`` (line protocol in ns, gzip; the last write of a
measurement, tags, time and field wins; 400 for a malformed line, 401 for a wrong token,
404 for a missing bucket, 422 for a field of another type or a point older than the
bucket's retention), ``POST /api/v2/query`` for the Flux of this backend alone
(`influx_flux.py`), ``POST /api/v2/delete`` of a measurement, ``GET /ping`` and ``GET /health``. **A real server has not been asked**:
what it answers, how fast, and what it keeps when killed is not shown by any test over
this; ``pytest --influx-url URL`` asks one.
"""

import gzip
import json
import re
import threading
from collections import deque
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.services.influx_flux import NoBucket, Unknown, answer
from tests.services.influx_points import Malformed, Points

TOKEN, ORG, VERSION = "a-token==", "nguon", "v2.7.0-stand-in"
_CODES = {400: "invalid", 401: "unauthorized", 404: "not found", 422: "unprocessable entity"}


class Influx:
    """A server on a free port of loopback, in threads of this process."""

    def __init__(self) -> None:
        self.buckets: dict[str, Points] = {}
        # What becomes of the next writes: "take", "fail" (503, nothing is kept), "lose" (kept,
        # and the line breaks before the answer), or a status to answer.
        self.mishaps: deque[str] = deque()
        self.away = False
        self.queries: list[str] = []
        self.writes: list[str] = []
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"influx": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,))

    def start(self) -> "Influx":
        self._thread.start()
        return self

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def fresh(self, bucket: str) -> str:
        """Make an empty bucket and return its URL."""
        self.buckets[bucket] = Points()
        return self.url(bucket)

    def url(self, bucket: str, token: str = TOKEN) -> str:
        return f"influx://{token}@127.0.0.1:{self._http.server_port}/{ORG}/{bucket}"

    def answer(self, method: str, target: str, token: str, body: bytes) -> tuple[int, str] | None:
        """Return status and body; None breaks the connection off."""
        if self.away:
            return None
        url = urlsplit(target)
        if method == "GET" and url.path in ("/ping", "/health"):
            return (204, "") if url.path == "/ping" else (200, '{"status": "pass"}')
        if token != f"Token {TOKEN}":
            return _error(401, "unauthorized access")
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        if asked.get("org") != ORG:
            return _error(404, f'organization name "{asked.get("org")}" not found')
        with self._lock:
            return self._post(url.path, asked, body)

    def _post(self, path: str, asked: dict[str, str], body: bytes) -> tuple[int, str] | None:
        if path == "/api/v2/write":
            return self._write(asked, body.decode())
        if path == "/api/v2/delete":
            return self._delete(asked, json.loads(body))
        return self._query(json.loads(body))

    def _write(self, asked: dict[str, str], text: str) -> tuple[int, str] | None:
        self.writes.append(text)
        mishap = self.mishaps.popleft() if self.mishaps else "take"
        if mishap == "fail":
            return _error(503, "out of order")
        if mishap.isdecimal():
            return _error(int(mishap), "as the test wants it")
        if asked.get("precision") != "ns":
            return _error(400, "only nanoseconds are simulated")
        if asked.get("bucket") not in self.buckets:
            return _error(404, f'bucket "{asked.get("bucket")}" not found')
        try:
            self.buckets[asked["bucket"]].write(text)
        except Malformed as error:
            return _error(422 if "partial" in str(error) else 400, str(error))
        return None if mishap == "lose" else (204, "")

    def _delete(self, asked: dict[str, str], wanted: dict[str, str]) -> tuple[int, str]:
        chosen = re.fullmatch(r'_measurement="(\w+)"(?: AND series="(\d+)")?', wanted["predicate"])
        if chosen is None:
            return _error(400, f"not in the stand-in's grammar: {wanted['predicate']}")
        span = [_nanoseconds(wanted[name]) for name in ("start", "stop")]
        self.buckets[asked["bucket"]].delete(chosen[1], chosen[2], span[0], span[1] + 1)
        return 204, ""

    def _query(self, asked: dict[str, Any]) -> tuple[int, str]:
        self.queries.append(asked["query"])
        if set(asked["dialect"]["annotations"]) != {"datatype", "group", "default"}:
            return _error(400, "only whole annotations are simulated")
        try:
            return 200, answer(asked["query"], self.buckets)
        except NoBucket as error:
            return _error(404, str(error))
        except Unknown as error:
            return _error(400, f"not in the stand-in's grammar: {error}")


def _nanoseconds(text: str) -> int:
    """Return RFC 3339 in UTC, with nine digits of a second or none, as ns since 1970."""
    seconds = int(datetime.fromisoformat(text[:19] + "+00:00").timestamp())
    return seconds * 1_000_000_000 + int(text[20:-1] or 0)


def _error(status: int, message: str) -> tuple[int, str]:
    return status, json.dumps({"code": _CODES.get(status, "internal error"), "message": message})


class _Handler(BaseHTTPRequestHandler):
    influx: Influx
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        zipped = self.headers.get("Content-Encoding") == "gzip"
        if urlsplit(self.path).path not in ("/api/v2/write", "/api/v2/query", "/api/v2/delete"):
            self.send_error(404)
            return
        self._answer(gzip.decompress(body) if zipped else body)

    def _answer(self, body: bytes) -> None:
        token = self.headers.get("Authorization", "")
        found = self.influx.answer(self.command, self.path, token, body)
        if found is None:
            self.close_connection = True
            return
        status, text = found
        raw = text.encode()
        self.send_response(status)
        self.send_header("X-Influxdb-Version", VERSION)
        if status != 204:
            self.send_header("Content-Type", "application/json" if status >= 400 else "text/csv")
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                raw = gzip.compress(raw, 1)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if status != 204:
            self.wfile.write(raw)

    def log_request(self, *_: object) -> None:
        """Say nothing."""

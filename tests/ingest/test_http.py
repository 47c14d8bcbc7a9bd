"""The HTTP door: real clients of InfluxDB's on one side, a real store on the other."""

import asyncio
import gzip
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import urllib3
from influxdb_client import InfluxDBClient, Point
from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from domain.device import Datastream
from domain.errors import StoreUnavailable, TooLarge
from domain.ids import Channel, SeriesId
from domain.properties import observed_properties
from domain.reading import Delivery
from domain.token import digest
from domain.window import Window
from ingest import http_body, http_tokens
from ingest.http import HttpSource
from ingest.http_door import Limits
from ingest.pipeline import Rules
from ingest.retry import retry
from store.records import Records
from store.series import Appended
from store.sqlite import SqliteSeries
from tests.builders import DEVICE, NOON, farm, register
from tests.ingest.rig import until, writer_on

ALL = Window(0, NOON * 2)
AIR = SeriesId(2)
SECRET = "a token of the tests"
QUICK = Limits(body_s=1.0, answer_s=0.5, stop_s=0.5)


class Moody(SqliteSeries):
    """A real store that is away when told to be."""

    away = False

    def append(self, deliveries: Sequence[Delivery], committed_ms: int) -> Appended:
        if self.away:
            raise StoreUnavailable("the disk is full")
        return super().append(deliveries, committed_ms)


class Ingest:
    """One ingest: door, writer, stores; and how to knock at it."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.series = Moody(folder / "series.db")
        self.records = Records(f"sqlite:///{folder / 'records.db'}")
        self.records.migrate()
        farm(self.records)
        with self.records.transaction() as transaction:
            transaction.tokens.add(DEVICE, digest(SECRET), NOON)
        self.writer = writer_on(self.series)
        self.asked = 0
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.source = HttpSource(listener, self._find, lambda: NOON, limits)
        self._thread = threading.Thread(target=self.writer.run, args=(self.source,), daemon=True)
        self._thread.start()
        self.source.start(self.writer.offer)
        until(self.source.connected)
        self._pool = urllib3.PoolManager(retries=False)

    def _find(self, told: str) -> Any:
        self.asked += 1
        with self.records.reading() as transaction:
            return transaction.tokens.device(told)

    def post(
        self, body: Any, query: str = "?precision=ms", secret: str | None = SECRET, **headers: str
    ) -> urllib3.BaseHTTPResponse:
        if secret is not None:
            headers["Authorization"] = f"Token {secret}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._pool.request(
            "POST", f"{self.url}/api/v2/write{query}", body=body, headers=named
        )

    def get(self, path: str, method: str = "GET") -> urllib3.BaseHTTPResponse:
        return self._pool.request(method, self.url + path)

    def client(self, **options: Any) -> InfluxDBClient:
        return InfluxDBClient(self.url, SECRET, org="any", **options)

    def values(self) -> list[tuple[int, float]]:
        return [(r.time_ms, r.value) for r in self.series.read(AIR, ALL)]

    def stop(self) -> None:
        self.writer.stop()
        self.source.stop()
        self._thread.join(5)
        assert not self._thread.is_alive()
        assert not self.source.alive()

    def close(self) -> None:
        self.stop()
        self._pool.clear()
        self.series.close()
        self.records.close()


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[Ingest]:
    made = Ingest(tmp_path)
    yield made
    made.close()


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Ingest]:
    made = Ingest(tmp_path, QUICK)
    yield made
    made.close()


def line(seq: int, boot: int = 0) -> str:
    air = 20 + seq % 10
    return f"air,unit=Cel temperature={air},boot={boot}i,seq={seq}i {NOON + seq * 1000}"


def assert_shape(answer: urllib3.BaseHTTPResponse, status: int, code: str, why: str) -> None:
    told = json.loads(answer.data)
    assert (answer.status, told["code"]) == (status, code), told
    assert why in told["message"]
    assert set(told) == {"code", "message"}


def point(seq: int) -> Any:
    made = Point("nguon").tag("unit", "Cel").tag("device", "somebody-else")
    made = made.field("air_temperature", 20.0 + seq % 10).field("boot", 0).field("seq", seq)
    return made.time((NOON + seq * 1000) * 1_000_000)


@pytest.mark.parametrize("packed", [False, True])
def test_what_the_client_writes_is_kept_once_however_often_it_comes(
    ingest: Ingest, packed: bool
) -> None:
    with ingest.client(enable_gzip=packed) as client:
        assert client.ping()
        writing = client.write_api(write_options=SYNCHRONOUS)
        for _ in range(2):
            writing.write(bucket="any", record=[point(seq) for seq in range(50)])
    assert ingest.values() == [(NOON + n * 1000, 20.0 + n % 10) for n in range(50)]
    assert ingest.series.ledger(DEVICE) == {0: ((0, 49),)}
    tally, counts = ingest.series.tally(), ingest.writer.inbox.snapshot()
    assert (tally.readings, tally.frames, tally.conflicts, tally.quarantined) == (50, 50, 0, 0)
    assert (counts.received, counts.committed, counts.duplicate) == (2, 1, 1)


@pytest.mark.parametrize(
    ("precision", "factor"), [("ns", 10**6), ("us", 10**3), ("ms", 1), ("s", 0.001)]
)
def test_the_client_may_count_time_in_four_ways(
    ingest: Ingest, precision: Any, factor: float
) -> None:
    with ingest.client() as client:
        writing = client.write_api(write_options=SYNCHRONOUS)
        text = f"air temperature=25 {int(NOON * factor)}"
        writing.write(bucket="any", record=text, write_precision=precision)
    assert ingest.values() == [(NOON, 25.0)]
    assert ingest.post(f"air temperature=26 {NOON * 10**6}", query="?org=x&bucket=y").status == 204
    assert ingest.post(f"air temperature=27 {NOON * 10**6}", query="?precision=").status == 204
    assert ingest.values() == [(NOON, value) for value in (25.0, 26.0, 27.0)]
    assert_shape(ingest.post(line(1), query="?precision=h"), 400, "invalid", "one of ns, us, ms, s")


def test_who_it_is_is_said_by_the_token_alone(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for word in ("Token", "token", "Bearer"):
        assert ingest.post(line(0), secret=None, Authorization=f"{word} {SECRET}").status == 204
    assert ingest.asked == 1, "it was remembered"
    for headers in ({}, {"Authorization": SECRET}, {"Authorization": f"Basic {SECRET}"}):
        assert_shape(ingest.post(line(1), secret=None, **headers), 401, "unauthorized", "is needed")
    for _ in range(3):
        answer = ingest.post(b"x" * 900_000, secret="a wrong one")
        assert_shape(answer, 401, "unauthorized", "unknown or was revoked")
    assert ingest.asked == 2
    with ingest.client() as client:
        client.api_client.default_headers["Authorization"] = "Token wrong"
        with pytest.raises(ApiException) as told:
            client.write_api(write_options=SYNCHRONOUS).write("any", record=line(1))
    assert told.value.status == 401
    assert [value for _, value in ingest.values()] == [20.0]


def test_a_revoked_token_soon_opens_nothing(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_tokens, "KEPT_S", 0.3)
    assert ingest.post(line(0)).status == 204
    with ingest.records.transaction() as transaction:
        (token,) = transaction.tokens.every()
        transaction.tokens.revoke(token.number, NOON)
    until(lambda: ingest.post(line(0)).status == 401, 3)


def run_apart(work: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine in a thread of its own: in this one a browser's loop may be running."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


def test_tokens_without_end_are_forgotten_and_not_hoarded(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_tokens, "_MOST", 3)
    tokens = http_tokens.Tokens(ingest._find)

    async def try_many() -> None:
        for number in range(10):
            assert await tokens.device(f"guess {number}") is None
        assert await tokens.device(SECRET) == DEVICE

    run_apart(try_many())
    assert len(tokens._known) <= 3


def test_records_that_are_away_are_no_wrong_token(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(
            ingest.records, "reading", lambda: (_ for _ in ()).throw(StoreUnavailable("x"))
        )
        answer = ingest.post(line(0))
        assert_shape(answer, 503, "unavailable", "x")
        assert answer.headers["Retry-After"] == "5"
    assert ingest.post(line(0)).status == 204


def test_a_body_has_a_limit_however_it_is_wrapped(ingest: Ingest) -> None:
    just = (line(0) + "\n#").ljust(1_000_000).encode()
    assert ingest.post(just).status == 204
    assert ingest.post(gzip.compress(just), Content_Encoding="gzip").status == 204
    more, bomb = just + b" ", gzip.compress(b"\0" * 100_000_000)
    pieces = [more[start : start + 50_000] for start in range(0, len(more), 50_000)]
    for body, headers in (
        (more, {}),
        (iter(pieces), {}),
        (gzip.compress(more), {"Content_Encoding": "gzip"}),
        (bomb, {"Content_Encoding": "gzip"}),
        (b"".join([gzip.compress(just)] * 2), {"Content_Encoding": "gzip"}),
        (b"\0" * 5_000_000, {}),
    ):
        answer = ingest.post(body, **headers)
        assert_shape(answer, 413, "request too large", "1000000 bytes")
    assert ingest.writer.inbox.snapshot().received == 2
    assert len(ingest.values()) == 1


def test_a_bomb_is_inflated_to_one_byte_more_than_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    inflated: list[int] = []
    feed = http_body._Inflater.feed

    def counted(self: Any, chunk: bytes, room: int) -> bytes:
        found = feed(self, chunk, room)
        inflated.append(len(found))
        return found

    monkeypatch.setattr(http_body._Inflater, "feed", counted)

    async def pieces() -> AsyncIterator[bytes]:
        bomb = gzip.compress(b"\0" * 50_000_000)
        for start in range(0, len(bomb), 500):
            yield bomb[start : start + 500]

    with pytest.raises(TooLarge):
        run_apart(http_body.read_body(pieces(), "gzip", 1_000_000))
    assert sum(inflated) == 1_000_001


def test_gzip_may_come_in_members_and_bytewise(ingest: Ingest) -> None:
    members = gzip.compress(line(0).encode() + b"\n") + gzip.compress(line(1).encode())
    bytewise = (members[n : n + 1] for n in range(len(members)))
    assert ingest.post(bytewise, Content_Encoding="gzip").status == 204
    assert [value for _, value in ingest.values()] == [20.0, 21.0]


@pytest.mark.parametrize(
    ("body", "headers", "why"),
    [
        (b"", {}, "empty"),
        (b"", {"Content_Encoding": "gzip"}, "empty"),
        (gzip.compress(b""), {"Content_Encoding": "gzip"}, "empty"),
        (b"air temperature=1", {"Content_Encoding": "gzip"}, "not gzip"),
        (gzip.compress(b"air temperature=1")[:-3], {"Content_Encoding": "gzip"}, "cut short"),
        (gzip.compress(b"air temperature=1") + b"!!", {"Content_Encoding": "gzip"}, "not gzip"),
        (b"air temperature=1", {"Content_Encoding": "br"}, "plain or gzip"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_and_goes_nowhere(
    ingest: Ingest, body: bytes, headers: dict[str, str], why: str
) -> None:
    assert_shape(ingest.post(body, **headers), 400, "invalid", why)
    assert ingest.writer.inbox.snapshot().received == 0
    assert not ingest.source._room.busy()


def test_a_body_that_breaks_off_or_never_ends_leaves_nothing_behind(quick: Ingest) -> None:
    head = (
        f"POST /api/v2/write?precision=ms HTTP/1.1\r\nHost: x\r\nAuthorization: Token {SECRET}\r\n"
        f"Content-Length: {len(line(0)) + 1}\r\n\r\n{line(0)}"
    )
    with socket.create_connection(("127.0.0.1", quick.port)) as gone:
        gone.sendall(head.encode())
        until(quick.source._room.busy)
    until(lambda: not quick.source._room.busy())
    with socket.create_connection(("127.0.0.1", quick.port)) as slow:
        slow.sendall(head.encode())
        slow.settimeout(10)
        assert slow.recv(1000).startswith(b"HTTP/1.1 503 ")
    assert not quick.source._room.busy()
    assert quick.writer.inbox.snapshot().received == 0


def test_a_store_that_is_away_is_told_and_what_comes_again_is_kept_once(quick: Ingest) -> None:
    quick.series.away = True
    for _ in range(3):
        answer = quick.post(line(0))
        assert_shape(answer, 503, "unavailable", "not known to be kept yet")
        assert answer.headers["Retry-After"] == "5"
    until(lambda: quick.get("/health").status == 503)
    assert quick.values() == []
    with quick.client() as client:
        with pytest.raises(InfluxDBError):
            client.write_api(write_options=SYNCHRONOUS).write("any", record=point(0))
        quick.series.away = False
        client.write_api(write_options=SYNCHRONOUS).write("any", record=point(0))
    assert quick.values() == [(NOON, 20.0)]
    until(lambda: not quick.source._room.busy())
    assert quick.get("/health").status == 200
    assert quick.writer.inbox.snapshot().received == 5, "all five came, and four changed nothing"
    assert quick.series.tally().conflicts == 0


def test_what_was_refused_is_told_after_it_is_safe_and_can_be_mended(ingest: Ingest) -> None:
    body = f'{line(0)}\nnguon sap_flow=1.5,sky="grey" {NOON}'
    answer = ingest.post(body)
    assert_shape(answer, 400, "invalid", "channel 'sap_flow' was never declared")
    assert "line 2: the field 'sky' is a text" in json.loads(answer.data)["message"]
    assert [value for _, value in ingest.values()] == [20.0], "the rest is kept"
    wrong = ingest.post("air temperature=1 1\nair temperature=\n", query="")
    assert_shape(wrong, 400, "invalid", "undecodable: line 2 has a field that is not key=value")
    entries = {entry.reason: entry for entry in ingest.series.quarantined(9)}
    assert set(entries) == {"unknown-channel", "not-a-number", "undecodable"}
    entry = entries["unknown-channel"]
    assert (entry.topic, entry.payload) == (
        "nguon/v1/dat-01/lines", b"#precision=ms\n" + body.encode(),
    )  # fmt: skip

    known = register()
    stream = Datastream(SeriesId(9), DEVICE, Channel("sap_flow"), "air_temperature", None, 900)
    streams = {DEVICE: {**known.streams[DEVICE], "sap_flow": stream}}
    mended = Rules(replace(known, streams=streams), observed_properties())
    told = retry(ingest.series, entry, mended, NOON)
    assert [refusal.reason for refusal in told.still] == ["not-a-number"]
    assert [(r.time_ms, r.value) for r in ingest.series.read(SeriesId(9), ALL)] == [(NOON, 1.5)]


def test_a_line_without_a_time_is_of_when_it_came(ingest: Ingest) -> None:
    assert ingest.post("air temperature=25").status == 204
    assert ingest.values() == [(NOON, 25.0)]
    assert_shape(
        ingest.post("air temperature=25,boot=0i,seq=0i"), 400, "invalid", "it may come twice"
    )


def test_two_clients_at_once_do_not_get_into_each_others_way(ingest: Ingest) -> None:
    failed: list[BaseException] = []

    def write(boot: int) -> None:
        try:
            with ingest.client() as client:
                writing = client.write_api(write_options=SYNCHRONOUS)
                for seq in range(40):
                    writing.write("any", record=line(seq, boot), write_precision="ms")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(boot,)) for boot in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert ingest.series.ledger(DEVICE) == {0: ((0, 39),), 1: ((0, 39),)}
    assert len(ingest.values()) == 40
    assert ingest.writer.inbox.snapshot().unaccounted == 0


def test_when_too_much_waits_no_more_is_taken_in(tmp_path: Path) -> None:
    made = Ingest(tmp_path, replace(QUICK, room=250_000))
    made.series.away = True
    wide = (line(0) + "\n#").ljust(100_000)
    for _ in range(2):
        assert_shape(made.post(wide), 503, "unavailable", "not known to be kept yet")
    began = time.monotonic()
    assert_shape(made.post(wide), 503, "unavailable", "too much is waiting")
    assert time.monotonic() - began < QUICK.answer_s, "it is told at once"
    assert made.writer.inbox.snapshot().received == 2
    made.series.away = False
    until(lambda: made.post(wide).status == 204)
    assert made.source._room._left == 250_000
    made.close()


def test_stopping_answers_everybody_and_takes_nothing_more(tmp_path: Path) -> None:
    made = Ingest(tmp_path, replace(QUICK, answer_s=30.0))
    made.series.away = True
    answers: list[urllib3.BaseHTTPResponse] = []
    threads = [
        threading.Thread(target=lambda: answers.append(made.post(line(0)))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    until(lambda: made.writer.inbox.snapshot().received == 3)
    began = time.monotonic()
    made.stop()
    assert time.monotonic() - began < 5
    for thread in threads:
        thread.join(5)
    assert [answer.status for answer in answers] == [503] * 3
    with pytest.raises(urllib3.exceptions.HTTPError):
        made.post(line(1))
    assert made.values() == []
    made.close()


def test_what_else_clients_ask_is_answered_as_influxdb_does(ingest: Ingest) -> None:
    health = ingest.get("/health")
    assert (health.status, json.loads(health.data)["status"]) == (200, "pass")
    assert ingest.get("/ping").status == 204
    assert ingest.get("/ping", "HEAD").status == 204
    assert_shape(ingest.get("/api/v2/write"), 405, "method not allowed", "Not Allowed")
    assert_shape(ingest.get("/api/v2/query", "POST"), 404, "not found", "Not Found")

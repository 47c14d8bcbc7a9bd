"""The points of the InfluxDB backend, written to a real server that takes them.

VictoriaMetrics cuts times to milliseconds, keeps a block of values by one exponent (so only
values of like size are looked at) and keeps both of two samples that are alike; it answers
no Flux. What it shows is that our lines are read as we mean them, and that no failure of a
write is passed over.
"""

from collections.abc import Iterator, Sequence

import pytest

from domain.errors import BadSettings, StoreRefused, StoreUnavailable
from domain.reading import Reading
from domain.window import LAST_MS, Window
from store.influx.address import Address
from store.influx.points import Arrival, Point, line, pieces, place_of, reading_point, whole
from store.influx.server import Server
from store.influx.times import BEYOND, USUAL, scale_of, spans
from tests.builders import NOON, reading
from tests.conftest import started
from tests.services.server import free_ports
from tests.services.victoria import Victoria

PAST = NOON - 300 * 86_400_000  # VictoriaMetrics takes nothing from the future


@pytest.fixture(scope="module")
def victoria() -> Iterator[Victoria]:
    yield from started(Victoria, lambda server: server.start())


@pytest.fixture
def server(victoria: Victoria) -> Iterator[Server]:
    made = Server(Address.parse(victoria.url()))
    yield made
    made.close()


def points(readings: Sequence[Reading], frame: int = 7) -> list[Point]:
    made = []
    for one in readings:
        scale = scale_of(one.time_ms)
        arrival = Arrival(frame, PAST + 5, PAST + 9, 0, 0)
        place = place_of(one.value, scale)
        made.append(reading_point(one, scale, place, arrival, rival=False))
    return made


def test_every_value_and_time_comes_back(victoria: Victoria, server: Server) -> None:
    rows = [reading(1, PAST + n * 1000 + n % 7, n / 8 - 40) for n in range(12_000)]
    rows += [reading(2, PAST, 1024.25), reading(2, PAST + 1, 0.0), reading(2, PAST + 2, -273.15)]
    server.write(points(rows))
    found = victoria.export("reading_value")
    assert found["1"] == [(r.time_ms, r.value) for r in rows[:12_000]]
    assert found["2"] == [(r.time_ms, r.value) for r in rows[12_000:]]
    assert set(victoria.export("reading_frame")["2"]) == {(PAST + n, 7) for n in range(3)}
    assert set(victoria.export("reading_received")["2"]) == {(PAST + n, PAST + 5) for n in range(3)}


def test_both_values_of_a_moment_are_there_and_the_same_again_is_no_third(
    victoria: Victoria, server: Server
) -> None:
    for _ in range(2):
        server.write(points([reading(3, PAST, 21.5), reading(3, PAST, 22.5)]))
    assert set(victoria.export("reading_value")["3"]) == {(PAST, 21.5), (PAST, 22.5)}


def test_a_server_that_dies_is_said_and_the_same_batch_goes_in_when_it_is_back() -> None:
    for victoria in started(Victoria, lambda server: server.start()):
        server = Server(Address.parse(victoria.url()))
        batch = points([reading(1, PAST + n, float(n)) for n in range(50)])
        server.write(batch)
        victoria.kill()
        with pytest.raises(StoreUnavailable, match="InfluxDB at"):
            server.write(batch)
        victoria.start()
        server.write(batch)
        found = victoria.export("reading_value")["1"]
        server.close()
        assert set(found) == {(PAST + n, float(n)) for n in range(50)}


def test_where_nobody_listens_a_write_says_so_without_the_token() -> None:
    (port,) = free_ports(1)
    server = Server(Address.parse(f"influx://hush-hush@127.0.0.1:{port}/o/b"))
    with pytest.raises(StoreUnavailable, match="refused") as caught:
        server.write(points([reading(1, PAST, 1.0)]))
    server.close()
    assert "hush" not in str(caught.value) + repr(server.address)


@pytest.mark.parametrize(
    ("fields", "written"),
    [
        ({"n": 1}, "m n=1i 5"),
        ({"x": 5e-324, "y": -0.5}, "m x=5e-324,y=-0.5 5"),
        ({"t": 'a"b\\c'}, 'm t="a\\"b\\\\c" 5'),
    ],
)
def test_lines(fields: dict[str, int | float | str], written: str) -> None:
    assert line(Point("m", {}, 5, fields)) == written
    assert line(Point("m", {"d": "a b,c=d"}, 5, {"n": 1}), "p_") == r"p_m,d=a\ b\,c\=d n=1i 5"


def test_long_texts_are_taken_apart_and_put_together() -> None:
    text = '\N{SNOWMAN}\n"\\' * 40_000
    fields = pieces("text", [text, None])
    assert len(fields) > 2
    assert all(len(part) <= 64_000 for part in fields.values() if isinstance(part, str))
    assert whole("text", fields) == [text, None]


@pytest.mark.parametrize("time_ms", [0, NOON, 9_223_372_035_999, 9_223_372_036_000, LAST_MS])
def test_every_moment_of_ours_has_one_place_and_keeps_its_order(time_ms: int) -> None:
    scale = scale_of(time_ms)
    first, last = time_ms * scale.places, time_ms * scale.places + scale.places - 1
    assert -(2**63) < first <= last < 2**63 - 1
    (span,) = spans(Window(time_ms, time_ms + 1))
    assert (span.scale, span.start, span.end) == (scale, first, last + 1)
    assert 0 <= place_of(21.5, scale) < scale.places


def test_a_window_over_the_edge_takes_both_scales() -> None:
    usual, beyond = spans(Window(0, LAST_MS + 1))
    assert (usual.scale, beyond.scale) == (USUAL, BEYOND)
    assert usual.end // USUAL.places == beyond.start // BEYOND.places


@pytest.mark.parametrize("time_ms", [-(10**13), 10**15, 2**80])
def test_a_moment_that_no_calendar_has_is_refused(time_ms: int) -> None:
    with pytest.raises(StoreRefused):
        scale_of(time_ms)


def test_an_address_is_taken_apart() -> None:
    found = Address.parse("influxs://a%2Fb==@db.example:443/m%E1%BA%ABu/n%20g")
    assert found == Address("https://db.example:443", "mẫu", "n g", "a/b==")
    assert Address.parse("influx://t@[::1]/o/b").url == "http://[::1]:8086"


@pytest.mark.parametrize(
    "url",
    ["influx://", "influx://h/o/b", "influx://hush@h/o", "influx://hush@h:99999/o/b",
     "influx://hush@h/o/b/c", "influx://hush@/o/b", "influx://hush@h/o/b?x=1", "influx://hush@[/o/b"],
)  # fmt: skip
def test_half_an_address_is_refused_without_showing_its_token(url: str) -> None:
    with pytest.raises(BadSettings) as caught:
        Address.parse(url)
    assert "hush" not in str(caught.value)

"""What only the InfluxDB store has to show, over the stand-in (see services/influx.py)."""

import random

import pytest

from domain.clock import Offset
from domain.errors import BadSettings, StoreAbsent, StoreRefused, StoreTooNew, StoreUnavailable
from domain.ids import DeviceId, SeriesId
from domain.reading import Delivery, Frame, Refusal
from domain.window import HOUR_MS, LAST_MS, Window
from nguon.compose import open_series
from store.influx import Address, InfluxSeries, lists, numbers, present
from store.influx.bucket import Bucket
from store.influx.flux import quoted, rows
from store.influx.points import Point
from store.influx.server import Server
from store.series import Fate, Series
from tests.builders import NOON, delivery, reading, series_of
from tests.services.influx import Influx

ALL = Window(0, LAST_MS + 1)
ONE, DEVICE = SeriesId(1), DeviceId("dat-01")


def before(series: Series) -> None:
    series.append([delivery(series_of({0: 0.5}, seq=20))], NOON)


def test_values_that_collide_take_the_next_place(
    store: InfluxSeries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(present, "place_of", lambda _, scale: scale.places - 1)
    for seq, value in enumerate((3.0, 1.0, 2.0)):
        store.append([delivery(series_of({0: value}, seq=seq))], NOON)
    again = store.append([delivery(series_of({0: 2.0}, seq=3), series_of({0: 3.0}, seq=4))], NOON)
    assert again.fates == (Fate(0, 2, 0, 0),)
    assert [(r.value, r.conflict) for r in store.read(ONE, ALL)] == [
        (1.0, True), (2.0, True), (3.0, True),
    ]  # fmt: skip
    assert store.tally().conflicts == 1


def test_more_values_at_a_moment_than_a_page_holds(
    store: InfluxSeries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.influx.reads.PAGE", 4)
    rows = tuple(reading(1, NOON + n // 9, float(n)) for n in range(30))
    store.append([delivery(Frame(0, 0, rows))], NOON)
    found = [(r.time_ms, r.value) for r in store.read(ONE, ALL)]
    assert found == [(NOON + n // 9, float(n)) for n in range(30)]


def test_the_two_zeros_are_one_value(store: InfluxSeries) -> None:
    store.append([delivery(series_of({0: 0.0}))], NOON)
    assert store.append([delivery(series_of({0: -0.0}, seq=1))], NOON).fates == (Fate(0, 1, 0, 0),)


def test_a_batch_of_many_series_and_of_all_times_is_looked_up_whole(
    influx: Influx, store: InfluxSeries
) -> None:
    frames = [
        Frame(0, n, (reading(n, NOON + n % 3, 1.0), reading(n, n * HOUR_MS * 999, 2.0)))
        for n in range(450)
    ]
    store.append([delivery(*frames)], NOON)
    influx.queries.clear()
    assert store.append([delivery(*frames)], NOON).fates == (Fate(0, 900, 0, 0),)
    assert len(influx.queries) < 30
    found = store.latest([SeriesId(n) for n in range(450)], NOON + HOUR_MS)
    assert len(found) == 450


def test_a_large_message_in_quarantine_keeps_every_byte(store: InfluxSeries) -> None:
    payload = random.Random(1).randbytes(1_000_000)
    refusal = Refusal("undecodable", "\N{SNOWMAN}\r\n\"'\\" * 30_000)
    store.append([Delivery("a,b c=d\n", payload, NOON, None, (), (refusal,))], NOON)
    (entry,) = store.quarantined(9)
    assert (entry.payload, entry.detail, entry.topic) == (payload, refusal.detail, "a,b c=d\n")


def test_entries_of_one_number_lie_side_by_side(
    store: InfluxSeries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.influx.aside._NUMBERS", 2)
    for n in range(5):
        refused = delivery(refusals=(Refusal("undecodable", "x", f"{n}"),), received_ms=NOON + n)
        store.append([refused, refused], NOON)
    assert [(e.part, e.seen) for e in store.quarantined(9)] == [
        (f"{n}", 2) for n in range(4, -1, -1)
    ]


@pytest.mark.parametrize(
    "bad",
    [
        delivery(device="Dat 01"), delivery(device='x"\n) |> drop'), delivery(device=""),
        delivery(Frame(0, 0, (reading(1, NOON, float("nan")),))),
        delivery(Frame(0, 0, (reading(1, NOON, float("inf")),))),
        delivery(Frame(0, 0, (reading(1, 10**15, 1.0),))),
        delivery(Frame(0, 0, (reading(-1, NOON, 1.0),))),
        delivery(Frame(0, 0, (reading(2**63, NOON, 1.0),))),
        delivery(Frame(-1, 0, (reading(1, NOON, 1.0),))),
        delivery(Frame(2**63, 0, (reading(1, NOON, 1.0),))),
    ],
)  # fmt: skip
def test_what_can_never_be_kept_is_refused_before_the_first_write(
    influx: Influx, store: InfluxSeries, bad: Delivery
) -> None:
    influx.writes.clear()
    with pytest.raises(StoreRefused):
        store.append([delivery(series_of({0: 1.0})), bad], NOON)
    assert influx.writes == []


@pytest.mark.parametrize(
    "name", ['" or true) |> drop(columns: ["x"', "a\\", "${now()}", "é\n\ud800"]
)
def test_a_hostile_name_is_only_a_name(store: InfluxSeries, name: str) -> None:
    before(store)
    assert store.ledger(DeviceId(name)) == {}
    assert store.beats(DeviceId(name), 9) == []
    assert quoted(name).count('"') == 2
    assert not set(quoted(name)) & set("$\n\ud800")
    with pytest.raises(StoreRefused):
        store.move(DeviceId(name), Offset(0, HOUR_MS, 12, 0), [ONE], NOON)


def test_a_server_that_is_away_is_unavailable_and_everything_goes_on_after(
    influx: Influx, store: InfluxSeries
) -> None:
    before(store)
    influx.away = True
    for ask in (
        lambda: before(store),
        lambda: list(store.read(ONE, ALL)),
        store.tally,
    ):
        with pytest.raises(StoreUnavailable):
            ask()
    influx.away = False
    store.append([delivery(series_of({15: 2.0}, seq=1))], NOON)
    assert [r.value for r in store.read(ONE, ALL)] == [0.5, 2.0]
    assert store.check() == []


def test_content_that_the_server_refuses_is_refused(influx: Influx, store: InfluxSeries) -> None:
    before(store)
    influx.mishaps.append("413")
    with pytest.raises(StoreRefused, match="413"):
        store.append([delivery(series_of({15: 2.0}, seq=1))], NOON)


def test_a_bucket_of_which_nothing_is_known_is_absent(url: str) -> None:
    with pytest.raises(StoreAbsent, match="own"):
        InfluxSeries(Address.parse(url), new=False)
    open_series(url).close()
    open_series(url, new=False).close()


def test_a_bucket_of_a_newer_program_is_refused(url: str) -> None:
    InfluxSeries(Address.parse(url)).close()
    server = Server(Address.parse(url))
    server.write([Point("version", {}, 0, {"number": 99})])
    server.close()
    with pytest.raises(StoreTooNew, match="99"):
        InfluxSeries(Address.parse(url))


def test_a_missing_bucket_and_a_wrong_token_are_told_by_name(influx: Influx, url: str) -> None:
    with pytest.raises(StoreUnavailable, match="no-such"):
        open_series(influx.url("no-such"))
    with pytest.raises(StoreUnavailable, match="unauthorized") as caught:
        open_series(url.replace("a-token", "hush"))
    assert "hush" not in str(caught.value)
    with pytest.raises(BadSettings, match="NGUON_SERIES_URL: not influx"):
        open_series("influx://hush@nowhere")


def test_prefixes_keep_stores_of_one_bucket_apart(url: str) -> None:
    one, other = (InfluxSeries(Address.parse(url), prefix=name) for name in ("a_", "b_"))
    before(one)
    assert (other.tally().readings, other.series_ids(), other.touched(9)) == (0, [], [])
    assert other.append([delivery(series_of({0: 0.5}, seq=20))], NOON).fates == (Fate(1, 0, 0, 0),)
    for store in (one, other):
        store.close()


def test_it_says_what_it_is(store: InfluxSeries) -> None:
    found = store.capabilities()
    assert (found.backend, found.version) == ("influxdb", "v2.7.0-stand-in")
    assert any("one writer" in lack for lack in found.lacks)


def test_a_look_at_a_settled_list_reads_only_what_came_since(store: InfluxSeries, url: str) -> None:
    for seq in range(40):
        store.append([delivery(series_of({seq * 60: 1.0}, seq=seq))], NOON)
    store.settle([], store.touched(999))
    store.append([delivery(series_of({9_999: 1.0}, seq=99))], NOON)
    server = Server(Address.parse(url))
    bucket = Bucket(server)
    begun = bucket.newest("settled")["settled"]["touched"]
    assert len(bucket.numbered("touched", begun)) == 1
    assert len(bucket.numbered("touched")) == 41
    assert len(lists.look(bucket, numbers.Looks(bucket)).entries) == 1
    server.close()


def test_what_was_touched_and_asked_for_comes_up_until_both_are_done(store: InfluxSeries) -> None:
    store.append([delivery(series_of({0: 1.0}))], NOON)
    store.touch(ONE, 0)
    (first,) = store.touched(9)
    assert first.mark > 0
    store.settle([], [first])
    (second,) = store.touched(9)
    assert second.mark < 0
    store.settle([], [second])
    assert store.touched(9) == []
    store.touch(ONE, 0)
    assert [t.mark < second.mark for t in store.touched(9)] == [True]


def test_a_damaged_bucket_is_noticed(store: InfluxSeries, url: str) -> None:
    before(store)
    server = Server(Address.parse(url))
    stray = {"value": 1.0, "frame": 0, "quality": 1, "received": 0, "committed": 0}
    server.write([Point("reading", {"series": "1"}, NOON, {**stray, "skew": 0, "clock": 0})])
    server.close()
    assert store.check() == ["1 cycles of readings are gone"]


def test_reserves_are_made_anew_when_they_are_used_up(
    influx: Influx, store: InfluxSeries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers, "_AT_ONCE", 5)
    for seq in range(20):
        store.append([delivery(series_of({seq: 1.0}, seq=seq))], NOON)
    assert store.tally().readings == 20
    assert [b.seq for b in store.beats(DEVICE, 99)] == list(range(19, -1, -1))


def test_an_answer_that_ends_in_an_error_is_no_answer() -> None:
    whole = "#datatype,string,long,long\n#group,false,false,false\n#default,_result,,\n"
    whole += ",result,table,_value\n,,0,5\n"
    assert list(rows(whole)) == [{"_value": 5}]
    broken = (
        whole
        + "\n#datatype,string,string\n#group,true,true\n#default,,\n,error,reference\n,oh,897\n"
    )
    with pytest.raises(StoreUnavailable, match="oh"):
        list(rows(broken))


@pytest.mark.parametrize(
    "answer",
    ["<html>\nno, nothing\n", "a,b,c,d\n1,2,3,4,5\n", '"', "#datatype,x,y,z\n,r,t,v\n,,0,1"],
)
def test_what_is_no_answer_at_all_is_told(answer: str) -> None:
    with pytest.raises(StoreUnavailable, match="not an answer"):
        list(rows(answer + "\n,,0,1\n"))


def test_a_bucket_that_forgets_is_refused_when_it_is_opened(influx: Influx, url: str) -> None:
    influx.buckets[url.rpartition("/")[2]].oldest = NOON * 1_000_000
    with pytest.raises(StoreRefused, match="retention"):
        open_series(url)


def test_an_hour_is_not_on_the_list_before_its_batch_is_committed(
    store: InfluxSeries, url: str
) -> None:
    """Or a watcher would roll it up without the readings, and strike it out."""
    store.append([delivery(series_of({0: 1.0}))], NOON)
    store.settle([], store.touched(9))
    server = Server(Address.parse(url))
    server.write(lists.entries(lists.TOUCHED, 500, [(1, NOON)]))
    server.close()
    assert store.touched(9) == []
    store.settle([], [])
    store.append([delivery(*(Frame(0, n, ()) for n in range(1, 600)))], NOON)
    assert [(t.series, t.hour_ms) for t in store.touched(9)] == [(1, NOON)]


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.000000001Z", 1),
        ("1969-12-31T23:59:59.999999999Z", -1), ("2026-11-21T04:00:00.1Z", 1_795_233_600_100_000_000),
    ],
)  # fmt: skip
def test_times_keep_their_nanoseconds(text: str, ns: int) -> None:
    head = "#datatype,string,long,dateTime:RFC3339\n,result,table,_time\n"
    assert list(rows(f"{head},,0,{text}\n")) == [{"_time": ns}]

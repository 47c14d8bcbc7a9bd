from itertools import islice, permutations

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import plain
from domain.errors import UndecodableMessage, WrongTopic
from domain.ids import Channel, DeviceId
from domain.pack import Coding, _any_cycles, decode, encode
from domain.plain import plain_cycles
from domain.reading import Cycle, Observation
from domain.receipt import Receipt
from domain.senml import LABEL_NUMBERS, named
from domain.topics import Leaf, Topic
from domain.window import parse_instant

DEVICE = DeviceId("dat-01")
times = st.integers(2**28 * 1000, 4_000_000_000_000)
values = st.floats(allow_nan=False, allow_infinity=False).map(lambda v: v + 0.0)
channels = st.from_regex(Channel.pattern, fullmatch=True)


@st.composite
def cycles(draw: st.DrawFn) -> list[Cycle]:
    found = []
    for seq in range(draw(st.integers(1, 4))):
        count = draw(st.integers(1, 4))
        row = [Observation(draw(channels), draw(times), draw(values), "Cel") for _ in range(count)]
        found.append(Cycle(draw(st.integers(0, 3)), seq, tuple(row)))
    return found


@given(cycles(), st.sampled_from(Coding))
def test_what_is_encoded_is_decoded(given_cycles: list[Cycle], coding: Coding) -> None:
    decoded = decode(DEVICE, encode(DEVICE, given_cycles, coding), 0)
    assert list(decoded) == given_cycles


# Golden bytes: firmware in the field will go on sending exactly these.
MOMENT = parse_instant("2026-11-21T04:15:00Z")
GOLDEN = (
    Cycle(1, 7, (Observation("soil_moisture_20", MOMENT, 31.5, "%"), Observation("soil_temperature_20", MOMENT, 27.9, "Cel"))),
    Cycle(1, 8, (Observation("soil_moisture_20", MOMENT + 900_000, 31.4, "%"),)),
)  # fmt: skip
GOLDEN_JSON = (
    b'[{"bn":"dat-01:","bt":1795234500,"boot":1,"seq":7,"n":"soil_moisture_20","u":"%","v":31.5},'
    b'{"n":"soil_temperature_20","u":"Cel","v":27.9},'
    b'{"bt":1795235400,"boot":1,"seq":8,"n":"soil_moisture_20","u":"%","v":31.4}]'
)
GOLDEN_CBOR = bytes.fromhex(
    "83a721676461742d30313a221a6b011ac464626f6f740163736571070070736f696c5f6d6f697374"
    "7572655f323001612502fb403f800000000000a30073736f696c5f74656d70657261747572655f32"
    "30016343656c02fb403be66666666666a6221a6b011e4864626f6f740163736571080070736f696c"
    "5f6d6f6973747572655f323001612502fb403f666666666666"
)


@pytest.mark.parametrize(
    ("coding", "golden"), [(Coding.JSON, GOLDEN_JSON), (Coding.CBOR, GOLDEN_CBOR)]
)
def test_the_wire_format_is_these_bytes(coding: Coding, golden: bytes) -> None:
    assert encode(DEVICE, GOLDEN, coding) == golden
    assert decode(DEVICE, golden, 0) == GOLDEN


@given(st.binary(max_size=400))
def test_any_bytes_decode_or_are_refused(payload: bytes) -> None:
    try:
        decode(DEVICE, payload, 0)
    except UndecodableMessage:
        pass


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "empty"),
        (b'[{"bn":"dat-02:","n":"a","v":1}]', "not a channel of dat-01"),
        (b'[{"bn":"dat-01:","n":"a","v":1,"seq":3}]', "together"),
        (b'[{"bn":"dat-01:","n":"a","vs":"x"}]', "no numeric value"),
        (b'[{"bn":"dat-01:","n":"a","s":3}]', "no numeric value"),
        (b'[{"bn":"dat-01:","n":"a","v":1,"t":1e15}]', "time out of range"),
        (b'[{"bn":"dat-01:","n":"a","v":1,"t":-1e12}]', "time out of range"),
        (b'[{"bn":"dat-01:","n":"a","v":1,"bt":1e308}]', "time out of range"),
        (b'[{"bn":"dat-01:","n":"a","v":1,"bt":253402300000}]', "time out of range"),
        (b'[{"bn":"dat-01:","n":"a","bv":1e308,"v":1e308}]', "not a number"),
    ],
)
def test_what_is_not_ours_is_refused_with_a_reason(payload: bytes, why: str) -> None:
    with pytest.raises(UndecodableMessage, match=why):
        decode(DEVICE, payload, 1_795_000_000_000)


def test_a_relative_time_counts_from_arrival() -> None:
    (cycle,) = decode(DEVICE, b'[{"bn":"dat-01:","n":"a","v":1,"t":-60}]', 1_795_000_000_000)
    assert cycle.observations[0].time_ms == 1_795_000_000_000 - 60_000


def test_a_switch_is_one_or_zero_and_minus_zero_is_zero() -> None:
    pack = b'[{"bn":"dat-01:","n":"valve","vb":true},{"n":"a","v":-0.0}]'
    valve, zero = decode(DEVICE, pack, 1_795_000_000_000)[0].observations
    assert valve.value == 1.0
    assert str(zero.value) == "0.0"


@given(st.sampled_from(Leaf), st.from_regex(DeviceId.pattern, fullmatch=True))
def test_topics_print_as_they_parse(leaf: Leaf, device: str) -> None:
    topic = Topic(DeviceId(device), leaf)
    assert Topic.parse(str(topic)) == topic


@pytest.mark.parametrize(
    "text", ["", "nguon/v1/a", "nguon/v2/a/up", "nguon/v1/a/up/x", "nguon/v1/+/up", "nguon/v1/A/up", "nguon/v1//up", "x" * 70_000]
)  # fmt: skip
def test_topics_outside_the_grammar_are_refused(text: str) -> None:
    with pytest.raises(WrongTopic):
        Topic.parse(text)


def test_receipts_survive_the_wire_and_bad_ones_are_refused() -> None:
    assert Receipt.decode(Receipt(2, 41).encode()) == Receipt(2, 41)
    for payload in (
        b"",
        b"[]",
        b"{}",
        b'{"boot":1,"receipt":"x"}',
        b'{"boot":true,"receipt":1}',
        b"[" * 50_000,
    ):
        with pytest.raises(UndecodableMessage):
            Receipt.decode(payload)


def test_a_number_too_long_to_print_is_refused_like_any_other() -> None:
    bignum = cbor2.dumps([{-2: "dat-01:", 0: "a", 2: 1.0, "boot": 0, "seq": 1 << 40_000}])
    with pytest.raises(UndecodableMessage, match="SenML CBOR"):
        decode(DEVICE, bignum, 0)


_names = st.sampled_from(["dat-01:", "dat-01:a", "a", "", "dat-02:", "dat-01:b\u0301", "_x"])
_contents = st.one_of(
    st.integers(-(2**54), 2**54), st.floats(), st.text(max_size=3), st.booleans(), st.none(),
    st.sampled_from([1_795_000_000, 1_795_000_000.25, 2**28 - 1, -5, 0.0, -0.0, 1e308]),
)  # fmt: skip
_fields = st.fixed_dictionaries(
    {},
    optional={
        "bn": _names, "n": _names, "bt": _contents, "t": _contents, "v": _contents, "u": _names,
        "boot": st.integers(-1, 3), "seq": st.integers(-1, 3), "vs": _names, "bv": _contents,
        "bu": _names, "bver": st.integers(9, 11), "x_": _names, "s": _contents,
    },
)  # fmt: skip
_ordinary = st.fixed_dictionaries(
    {"bn": st.just("dat-01:"), "n": st.sampled_from(["a", "b"]), "v": st.floats(-1e6, 1e6),
     "bt": st.floats(1.7e9, 1.9e9)},
    optional={"boot": st.integers(0, 2), "seq": st.integers(0, 3), "u": st.just("Cel"), "t": st.integers(-9, 9)},
)  # fmt: skip


@given(st.lists(st.one_of(_fields, _ordinary), min_size=1, max_size=5))
def test_the_short_way_says_what_the_long_way_says(records: list[dict[str, object]]) -> None:
    """Or says nothing, and never refuses."""
    short = plain_cycles(DeviceId("dat-01"), records)
    if short is not None:
        assert repr(short) == repr(_any_cycles(DeviceId("dat-01"), records, MOMENT))


@given(st.lists(_ordinary, min_size=1, max_size=5))
def test_the_short_way_takes_what_is_ordinary(records: list[dict[str, object]]) -> None:
    if all("boot" in record and "seq" in record for record in records):
        assert plain_cycles(DeviceId("dat-01"), records) is not None


_labels = st.one_of(
    st.sampled_from([-3, -2, 0, 1, 2, 6, "boot", "seq"]),
    st.sampled_from([-7, -4, 3, 4, 9, "n", "v", "bt", True, 1.0, 2.0, None]),
)
_raw = st.dictionaries(_labels, st.one_of(_names, _contents), max_size=7)
_ordinary_raw = st.fixed_dictionaries(
    {-2: st.just("dat-01:"), 0: st.sampled_from(["a", "b"]), 2: st.floats(-1e6, 1e6),
     -3: st.integers(1_700_000_000, 1_900_000_000)},
    optional={6: st.floats(-9, 9), 1: st.sampled_from(["Cel", "%"]), "v": st.just(1)},
)  # fmt: skip


@given(st.lists(st.one_of(_raw, _ordinary_raw), min_size=1, max_size=4))
def test_the_short_way_reads_numbered_labels_as_the_long_way_does(
    records: list[dict[object, object]],
) -> None:
    short = plain_cycles(DeviceId("dat-01"), records)
    if short is not None:
        long = _any_cycles(DeviceId("dat-01"), [named(r) for r in records], MOMENT)
        assert repr(short) == repr(long)


def test_shapes_without_end_are_forgotten_and_not_hoarded() -> None:
    told = {-2: "dat-01:", -3: 1_795_000_000, 0: "a", 1: "%", 2: 1.5, 6: 1, "boot": 0, "seq": 1}
    # Every order of eight labels is a shape of its own.
    for labels in islice(permutations(told), 3 * plain._SHAPES_KEPT):
        (cycle,) = (
            plain_cycles(DeviceId("dat-01"), [{label: told[label] for label in labels}]) or ()
        )
        assert cycle.observations[0] == Observation("a", 1_795_000_001_000, 1.5, "%")
    assert len(plain._shapes) <= plain._SHAPES_KEPT


def _shared_bomb(depth: int) -> bytes:
    """CBOR shared references: 2^depth values in a few bytes each."""
    nested = b"\xd8\x1c\x81\x01"
    for level in range(depth):
        nested = b"\xd8\x1c\x82" + nested + b"\xd8\x1d" + bytes([level])
    return b"\x81\xa2\x00\x61a\x02" + nested


@pytest.mark.parametrize(
    "payload",
    [
        _shared_bomb(5),
        _shared_bomb(20),
        b"\x81\xa2\x00\x61a\x02\xc4\x82\x01\xc2\x59\xff\xff" + b"\xff" * 65_535,
        b"\x81\xa2\x00\x61a\x02\xc2\x59\xff\xff" + b"\xff" * 65_535,
        b"\xd9\xd9\xf7\x81\xa2\x00\x61a\x02\x01",
        b"\x81" * 300 + b"\x01",
    ],
    ids=["shared", "shared, deep", "fraction", "bignum", "self-described", "nested"],
)
def test_what_few_bytes_may_blow_up_is_refused_at_once(payload: bytes) -> None:
    with pytest.raises(UndecodableMessage):
        decode(DEVICE, payload, 0)


def test_times_are_claims_and_a_numbered_cycle_needs_one() -> None:
    def told(record: dict[str, object]) -> tuple[Cycle, ...]:
        row = {"bn": "dat-01:", "n": "a", "v": 1} | record
        return decode(
            DEVICE, cbor2.dumps([{LABEL_NUMBERS.get(k, k): v for k, v in row.items()}]), MOMENT
        )

    # A clock that started at 1970 says so, and says the same when it comes twice.
    (cycle,) = told({"bt": 120, "boot": 0, "seq": 0})
    assert cycle.observations[0].time_ms == 120_000
    (cycle,) = told({})
    assert cycle.observations[0].time_ms == MOMENT
    (cycle,) = told({"t": -5})
    assert cycle.observations[0].time_ms == MOMENT - 5_000
    for without in ({}, {"t": -5}):
        with pytest.raises(UndecodableMessage, match="may come twice"):
            told({"boot": 0, "seq": 0, **without})

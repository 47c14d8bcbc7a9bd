"""Named situations in the field, and what becomes of each."""

from dataclasses import dataclass

import pytest

from domain.line_cycles import Precision, head
from domain.pack import Coding, encode
from domain.properties import observed_properties
from domain.quality import Flag, QcTest, Verdict
from domain.reading import Cycle, Delivery, Observation
from domain.window import DAY_MS, HOUR_MS
from ingest.message import Received
from ingest.pipeline import Rules, take_in
from tests.builders import DEVICE, NOON, register

RULES = Rules(register(), observed_properties())


def take(payload: bytes, topic: str = "nguon/v1/dat-01/up", received_ms: int = NOON) -> Delivery:
    return take_in(Received(topic, payload, received_ms, (1, 1, 1)), RULES)


def say(channel: str, value: float, unit: str | None, time_ms: int = NOON) -> bytes:
    cycle = Cycle(0, 0, (Observation(channel, time_ms, value, unit),))
    return encode(DEVICE, [cycle], Coding.JSON)


@dataclass(frozen=True)
class Situation:
    name: str
    payload: bytes
    flag: Flag
    failed: QcTest = QcTest.NONE
    value: float | None = None


SITUATIONS = (
    Situation("an ordinary reading", say("air_temperature", 31.2, "Cel"), Flag.GOOD, value=31.2),
    Situation("no unit means the declared one", say("air_temperature", 31.2, None), Flag.GOOD, value=31.2),
    Situation("soil moisture as a fraction", say("soil_moisture_20", 0.257, "m3/m3"), Flag.GOOD, value=25.7),
    Situation("a probe in dry air", say("soil_moisture_20", 1.0, "%"), Flag.SUSPECT, QcTest.GROSS_RANGE),
    Situation("soil wetter than water", say("soil_moisture_20", 130.0, "%"), Flag.FAIL, QcTest.GROSS_RANGE),
    Situation("an unplugged probe", say("air_temperature", -127.0, "Cel"), Flag.FAIL, QcTest.SENTINEL),
    Situation("no reading from the logger", say("air_temperature", -9999.0, "Cel"), Flag.FAIL, QcTest.SENTINEL),
    Situation("the rain of Nam Đông", say("rain", 104.6, "mm"), Flag.GOOD, value=104.6),
    Situation("rain nobody has seen yet", say("rain", 140.0, "mm"), Flag.SUSPECT, QcTest.GROSS_RANGE, 140.0),
    Situation("a clock two days ahead", say("air_temperature", 30.0, "Cel", NOON + 2 * DAY_MS), Flag.SUSPECT, QcTest.CLOCK),
    Situation("a clock that says 1980", say("air_temperature", 30.0, "Cel", 3652 * DAY_MS), Flag.SUSPECT, QcTest.CLOCK),
    Situation("a clock a minute ahead", say("air_temperature", 30.0, "Cel", NOON + 60_000), Flag.GOOD),
    Situation("a week late", say("air_temperature", 30.0, "Cel", NOON - 7 * DAY_MS), Flag.GOOD),
)  # fmt: skip


@pytest.mark.parametrize("case", SITUATIONS, ids=lambda case: case.name)
def test_readings_are_kept_and_flagged(case: Situation) -> None:
    delivery = take(case.payload)
    ((reading,),) = (frame.readings for frame in delivery.frames)
    assert Verdict.unpack(reading.quality) == Verdict(case.flag, case.failed)
    assert delivery.refusals == ()
    if case.value is not None:
        assert reading.value == case.value


@pytest.mark.parametrize(
    ("name", "payload", "topic", "reason", "frames"),
    [
        ("bytes that are nothing", b"\xff\xfe", "nguon/v1/dat-01/up", "undecodable", 0),
        ("half a message", say("air_temperature", 1, "Cel")[:-4], "nguon/v1/dat-01/up", "undecodable", 0),
        ("an empty message", b"", "nguon/v1/dat-01/up", "undecodable", 0),
        ("a huge message", b"[" + b" " * 1_000_001, "nguon/v1/dat-01/up", "undecodable", 0),
        ("another project's topic", b"[]", "zigbee2mqtt/garden", "wrong-topic", 0),
        ("a topic that is not UTF-8", b"[]", "(topic is not UTF-8)", "wrong-topic", 0),
        ("readings on the status topic", b"[]", "nguon/v1/dat-01/status", "wrong-topic", 0),
        ("a device nobody registered", say("air_temperature", 1, "Cel").replace(b"dat-01", b"dat-99"), "nguon/v1/dat-99/up", "unknown-device", 0),
        ("a device that speaks for another", say("air_temperature", 1, "Cel"), "nguon/v1/dat-02/up", "wrong-name", 0),
        ("a channel nobody declared", say("sap_flow", 1, "Cel"), "nguon/v1/dat-01/up", "unknown-channel", 1),
        ("a unit of something else", say("air_temperature", 1, "hPa"), "nguon/v1/dat-01/up", "wrong-unit", 1),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_its_bytes(
    name: str, payload: bytes, topic: str, reason: str, frames: int
) -> None:
    delivery = take(payload, topic)
    assert [refusal.reason for refusal in delivery.refusals] == [reason], name
    assert delivery.payload == payload
    assert len(delivery.frames) == frames
    assert not any(frame.readings for frame in delivery.frames)


def test_one_bad_channel_does_not_take_the_others_with_it() -> None:
    row = (
        Observation("air_temperature", NOON, 30.0, "Cel"),
        Observation("sap_flow", NOON, 1.0, None),
    )
    cycles = [Cycle(0, seq, row) for seq in range(40)]
    delivery = take(encode(DEVICE, cycles, Coding.CBOR))
    assert sum(len(frame.readings) for frame in delivery.frames) == 40
    assert [(r.reason, r.part) for r in delivery.refusals] == [("unknown-channel", "sap_flow")]


LINES = "nguon/v1/dat-01/lines"


def test_lines_go_the_same_way_and_a_text_does_not_take_the_numbers_with_it() -> None:
    body = b'soil,unit=m3/m3 moisture_20=0.257 1\nnguon air_temperature=20,sky="grey",up=true 1'
    delivery = take(head(Precision.S) + body, LINES)
    assert [r.value for frame in delivery.frames for r in frame.readings] == [25.7, 20.0]
    (refusal,) = delivery.refusals
    assert (refusal.reason, refusal.part) == ("not-a-number", "sky, up")
    assert refusal.detail == "2 channels, the first: line 2: the field 'sky' is a text"


def test_lines_of_nothing_but_texts_are_refused_and_keep_nothing() -> None:
    delivery = take(b'nguon sky="grey"', LINES)
    assert delivery.frames == ()
    assert [r.reason for r in delivery.refusals] == ["not-a-number"]


def test_the_head_does_not_take_from_what_a_body_may_hold() -> None:
    body = b"nguon air_temperature=20 1\n#".ljust(1_000_000, b" ")
    assert take(head(Precision.MS) + body, LINES).refusals == ()
    assert [r.reason for r in take(head(Precision.MS) + body + b" ", LINES).refusals] == [
        "undecodable"
    ]


def test_each_leaf_has_its_own_format() -> None:
    lines, senml = b"nguon air_temperature=20", say("air_temperature", 20, "Cel")
    assert [r.reason for r in take(lines).refusals] == ["undecodable"]
    assert [r.reason for r in take(senml, LINES).refusals] == ["undecodable"]


def test_a_device_that_stands_nowhere_is_refused_but_its_cycles_count_as_received() -> None:
    before = NOON - 91 * DAY_MS
    delivery = take(say("air_temperature", 30.0, "Cel", before), received_ms=before + HOUR_MS)
    assert [refusal.reason for refusal in delivery.refusals] == ["not-placed"]
    assert [(frame.seq, frame.readings) for frame in delivery.frames] == [(0, ())]


def test_a_thousand_undeclared_channels_are_one_refusal() -> None:
    row = tuple(Observation(f"c{n}", NOON, 1.0, None) for n in range(1_000))
    delivery = take(encode(DEVICE, [Cycle(0, 0, row)], Coding.CBOR))
    (refusal,) = delivery.refusals
    assert "1000 channels" in refusal.detail
    assert refusal.part is not None
    assert len(refusal.part) < 300

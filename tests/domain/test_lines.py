"""Line protocol: the examples of InfluxDB's reference, what its client prints, and what it means."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from influxdb_client import Point

from domain.errors import UndecodableMessage
from domain.line_cycles import LONGEST_HEAD, Precision, decode, head
from domain.lines import Line, parse
from domain.reading import Cycle, Observation, Told
from domain.senml import MAX_RECORDS
from tests.builders import NOON


def one(text: str) -> Line:
    (line,) = parse(text)
    return line


@pytest.mark.parametrize(
    ("text", "measurement", "tags", "fields", "time"),
    [
        # docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol, element by element
        ('myMeasurement,tag1=value1,tag2=value2 fieldKey="fieldValue" 1556813561098000000', "myMeasurement", {"tag1": "value1", "tag2": "value2"}, {"fieldKey": "fieldValue"}, 1556813561098000000),
        ("myMeasurement fieldKey=1.0", "myMeasurement", {}, {"fieldKey": 1.0}, None),
        ("myMeasurement fieldKey=1", "myMeasurement", {}, {"fieldKey": 1.0}, None),
        ("myMeasurement fieldKey=-1.234456e+78", "myMeasurement", {}, {"fieldKey": -1.234456e78}, None),
        ("m f=-9223372036854775808i,g=9223372036854775807i", "m", {}, {"f": -(2**63), "g": 2**63 - 1}, None),
        ("m f=18446744073709551615u,g=0u", "m", {}, {"f": 2**64 - 1, "g": 0}, None),
        ("m a=t,b=T,c=true,d=True,e=TRUE", "m", {}, dict.fromkeys("abcde", True), None),
        ("m a=f,b=F,c=false,d=False,e=FALSE", "m", {}, dict.fromkeys("abcde", False), None),
        ('my\\ Measurement fieldKey="string value"', "my Measurement", {}, {"fieldKey": "string value"}, None),
        ('myMeasurement fieldKey="\\"string\\" within a string"', "myMeasurement", {}, {"fieldKey": '"string" within a string'}, None),
        ("myMeasurement,tag\\ Key1=tag\\ Value1,tag\\ Key2=tag\\ Value2 fieldKey=100", "myMeasurement", {"tag Key1": "tag Value1", "tag Key2": "tag Value2"}, {"fieldKey": 100.0}, None),
        ('myMeasurement,tagKey=🍭 fieldKey="Launch 🚀" 1556813561098000000', "myMeasurement", {"tagKey": "🍭"}, {"fieldKey": "Launch 🚀"}, 1556813561098000000),
        # a text: one backslash, two, three, four
        (r'm a="\ ",b="\\",c="\\\ ",d="\\\\"', "m", {}, {"a": "\\ ", "b": "\\", "c": "\\\\ ", "d": "\\\\"}, None),
        # names: commas, equals signs, spaces; any other backslash is itself
        (r"a\,b\=c,k\=1\,2\ 3=v\=1\,2\ 3 f\=1\,2\ 3=1", "a,b\\=c", {"k=1,2 3": "v=1,2 3"}, {"f=1,2 3": 1.0}, None),
        ("a\\b,c\\d=\"e'f\\g h\\i=1", "a\\b", {"c\\d": "\"e'f\\g"}, {"h\\i": 1.0}, None),
        (r"m\\,k=v f=1", "m\\,k=v", {}, {"f": 1.0}, None),
        # numbers and times as other writers spell them
        ("m a=.5,b=5.,c=+1,d=1E2,e=007i", "m", {}, {"a": 0.5, "b": 5.0, "c": 1.0, "d": 100.0, "e": 7}, None),
        ("m f=1 -9223372036854775806", "m", {}, {"f": 1.0}, -9223372036854775806),
        ("  m   f=1   12   \r\n", "m", {}, {"f": 1.0}, 12),
        ('m f="two\nlines",g=1 12', "m", {}, {"f": "two\nlines", "g": 1.0}, 12),
    ],
)  # fmt: skip
def test_what_the_reference_shows_is_read(
    text: str, measurement: str, tags: dict[str, str], fields: dict[str, object], time: int | None
) -> None:
    line = one(text)
    assert (line.measurement, line.tags, dict(line.fields), line.time) == (
        measurement, tags, fields, time,
    )  # fmt: skip
    assert [type(v) for _, v in line.fields] == [type(v) for v in fields.values()]


def test_comments_empty_lines_and_carriage_returns_are_no_points() -> None:
    text = '# one\n\r\n   \n  # two\r\na f=1 1\r\n#\nb f="x\ny" 2\n\nc f=3 3\r'
    assert [(line.number, line.measurement, line.time) for line in parse(text)] == [
        (5, "a", 1), (7, "b", 2), (10, "c", 3),
    ]  # fmt: skip
    assert list(parse("")) == []
    assert list(parse("#f=1")) == []


def test_a_field_that_comes_twice_comes_twice() -> None:
    assert one("m f=1,f=2").fields == (("f", 1.0), ("f", 2.0))


@pytest.mark.parametrize(
    "text",
    [
        "m", "m ", "m f", "m f=", "m f=1,", "m f=1, g=2", "m,f=1", "m, f=1", "m,a f=1", "m,a= f=1",
        "m,=1 f=1", "m,a=1,a=1 f=1", " ,a=1 f=1", "m f=x", "m f=1x", "m f=1_0", "m f=0x1", "m f=١",
        "m f=1.5i", "m f=-1u", "m f=9223372036854775808i", "m f=18446744073709551616u", "m f=i",
        'm f="', 'm f="\\"', 'm f="a"b', "m f='a'", "m f=tRUE", "m f=1 x", "m f=1 1.5", "m f=1 1 1",
        "m f=1 9223372036854775808", "m f=1 " + "9" * 5000, "m f=" + "9" * 5000 + "i", "m\tf=1",
        "m\x00 f=1", "m =1", "m f=1\ra f=2", "\\", "m f=1e",
    ],
)  # fmt: skip
def test_what_is_no_line_is_refused_with_its_number(text: str) -> None:
    with pytest.raises(UndecodableMessage, match=r"^line 3 ") as told:
        list(parse(f"a f=1\n#\n{text}\nb f=1"))
    assert len(str(told.value)) < 200


# What clients cannot write so that it can be read, InfluxDB included: control characters, and
# a backslash at the end of a name, which would take the meaning from what follows.
names = st.text(
    st.one_of(st.characters(exclude_categories=["Cs", "Cc"]), st.sampled_from("\\,= \"'#")),
    min_size=1, max_size=12,
).filter(lambda name: not name.endswith("\\"))  # fmt: skip
texts = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from('\\",= \n')))
contents = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    texts,
)


@given(
    st.lists(
        st.tuples(
            names.filter(lambda name: not name.startswith("#")),
            st.dictionaries(names, names, max_size=3),
            st.dictionaries(names, contents, min_size=1, max_size=4),
            st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_the_python_client_prints_is_read_back(
    rows: list[tuple[str, dict[str, str], dict[str, object], int | None]],
) -> None:
    printed = []
    for measurement, tags, fields, time in rows:
        point = Point(measurement)
        for key, tag in tags.items():
            point.tag(key, tag)
        for key, content in fields.items():
            point.field(key, content)
        if time is not None:
            point.time(time)
        printed.append(point.to_line_protocol())
    found = list(parse("\n".join(printed)))
    assert [(line.measurement, line.tags, dict(line.fields), line.time) for line in found] == rows


@given(
    st.text(
        st.one_of(st.sampled_from('m,= f"\\\n\r#1i-.e'), st.characters(exclude_categories=["Cs"]))
    )
)
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    try:
        cycles = decode(head(Precision.S) + text.encode(), NOON).cycles
    except UndecodableMessage:
        return
    for cycle in cycles:
        assert cycle.observations
        assert all(math.isfinite(o.value) and o.time_ms >= 0 for o in cycle.observations)


def told(text: str, precision: Precision = Precision.MS) -> Told:
    return decode(head(precision) + text.encode(), NOON + 7)


def test_lines_of_one_number_or_else_of_one_time_are_one_cycle() -> None:
    text = (
        "nguon,unit=Cel air_temperature=20.5,boot=1i,seq=7i 1000\n"
        "soil moisture_20=31.5 1500\n"
        "soil,unit=%,bed=a moisture_20=31.5,seq=7u,boot=1u 1000\n"
        "rain,unit=mm value=0.2,other=3i 1500\n"
        "nguon air_temperature=21,boot=1i,seq=8i 2000\n"
        "nguon value=1\n"
    )
    assert told(text) == Told(
        (
            Cycle(1, 7, (Observation("air_temperature", 1000, 20.5, "Cel"), Observation("soil_moisture_20", 1000, 31.5, "%"))),
            Cycle(None, None, (Observation("soil_moisture_20", 1500, 31.5, None), Observation("rain", 1500, 0.2, "mm"), Observation("rain_other", 1500, 3.0, "mm"))),
            Cycle(1, 8, (Observation("air_temperature", 2000, 21.0, None),)),
            Cycle(None, None, (Observation("value", NOON + 7, 1.0, None),)),
        ),
        {},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("precision", "time", "time_ms"),
    [
        (Precision.NS, NOON * 10**6 + 999_999, NOON),
        (Precision.US, NOON * 1000 + 999, NOON),
        (Precision.MS, NOON, NOON),
        (Precision.S, NOON // 1000, NOON),
        (Precision.NS, 0, 0),
        (Precision.NS, 999_999, 0),
    ],
)
def test_times_are_rounded_down_to_milliseconds(
    precision: Precision, time: int, time_ms: int
) -> None:
    (cycle,) = told(f"m f=1 {time}", precision).cycles
    assert cycle.observations == (Observation("m_f", time_ms, 1.0, None),)
    assert len(head(precision)) <= LONGEST_HEAD


def test_without_a_head_times_are_nanoseconds_and_only_the_first_line_is_one() -> None:
    (cycle,) = decode(f"m f=1 {NOON * 10**6}\n#precision=s\n".encode(), 0).cycles
    assert cycle.observations[0].time_ms == NOON
    (cycle,) = told(f"#precision=s\nm f=1 {NOON}").cycles
    assert cycle.observations[0].time_ms == NOON


def test_what_is_no_number_is_told_and_the_rest_is_kept() -> None:
    text = (
        'a t="wet",ok=true,n=nan,big=1e999,odd=9007199254740993i,even=9007199254740992i,z=-0.0 1\n'
        'a t="dry" 2\n'
        'b,unit=Cel only="text" 3'
    )
    found = told(text)
    assert found.cycles == (
        Cycle(None, None, (Observation("a_even", 1, 2.0**53, None), Observation("a_z", 1, 0.0, None))),
    )  # fmt: skip
    assert math.copysign(1, found.cycles[0].observations[1].value) == 1
    assert found.unfit == {
        "a_t": "line 1: the field 't' is a text",
        "a_ok": "line 1: the field 'ok' is true or false",
        "a_n": "line 1: the field 'n' is not a finite number",
        "a_big": "line 1: the field 'big' is not a finite number",
        "a_odd": "line 1: the field 'odd' is a whole number that no double holds exactly",
        "b_only": "line 3: the field 'only' is a text",
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a single line"),
        ("# nothing\n", "not a single line"),
        ("m f=1 1\nm f=1,boot=1i 1", "line 2: boot and seq come together"),
        ("m f=1,seq=1i 1", "line 1: boot and seq come together"),
        ("m f=1,seq=1i,boot=1i,boot=2i 1", "line 1: boot and seq come together"),
        ("m f=1,seq=1i,boot=1 1", "line 1: boot and seq are whole"),
        ("m f=1,seq=true,boot=1i 1", "line 1: boot and seq are whole"),
        ('m f=1,seq="1",boot=1i 1', "line 1: boot and seq are whole"),
        ("m f=1,seq=-1i,boot=1i 1", "line 1: boot and seq are whole"),
        ("m f=1,seq=9007199254740992i,boot=1i 1", "line 1: boot and seq are whole"),
        ("m f=1,seq=1i,boot=1i", "line 1: a numbered cycle needs a time"),
        ('m f="x",seq=4i,boot=1i 1', "cycle 4 of boot 1 has no number"),
        ("m seq=4i,boot=1i 1", "cycle 4 of boot 1 has no number"),
        ("m f=1 1\n\nm f=1 -1", "line 3: time out of range"),
        ("m f=1 253402128000001", "line 1: time out of range"),
        ("m f=1\n" * (MAX_RECORDS + 1), f"line {MAX_RECORDS + 1}: more than"),
    ],
)
def test_what_has_no_meaning_is_refused_whole(text: str, why: str) -> None:
    with pytest.raises(UndecodableMessage, match=f"^{why}"):
        told(text)


def test_bytes_that_are_no_text_and_heads_that_are_none_are_refused() -> None:
    with pytest.raises(UndecodableMessage, match="line 2 is not UTF-8"):
        decode(head(Precision.S) + b"m f=1\nm\xff f=1", 0)
    for wrong in (b"#precision=h\nm f=1", b"#precision=\nm f=1", b"#precision=ms"):
        with pytest.raises(UndecodableMessage, match=r"no precision|not a single line"):
            decode(wrong, 0)


def test_a_name_longer_than_any_channel_is_cut_and_cannot_be_mistaken_for_one() -> None:
    long = "x" * 100_000
    (cycle,) = told(f"{long} {long}=1 1").cycles
    assert len(cycle.observations[0].channel) == 60

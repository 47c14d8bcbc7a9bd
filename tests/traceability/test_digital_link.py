import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.gs1 import check_digit
from traceability.digital_link import Link, parse
from traceability.digital_link.elements import parse_elements, print_elements
from traceability.digital_link.identifiers import identifiers
from traceability.digital_link.link import Element

GTIN = "09520001000010"
CSET82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
# What GS1's reader takes when told to: names instead of identifiers, shorter GTINs, and
# identifiers that nobody has assigned. The syntax has had none of them since 1.4.
LEGACY = (
    "/gtin/",
    "/sscc/",
    "/01/9520123456788",
    "?01=02345673",
    "?01=2112345678900",
    "&89=ABC123",
)


def refused(text: str) -> str:
    with pytest.raises(InvalidInput) as error:
        parse(text)
    return str(error.value)


def test_the_published_cases_hold(shared: Path) -> None:
    cases = json.loads((shared / "vectors" / "gs1_digital_link.json").read_text())["cases"]
    assert len(cases) == 79
    for case in cases:
        if not case["accept"] or any(part in case["uri"] for part in LEGACY):
            refused(case["uri"])
            continue
        said = print_elements(parse(case["uri"]))
        # Two cases of the file have a comment where their elements were.
        assert case["elements"] in (said, "+"), case["uri"]


def test_every_identifier_of_the_dictionary_is_in_our_table(shared: Path) -> None:
    """Which there are, which may be attributes, which have a fixed length, which are keys."""
    theirs = {}
    for line in (shared / "vectors" / "gs1-syntax-dictionary.txt").read_text().splitlines():
        if not line[:1].isdigit():
            continue
        words = line.partition("#")[0].split()
        flags = words[1] if set(words[1]) <= set("*?") else ""
        key = next((w for w in words if w.startswith("dlpkey")), "")
        qualifiers = key.partition("=")[2]
        first, _, last = words[0].partition("-")
        for number in range(int(first), int(last or first) + 1):
            theirs[str(number).zfill(len(first))] = (
                "*" in flags, "?" in flags,
                tuple(tuple(q for q in part.split(",") if q) for part in qualifiers.split("|")) if key else None,
            )  # fmt: skip
    ours = {ai: (one.fixed, one.attribute, one.qualifiers) for ai, one in identifiers().items()}
    assert ours == theirs


@pytest.mark.parametrize(
    "path",
    ["/00/006141411234567890", f"/01/{GTIN}/22/A/10/B/21/C", f"/01/{GTIN}/10/B", f"/01/{GTIN}/21/C", f"/01/{GTIN}/235/T",
     "/253/1231231231232", "/255/1231231231232", "/401/9520A", "/414/9520123456788/7040/1ABC", "/417/9520123456788/7040/1ABC",
     "/8003/01231231231232", "/8004/9520A/7040/1ABC", "/8010/9520A/8011/7", "/8013/1987654Ad4X4bL5ttr2310c2K", "/8017/123456789012345675/8019/1"],
)  # fmt: skip
def test_each_key_takes_its_qualifiers_in_their_order(path: str) -> None:
    assert parse("https://x" + path).mint("https://x") == "https://x" + path


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"/01/{GTIN}/10/A/22/B", "not in this order"), (f"/01/{GTIN}/22/A/235/B", "not qualified by"), (f"/01/{GTIN}/254/A", "not qualified by"),
        (f"/01/{GTIN}/10/A?21=B", "may not stand in the query"), (f"/01/{GTIN}?10=A", "belongs into the path"), ("/415/9520123456788?8020=A", "may not stand"),
        (f"/01/{GTIN}?8200=x", "may not stand in the query"), (f"/01/{GTIN}?999=1", "no GS1 Application Identifier"), (f"/01/{GTIN}?99=A&99=A", "said twice"),
        (f"/01/{GTIN}/10/A?10=A", "said twice"), (f"/01/{GTIN}?99=", "it is empty"), (f"/01/{GTIN}?%31%30=A", "plain digits"),
        ("/01/09520001000011", "check digit"), ("/01/9520001000010", "too short"), (f"/01/{GTIN}/10/{'A' * 21}", "too long"),
        (f"/01/{GTIN}/10/%C3%A9", "may not stand there"), (f"/01/{GTIN}/10/a%20b", "may not stand there"), (f"/01/{GTIN}/10/%4", "hexadecimal"),
        (f"/01/{GTIN}?x=%zz", "hexadecimal"), (f"/01/{GTIN}/10", "in pairs"), (f"/01/{GTIN}/", "in pairs"), ("/10/A", "no GS1 key"),
        (f"/01/{GTIN}/10/\ud800", "no address"), (f"/01/{GTIN}/10/é", "no address"), (f"/01/{GTIN}\n", "no address"), (f"/01/{GTIN}?" + "x" * 10**7, "at most"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_and_said(path: str, told: str) -> None:
    assert told in refused("https://x" + path)


@pytest.mark.parametrize(
    "text", ["", "nguon", "ftp://x/01/09520001000010", "HtTps://x/01/09520001000010", f"https:///01/{GTIN}", f"https://u@x/01/{GTIN}",
             f"https://x_y/01/{GTIN}", f"//x/01/{GTIN}", "https://", "https://x"],
)  # fmt: skip
def test_what_is_no_address_of_a_thing_is_refused(text: str) -> None:
    refused(text)


@pytest.mark.parametrize(
    ("element", "holds"),
    [
        ("17=261100", True), ("17=261131", False), ("7007=261100", False), ("7007=261121", True), ("7007=261121261122", True), ("7007=2611212611", False),
        ("17=000229", True), ("17=010229", False), ("422=704", True), ("422=703704", False), ("422=999", False), ("427=44", True),
        ("7030=999A", True), ("7030=704A", True), ("7030=700A", False), ("423=704036", True), ("423=7040", False), ("3103=000500", True), ("3103=500", False),
        ("4309=18000000003600000001", False), ("4309=18000000003600000000", True), ("4309=18000000013600000000", False), ("7230=EM1", True), ("7230=E", False),
        ("4300=a%2541", True), ("4300=a%25", False), ("4307=VN", True), ("4307=XX", False), ("4321=1", True), ("4321=2", False), ("4331=000500-", True),
        ("4331=000500%2B", False), ("3919=704123", True), ("3919=001123", False), ("7003=2611212359", True), ("7003=2611212360", False),
        ("8008=26112123", True), ("8008=2611212359", True), ("8008=2611212460", False), ("8001=00010000100190", True), ("8001=00000000100190", False),
        ("8003=19520123456788", False), ("8007=GB29NWBK60161331926819", True), ("8007=GB29NWBK60161331926818", False), ("7252=9", True), ("7252=3", False),
        ("7258=1/2", True), ("7258=2/1", False), ("7241=01", True), ("7241=11", False), ("8026=095200010000100102", True), ("8026=095200010000100201", False),
        ("8030=QWxhZGRpbg", True), ("8030=%2B", False), ("91=" + "A" * 90, True), ("91=" + "A" * 91, False), ("7250=20260229", False), ("7041=PX", False),
        ("8013=1987654Ad4X4bL5ttr2310c2K", True), ("8013=1987654Ad4X4bL5ttr2310c2L", False), ("8013=1", False), ("02=09520001000010", True),
    ],
)  # fmt: skip
def test_values_are_held_to_their_format_and_checks(element: str, holds: bool) -> None:
    text = f"https://x/00/006141411234567890?{element}"
    if holds:
        assert parse(text).mint("https://x") == text.replace("1/2", "1%2F2")
    else:
        refused(text)


def test_the_key_is_the_rightmost_one_and_words_and_fragments_are_ignored() -> None:
    link = parse(
        f"http://192.0.2.1:8080/00/{GTIN}/01/{GTIN}/10/a+b?utm_source=zalo&lone&&99=x#01/10"
    )
    assert link == Link((("01", GTIN), ("10", "a+b")), (("99", "x"),))
    assert link.key == ("01", GTIN)
    assert [one.path_text() for one in link.levels()] == [f"/01/{GTIN}/10/a%2Bb", f"/01/{GTIN}"]
    assert (link.value("99"), link.value("98")) == ("x", None)


values = st.text(CSET82, min_size=1, max_size=20)
gtins = st.integers(0, 10**13 - 1).map(lambda n: f"{n:013d}{check_digit(f'{n:013d}')}")
orders = st.sampled_from([("22", "10", "21"), ("10",), ("22", "21"), ("235",), ()])


@st.composite
def links(draw: st.DrawFn) -> Link:
    path = [("01", draw(gtins)), *((ai, draw(values)) for ai in draw(orders))]
    more: list[Element] = [
        ("416", "9520001001017"),
        ("7007", "261121"),
        ("3103", "000500"),
        ("240", draw(values)),
        ("99", draw(values)),
    ]
    return Link(tuple(path), tuple(draw(st.lists(st.sampled_from(more), unique_by=lambda e: e[0]))))


@given(links(), st.sampled_from(["https://x", "https://nguon.example/a/b/", "HTTP://[::1]:80"]))
def test_what_is_minted_parses_and_what_parses_mints(link: Link, stem: str) -> None:
    minted = link.mint(stem)
    assert parse(minted) == link
    assert parse(minted).mint(stem) == minted


@given(links())
def test_the_canonical_form_is_the_same_whatever_serves_it(link: Link) -> None:
    canonical = link.canonical()
    assert canonical.startswith("https://id.gs1.org/01/")
    turned = Link(link.path, link.attributes[::-1])
    assert parse(canonical).mint("https://id.gs1.org") == canonical == turned.canonical()
    assert parse(link.mint("http://other.example/x")).canonical() == canonical


@given(links())
def test_element_strings_say_the_same(link: Link) -> None:
    assert parse_elements(print_elements(link)).canonical() == link.canonical()
    brackets = "".join(
        f"({ai})" + value.replace("(", r"\(") for ai, value in (*link.attributes, *link.path)
    )
    assert parse_elements(brackets).canonical() == link.canonical()


@pytest.mark.parametrize(
    ("elements", "link"),
    [
        (f"(21)X(01){GTIN}(10)A(99)Y", f"/01/{GTIN}/10/A/21/X?99=Y"),
        (f"(98)A(253)1231231231232(99)B(01){GTIN}(10)C", f"/253/1231231231232?01={GTIN}&98=A&99=B&10=C"),
        (f"(01){GTIN}(10)A(10)A", f"/01/{GTIN}/10/A"),
        (f"]^01{GTIN}"[1:], f"/01/{GTIN}"), (f"\x1d01{GTIN}10A\x1d99B", f"/01/{GTIN}/10/A?99=B"), (rf"(01){GTIN}(10)a\(b\\", None),
        (f"(01){GTIN}(10)A(10)B", None), (f"(01){GTIN}(235)A(10)B", None), (f"(01){GTIN}(8200)x", None), ("(99)A", None),
        ("", None), ("^", None), ("^^", None), ("^23A", None), ("^0", None), ("(01)", None), ("x(01)1", None), ("(99)" * 4000, None),
    ],
)  # fmt: skip
def test_element_strings_become_links(elements: str, link: str | None) -> None:
    if link is None:
        with pytest.raises(InvalidInput):
            parse_elements(elements)
    else:
        assert parse_elements(elements).mint("") == link


def test_a_bracket_in_a_value_is_escaped() -> None:
    assert parse_elements(rf"(01){GTIN}(10)a\(b").value("10") == "a(b"


@given(st.text())
def test_no_text_is_more_than_refused(text: str) -> None:
    for read in (parse, parse_elements):
        for tried in (text, f"https://x/01/{GTIN}/10/{text}", f"^01{GTIN}10{text}"):
            try:
                read(tried)
            except InvalidInput as error:
                assert len(str(error)) < 700  # noqa: PT017 - that it is told shortly is the test

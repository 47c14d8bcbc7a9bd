import json
from pathlib import Path

import pytest

from domain.errors import UndecodableMessage
from domain.senml import Record, named, read_cbor, read_json, resolve


def plain(record: Record) -> dict[str, object]:
    fields = {
        "n": record.name, "u": record.unit, "t": record.time_s, "v": record.value,
        "vs": record.text, "vb": record.truth, "s": record.total,
    }  # fmt: skip
    return {key: value for key, value in fields.items() if value is not None}


def exactly(row: dict[str, object]) -> dict[str, object]:
    numbers = (int, float)
    return {
        key: pytest.approx(value, rel=1e-12, abs=1e-3)
        if isinstance(value, numbers) and not isinstance(value, bool)
        else value
        for key, value in row.items()
    }


@pytest.mark.parametrize(
    "name", ["ex1", "ex2", "ex3", "ex4", "ex5", "ex6", "ex7", "ex8", "ex9", "ex10", "ex11", "ex12"]
)
def test_the_examples_of_rfc_8428_resolve_as_published(name: str, shared: Path) -> None:
    folder = shared / "vectors" / "senml"
    wanted = json.loads((folder / f"{name}.gen.resolved.json").read_text())
    for row in wanted:
        row.pop("l", None)  # a link: not ours to understand, so ignored (RFC 8428, 4.4)
    # Where an example gives no time, its resolved form carries the "now" of whoever made it.
    records = resolve(read_json((folder / f"{name}.gen.json").read_bytes()), wanted[0]["t"])
    found = [plain(record) for record in records if record.data is None]
    assert found == [exactly(row) for row in wanted]


@pytest.mark.parametrize("name", ["ex3", "ex5"])
def test_cbor_and_json_say_the_same(name: str, shared: Path) -> None:
    folder = shared / "vectors" / "senml"
    from_cbor = resolve(
        [named(r) for r in read_cbor((folder / f"{name}.gen.cbor").read_bytes())], 0
    )
    from_json = resolve(read_json((folder / f"{name}.gen.json").read_bytes()), 0)
    assert [plain(r) for r in from_cbor] == [exactly(plain(r)) for r in from_json]


def test_boot_and_seq_hold_until_changed() -> None:
    pack = b'[{"bn":"d:","boot":1,"seq":4,"n":"a","v":1},{"n":"b","v":2},{"seq":5,"n":"a","v":3}]'
    assert [(r.boot, r.seq) for r in resolve(read_json(pack), 0)] == [(1, 4), (1, 4), (1, 5)]


@pytest.mark.parametrize(
    ("pack", "why"),
    [
        (b"", "JSON"),
        (b"[]", "1 to"),
        (b"{}", "array"),
        (b"[1]", "map"),
        (b'[{"n":"a"}]', "exactly one value"),
        (b'[{"n":"a","v":1,"vs":"x"}]', "exactly one value"),
        (b'[{"n":"a","v":NaN}]', "NaN"),
        (b'[{"n":"a","v":1e999}]', "not a number"),
        (b'[{"n":"a","v":"1"}]', "not a number"),
        (b'[{"n":"a","v":true}]', "not a number"),
        (b'[{"n":"a","v":1,"v":2}]', "twice"),
        (b'[{"n":"a","v":1,"x_":0}]', "understood"),
        (b'[{"bver":11,"n":"a","v":1}]', "newer"),
        (b'[{"n":"/a","v":1}]', "name"),
        (b'[{"n":"","v":1}]', "name"),
        (b'[{"n":"a","v":1,"seq":1.5}]', "whole"),
        (b'[{"n":"a","v":1,"boot":-1}]', "whole"),
        (b'[{"n":"a","v":1' + b"0" * 400 + b"}]", "range"),
        (b"[" * 50_000, "JSON"),
        ('[{"n":"a","v":1}]'.encode("utf-16"), "JSON"),
        (b'[{"n":"a","v":1}', "JSON"),
    ],
)  # fmt: skip
def test_a_bad_pack_is_refused_with_a_reason(pack: bytes, why: str) -> None:
    with pytest.raises(UndecodableMessage, match=why):
        resolve(read_json(pack), 0)


@pytest.mark.parametrize(
    "pack",
    [b"\x81" * 60_000, b"\x9b" + b"\xff" * 8, b"\xbf", b"\x5b\x00\x00\x00\xff\xff\xff\xff\xff", b"\x81\xa1\x00",
     b"\x81\xa2\x00\x61a\x00\x61b", b"\x81\xa1\x18\x63\x01", b"\xd8\x1c\x81\xd8\x1d\x00", b"\x81\xa1\x00\x61a\x00"],
)  # fmt: skip
def test_hostile_cbor_is_refused_and_nothing_else_happens(pack: bytes) -> None:
    with pytest.raises(UndecodableMessage):
        resolve([named(r) for r in read_cbor(pack)], 0)

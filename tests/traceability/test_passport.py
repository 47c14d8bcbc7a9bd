"""Evidence, signature and verification of a passport."""

import base64
import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.errors import BadSettings, InvalidInput, VerificationFailed
from domain.lot import IssuedPassport
from domain.quality import counts_in_statistics
from domain.window import days_window
from tests.builders import ZONE
from tests.traceability.world import HARVESTED, NOON, SERIES, STARTED, World
from traceability.canonical import to_bytes
from traceability.envelope import PAYLOAD_TYPE, Envelope, pre_authentication
from traceability.keys import TrustedKey
from traceability.signer import create, load
from traceability.trust import parse_trust, print_trust
from traceability.verify import STEPS, verify


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def passport(world: World) -> IssuedPassport:
    return world.issued()


def document(passport: IssuedPassport) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Envelope.decode(passport.envelope).payload)
    return found


def rows(passport: IssuedPassport) -> dict[str, dict[str, Any]]:
    return {row["property"]: row for row in document(passport)["evidence"]}


def test_the_figures_are_those_of_the_raw_readings(world: World, passport: IssuedPassport) -> None:
    window = days_window(STARTED, HARVESTED, ZONE)
    for name, row in rows(passport).items():
        raw = [
            r for r in world.series.read(SERIES[name], window) if counts_in_statistics(r.quality)
        ]
        values = [r.value for r in raw]
        assert row["used"] == len(values)
        assert (row["minimum"], row["maximum"]) == (min(values), max(values))
        if name == "rainfall":
            assert row["total"] == math.fsum(values)
            assert row["mean"] is None
        else:
            assert row["mean"] == math.fsum(values) / len(values)


def test_gaps_are_stated_and_nothing_fills_them(passport: IssuedPassport) -> None:
    row = rows(passport)["soil_moisture"]
    assert (row["expected"], row["filled"], row["received"]) == (480, 455, 456)
    assert (row["failed"], row["used"]) == (1, 455)
    assert row["longest_silence_s"] == 25 * 900
    assert row["coverage"] == 455 / 480


def test_the_share_in_the_crops_band_is_counted(passport: IssuedPassport) -> None:
    row = rows(passport)["soil_moisture"]
    assert row["band"] == [22.0, 34.0]
    assert 0 < row["in_band"] < 1
    assert rows(passport)["rainfall"]["in_band"] is None


def test_nothing_personal_is_inside(passport: IssuedPassport) -> None:
    text = passport.envelope + Envelope.decode(passport.envelope).payload
    for word in (b"grower", b"phone", b"latitude"):
        assert word not in text


def test_it_verifies(world: World, passport: IssuedPassport) -> None:
    assert verify(passport.envelope, world.trusted).document["issuer"] == "Kiểm thử"


def test_every_flipped_bit_is_caught_by_a_named_step(
    world: World, passport: IssuedPassport
) -> None:
    steps = set()
    for position in range(len(passport.envelope)):
        flipped = bytearray(passport.envelope)
        flipped[position] ^= 1 << (position % 8)
        with pytest.raises(VerificationFailed) as caught:
            verify(bytes(flipped), world.trusted)
        assert caught.value.step in STEPS
        steps.add(caught.value.step)
    assert {"envelope", "type", "key", "signature"} <= steps


def resigned(
    world: World, passport: IssuedPassport, change: Callable[[dict[str, Any]], object]
) -> bytes:
    """The document changed and signed again: what a dishonest issuer could publish."""
    changed = document(passport)
    change(changed)
    return signed(world, to_bytes(changed))


def signed(world: World, payload: bytes, kind: str = PAYLOAD_TYPE) -> bytes:
    signature = world.signer.sign(pre_authentication(kind, payload))
    return Envelope(kind, payload, world.signer.public().id, signature).encode()


@pytest.mark.parametrize(
    ("step", "change"),
    [
        ("fields", lambda d: d.pop("diary")),
        ("fields", lambda d: d.update(evidence={})),
        ("validity", lambda d: d.update(issued="yesterday")),
        ("validity", lambda d: d.update(issued="1999-01-01T00:00:00.000Z")),
        ("link", lambda d: d["lot"].update(number="OTHER")),
        ("link", lambda d: d["lot"].update(digital_link="https://id.gs1.org/")),
        ("link", lambda d: d["lot"].pop("digital_link")),
        ("arithmetic", lambda d: d["evidence"][0].update(coverage=1.0, filled=1)),
        ("arithmetic", lambda d: d["evidence"][0].update(mean=1e9)),
        ("arithmetic", lambda d: d["evidence"][0].update(received=1)),
        ("arithmetic", lambda d: d["evidence"][0].update(filled=10**6)),
        ("arithmetic", lambda d: d["evidence"][0].pop("used")),
        ("arithmetic", lambda d: d["evidence"][0].update(mean="warm")),
        ("arithmetic", lambda d: d["evidence"].append(7)),
        ("arithmetic", lambda d: d["evidence"][0].update(used=-1, failed=457)),
        (
            "arithmetic",
            lambda d: d["evidence"][0].update(used="a", failed="b", disputed="c", received="abc"),
        ),
        ("arithmetic", lambda d: d["evidence"][0].update(in_band=7)),
        ("arithmetic", lambda d: d["evidence"][0].update(filled=480, coverage=1.0)),
    ],
)
def test_a_signature_does_not_make_nonsense_true(
    world: World, passport: IssuedPassport, step: str, change: Callable[[dict[str, Any]], object]
) -> None:
    with pytest.raises(VerificationFailed) as caught:
        verify(resigned(world, passport, change), world.trusted)
    assert caught.value.step == step


def test_other_spellings_and_kinds_do_not_pass(world: World, passport: IssuedPassport) -> None:
    payload = Envelope.decode(passport.envelope).payload
    for raw, step in (
        (signed(world, payload + b"\n"), "canonical"),
        (signed(world, json.dumps(json.loads(payload)).encode()), "canonical"),
        (signed(world, b"[]"), "canonical"),
        (signed(world, b"\xff"), "canonical"),
        (signed(world, payload, "application/json"), "type"),
        (passport.envelope + b" ", "envelope"),
        (passport.envelope[:-10], "envelope"),
        (b"", "envelope"),
        (b"[" * 100_000, "envelope"),
        (b'{"payloadType":1,"payload":2,"signatures":[3]}', "envelope"),
        (
            passport.envelope.replace(world.trusted[0].id.encode(), b"x").replace(b'"x"', b"5"),
            "envelope",
        ),
    ):
        with pytest.raises(VerificationFailed) as caught:
            verify(raw, world.trusted)
        assert caught.value.step == step


def test_without_the_key_it_is_said_which_are_known(world: World, passport: IssuedPassport) -> None:
    with pytest.raises(VerificationFailed, match="none") as caught:
        verify(passport.envelope, [])
    assert caught.value.found.startswith(f"{world.trusted[0].id} (newer than this list")


def test_a_key_past_its_time_does_not_count(world: World, passport: IssuedPassport) -> None:
    key = world.trusted[0]
    ended = TrustedKey(key.id, key.public, key.from_ms, NOON - 1)
    with pytest.raises(VerificationFailed) as caught:
        verify(passport.envelope, [ended])
    assert caught.value.step == "validity"


def test_keys_survive_being_published_and_an_id_cannot_be_borrowed(
    world: World, tmp_path: Path
) -> None:
    assert parse_trust(print_trust(world.trust())) == world.trust()
    other = create(tmp_path / "other", 0).public()
    borrowed = json.loads(print_trust(world.trust()))
    borrowed["keys"][0]["public"] = base64.b64encode(other.public).decode()
    for text in ("", "[]", "{}", '{"keys":[1]}', json.dumps(borrowed)):
        with pytest.raises(InvalidInput):
            parse_trust(text)


def test_the_private_key_is_its_owners_alone_and_comes_back(tmp_path: Path) -> None:
    made = create(tmp_path / "sub" / "key", NOON)
    assert os.stat(tmp_path / "sub" / "key").st_mode & 0o777 == 0o600
    assert load(tmp_path / "sub" / "key").public() == made.public()
    (tmp_path / "bad").write_text("Since: never\nnonsense")
    for path in (tmp_path / "bad", tmp_path / "absent"):
        with pytest.raises(BadSettings):
            load(path)

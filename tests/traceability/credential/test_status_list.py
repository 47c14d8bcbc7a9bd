"""Status lists: the standard's own example, places first to last, and hostile ones."""

import base64
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput, VerificationFailed
from domain.window import MINUTE_MS
from tests.builders import NOON
from traceability.credential.status_list import (
    SIZE,
    encode,
    entries,
    is_set,
    parse_name,
    status_credential,
)

ADDRESS = "https://nguon.example"
# Of the standard's examples, the empty list.
PUBLISHED = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"


def subject(text: str) -> dict[str, str]:
    return {"encodedList": text}


def multibase(raw: bytes) -> str:
    return "u" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_the_published_list_is_read_and_has_nothing_set() -> None:
    assert not any(is_set(subject(PUBLISHED), place) for place in range(0, SIZE, 1001))


@given(st.sets(st.integers(0, SIZE - 1), max_size=30), st.integers(0, SIZE - 1))
def test_what_is_set_is_set_and_nothing_else(places: set[int], other: int) -> None:
    told = subject(encode(places))
    assert all(is_set(told, place) for place in places)
    assert is_set(told, other) == (other in places)
    assert encode(places) == encode(sorted(places))


def test_the_first_place_is_the_leftmost_bit() -> None:
    packed = base64.urlsafe_b64decode(encode([0, 9])[1:] + "==")
    assert gzip.decompress(packed)[:2] == b"\x80\x40"
    assert len(gzip.decompress(packed)) == 16 * 1024


@pytest.mark.parametrize(
    "text",
    ["", "u", "u!", "z" + PUBLISHED[1:], PUBLISHED[:40], multibase(b"no gzip"), multibase(gzip.compress(b"short")), "u" + "A" * 90_001],
)  # fmt: skip
def test_what_is_no_list_is_said_to_be_none(text: str) -> None:
    with pytest.raises(VerificationFailed) as caught:
        is_set(subject(text), 0)
    assert caught.value.step == "status"


def test_a_bomb_is_not_unpacked_beyond_a_list() -> None:
    bomb = multibase(gzip.compress(bytes(50_000_000)))
    assert not is_set(subject(bomb), SIZE - 1)
    with pytest.raises(VerificationFailed, match="places"):
        is_set(subject(bomb), 10**9)
    with pytest.raises(VerificationFailed):
        is_set(subject(bomb), -1)


def test_a_list_is_a_credential_that_lasts_minutes_and_names_itself() -> None:
    made = status_credential(ADDRESS, "did:web:x", "revocation-1", [SIZE + 5, 5], NOON + 1_234)
    told = made["credentialSubject"]
    assert made["id"] == f"{ADDRESS}/v1/status/revocation-1"
    assert made["type"] == ["VerifiableCredential", "BitstringStatusListCredential"]
    assert (told["type"], told["statusPurpose"], told["ttl"]) == (
        "BitstringStatusList", "revocation", MINUTE_MS,
    )  # fmt: skip
    assert is_set(told, 5)
    assert told["encodedList"] == encode([5])
    again = status_credential(ADDRESS, "did:web:x", "revocation-1", [SIZE + 5], NOON + 59_000)
    assert again == made


def test_a_credential_names_its_place_in_both_lists() -> None:
    revoked, suspended = entries(ADDRESS, 2 * SIZE + 7)
    assert revoked["statusListCredential"] == f"{ADDRESS}/v1/status/revocation-2"
    assert suspended["statusListCredential"] == f"{ADDRESS}/v1/status/suspension-2"
    assert revoked["id"] != revoked["statusListCredential"]
    for one in (revoked, suspended):
        assert (one["type"], one["statusListIndex"]) == ("BitstringStatusListEntry", "7")


@pytest.mark.parametrize("name", ["", "revocation", "revocation-", "revocation--1", "revocation-01", "message-0", "suspension-1 ", "revocation-" + "9" * 5_000, "revocation-٣"])  # fmt: skip
def test_other_names_are_no_lists(name: str) -> None:
    with pytest.raises(InvalidInput):
        parse_name(name)

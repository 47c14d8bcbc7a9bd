"""Tokens: the published vector of RFC 8037, and what is no token of ours."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import VerificationFailed
from traceability.credential.jws import sign, take_apart

# RFC 8037, appendix A.1 and A.4.
SECRET = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
TOKEN = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
KEY = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(SECRET + "="))


def test_the_vector_of_rfc_8037_comes_out_and_is_taken_apart() -> None:
    assert sign({}, b"Example of Ed25519 signing", KEY.sign) == TOKEN
    token = take_apart(TOKEN)
    assert token.payload == b"Example of Ed25519 signing"
    KEY.public_key().verify(token.signature, token.signed)


@given(st.binary(max_size=200), st.dictionaries(st.sampled_from(["typ", "kid", "cty"]), st.text()))
def test_what_was_put_in_comes_out(payload: bytes, header: dict[str, str]) -> None:
    if any("\ud800" <= sign_ <= "\udfff" for text in header.values() for sign_ in text):
        return
    token = take_apart(sign(header, payload, KEY.sign))
    assert token.payload == payload
    assert dict(token.header) == {**header, "alg": "EdDSA"}


def headed(header: str) -> str:
    encoded = base64.urlsafe_b64encode(header.encode()).rstrip(b"=").decode()
    return ".".join((encoded, *TOKEN.split(".")[1:]))


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", TOKEN + ".x", TOKEN + "=", TOKEN[:-1] + "B", TOKEN.replace(".", " . "), "é" + TOKEN, "\ud800." + TOKEN,
     headed("[]"), headed("null"), headed("{}"), headed('{"alg":"none"}'), headed('{"alg":"HS256"}'), headed('{"alg":["EdDSA"]}'),
     headed('{"alg":"EdDSA","crit":["b64"],"b64":false}'), headed('{"alg":"EdDSA","alg":"EdDSA"}'), headed("[" * 100_000),
     "A" * 3_000_000],
)  # fmt: skip
def test_what_is_no_token_of_ours_is_refused_by_name(token: str) -> None:
    with pytest.raises(VerificationFailed) as caught:
        take_apart(token)
    assert caught.value.step == "jws"


def test_the_header_is_written_the_one_way() -> None:
    first = sign({"typ": "vc+jwt", "kid": "k"}, b"", KEY.sign)
    assert first == sign({"kid": "k", "typ": "vc+jwt"}, b"", KEY.sign)
    assert json.loads(base64.urlsafe_b64decode(first.split(".")[0] + "==="))["typ"] == "vc+jwt"

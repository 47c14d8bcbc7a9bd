"""Compressed links. The pairs were made with GS1's own toolkit, which compresses as 1.1 says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from tests.traceability.test_digital_link import links
from traceability.digital_link import Link, parse
from traceability.digital_link.compress import compress
from traceability.digital_link.decompress import decompress

HOST = "https://example.org"
PAIRS = [
    ("ARFRJydaKA", "/01/09520123456788"),
    ("CxFRJydaKI1XgkY", "/01/09520123456788/10/ABC123"),
    ("CxFRJydaKAoAe0FoqIxHJkc", "/01/09520123456788/10/00123?416=9520001001031"),
    ("ChFRJydaKIRUIQWFW", "/01/09520123456788/22/2A/10/a%2B"),
    ("LRFRJydaKAAYYuYkEnJEgJW", "/01/09520123456788?3103=000195&17=201225&3922=0299"),
    ("DBFRJydaKQXhehFYDkYMohjTbkywNQ", "/01/09520123456788/21/x%2F?422=704&7230=EMabc&99=q"),
    ("mkaVIKsx7", "/8010/9520AB/8011/123"),
]
# Written without optimised sequences, with a sorted one, with words: read, never written.
READ_ONLY = [
    ("ARFRJydaKCCNV4JG", "/01/09520123456788/10/ABC123"),
    ("GhFRJydaKMpZyf2pYGUCjA5", "/01/09520123456788/10/LOT-1/21/12345?17=180426"),
    ("nYVmywr8UVEnJ1oo", "/414/9520123456788/254/32a%2Fb"),
    ("CxFRJydaKE1XgkfgpNWCv18RLFPInlS9A-fmxdcNPA", "/01/09520123456788/10/abc123?k1=v1&linkType=gs1%3Apip"),
]  # fmt: skip


@pytest.mark.parametrize(("packed", "path"), [*PAIRS, *READ_ONLY])
def test_known_pairs_are_read(packed: str, path: str) -> None:
    assert decompress(f"{HOST}/{packed}") == HOST + path
    query = "&" if "?" in path else "?"
    assert decompress(f"{HOST}/a/{packed}?x=1#f") == f"{HOST}/a{path}{query}x=1#f"


@pytest.mark.parametrize(("packed", "path"), PAIRS)
def test_known_pairs_are_written(packed: str, path: str) -> None:
    assert compress(parse(HOST + path), HOST + "/") == f"{HOST}/{packed}"


def test_the_key_may_stand_uncompressed() -> None:
    packed = "https://example.org/s/01/09520123456788/EEarwSMXP8AQ"
    assert decompress(packed) == "https://example.org/s/01/09520123456788/10/ABC123?17=261121"


@given(links())
def test_what_is_compressed_is_read_back(link: Link) -> None:
    assert parse(decompress(compress(link, HOST))).canonical() == link.canonical()


@pytest.mark.parametrize(
    "packed",
    ["", "AAAA", "ARFRJyda", "ARFRJydaKB", "ARFRJydbKA", "nowhere", "dang-nhap", "ARFRJydaKA==", "____", "ARFRJydaKA" * 2, "A" * 8000,
     "CxFRJydaKI1XgkY?10=X", "8AAAAAAA", "IxFRJydaKA"],
)  # fmt: skip
def test_what_is_no_compressed_link_is_refused(packed: str) -> None:
    with pytest.raises(InvalidInput):
        decompress(f"{HOST}/{packed}")


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", max_size=60))
def test_no_segment_is_more_than_refused(packed: str) -> None:
    for before in ("", "/01/09520123456788"):
        try:
            plain = decompress(f"{HOST}{before}/{packed}")
        except InvalidInput:
            continue
        assert parse(plain).mint(HOST).partition("?")[0] == plain.partition("?")[0]

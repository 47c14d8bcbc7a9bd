"""GS1 keys in their several spellings; facts from EPC Tag Data Standard 2.0 and GS1's examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gs1 import check_digit
from traceability.epcis.identifiers import canonical

ID = "https://id.gs1.org"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("urn:epc:id:sgtin:0614141.107346.2017", f"{ID}/01/10614141073464/21/2017"),
        ("urn:epc:id:sgtin:0614141.107346.a:b+c", f"{ID}/01/10614141073464/21/a%3Ab%2Bc"),
        ("urn:epc:id:sgtin:0614141.107346.12%2F3", f"{ID}/01/10614141073464/21/12%2F3"),
        ("urn:epc:id:sscc:4012345.0000000333", f"{ID}/00/040123450000003338"),
        ("urn:epc:id:sgln:4012345.00011.987", f"{ID}/414/4012345000115/254/987"),
        ("urn:epc:id:sgln:4012345.00011.0", f"{ID}/414/4012345000115"),
        ("urn:epc:id:sgln:952000100001..0", f"{ID}/414/9520001000010"),
        ("urn:epc:id:pgln:4012345.00225", f"{ID}/417/4012345002256"),
        ("urn:epc:id:giai:4000001.111", f"{ID}/8004/4000001111"),
        ("urn:epc:id:gsrn:0614141.0000010253", f"{ID}/8018/061414100000102534"),
        ("urn:epc:id:gdti:0614141.00001.1618034", f"{ID}/253/06141410000121618034"),
        ("urn:epc:id:ginc:0614141.xyz3311cba", f"{ID}/401/0614141xyz3311cba"),
        ("urn:epc:id:cpi:0614141.123ABC.123456789", f"{ID}/8010/0614141123ABC/8011/123456789"),
        ("urn:epc:id:itip:4012345.012345.04.04.987", f"{ID}/8006/040123451234560404/21/987"),
        ("urn:epc:id:upui:1234567.089456.51qIgY)<", None),
        ("urn:epc:class:lgtin:4012345.012345.998877", f"{ID}/01/04012345123456/10/998877"),
        ("urn:epc:idpat:sgtin:4012345.066666.*", f"{ID}/01/04012345666663"),
        ("https://example.com/some/path/gtin/10614141073464/ser/2017", f"{ID}/01/10614141073464/21/2017"),
        ("https://example.com/01/10614141073464/22/2A/10/L1/21/7?11=210101", f"{ID}/01/10614141073464/21/7"),
        ("https://example.com/01/10614141073464/22/2A", f"{ID}/01/10614141073464"),
        ("https://id.gs1.org/01/9520001000011", f"{ID}/01/09520001000011"),
        ("https://id.gs1.org/01/04012345111118/235/XYZ", f"{ID}/01/04012345111118/235/XYZ"),
        ("http://example.org/8004/401234599999", f"{ID}/8004/401234599999"),
        ("https://example.com/01/10614141073464/99/x", None),
        ("https://example.com/01/10614141073464/21/7/10/L1", None),
        ("https://example.com/01/10614141073464/21/7/", None),
        ("https://example.com/01/10614141073464#top", None),
        ("https://example.com/01/1061414107346", f"{ID}/01/01061414107346"),
        ("https://example.com/01/12345", None),
        ("urn:epc:id:sgtin:0614141.1073.2017", None),
        ("urn:epc:id:sgtin:0614141.107346.", None),
        ("urn:epc:id:", None),
        ("urn:epc:nonsense", None),
        ("geo:50.9,6.9", None),
        ("", None),
    ],
)  # fmt: skip
def test_one_key_has_one_link(written: str, expected: str | None) -> None:
    assert canonical(written) == expected


@pytest.mark.parametrize("expected", ["https://id.gs1.org/8003/04012345000771"])
def test_a_returnable_asset_has_its_filler_and_check_digit(expected: str) -> None:
    assert canonical("urn:epc:idpat:grai:4012345.00077.*") == expected
    assert check_digit(expected.rpartition("/")[2][:-1]) == int(expected[-1])


@given(
    st.integers(6, 12),
    st.integers(0, 10**12),
    st.from_regex(r"[A-Za-z0-9!()*+,:.%\-]{1,20}", fullmatch=True),
)
def test_what_is_canonical_stays(length: int, number: int, serial: str) -> None:
    digits = f"{number:013}"
    for urn in (
        f"id:sgtin:{digits[:length]}.{digits[length:13]}.{serial}",
        f"id:giai:{digits[:length]}.{serial}",
    ):
        found = canonical(f"urn:epc:{urn}")
        assert found is None or canonical(found) == found


@given(
    st.text(max_size=60) | st.from_regex(r"(urn:epc:|https://x/)[a-z0-9:./%]{0,40}", fullmatch=True)
)
def test_any_text_has_an_answer(text: str) -> None:
    found = canonical(text)
    assert found is None or found.startswith(ID)

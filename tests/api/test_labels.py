"""The office's page of printed labels, and what a void one tells whoever scans it."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from api.hot import LIFE_MS
from domain.gs1 import SerialNumber
from domain.lot import Lot
from tests.api.conftest import Site, standing_site
from tests.traceability.world import GTIN, NOON
from traceability.units import draw, note_printed, spend
from traceability.voiding import Why, void

PAGE, LOT = f"/qt/tem/{GTIN}/LO-1", f"/01/{GTIN}/10/LO-1"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = standing_site(tmp_path, LIFE_MS)
    yield site
    site.world.close()


@pytest.fixture
def lot(site: Site) -> Lot:
    with site.world.records.reading() as transaction:
        return transaction.lots.lots()[0]


@pytest.fixture
def serials(site: Site, lot: Lot) -> tuple[SerialNumber, ...]:
    drawn = draw(10)
    with site.world.records.transaction() as transaction:
        note_printed(transaction, lot, 42, NOON)
        spend(transaction, lot, drawn, 0.5, NOON)
    return drawn


def voids(site: Site, lot: Lot) -> set[str]:
    with site.world.records.reading() as transaction:
        return set(transaction.units.voids(lot))


def states(page: str) -> list[str]:
    return re.findall(r'data-state="(\w+)"', page)


def test_a_void_label_says_so_before_anything_else(
    site: Site, lot: Lot, serials: tuple[SerialNumber, ...]
) -> None:
    buyer, officer = site.browser(), site.browser("office")
    before = unescape(buyer.get(f"{LOT}/21/{serials[0]}").text)
    assert states(before) == ["valid"]
    typed = {"serials": f"{serials[0]}\n", "reason": "lost", "note": "rơi ở kho số 2"}
    done = officer.post(PAGE, data=typed, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}#da-huy")
    scanned = unescape(buyer.get(f"{LOT}/21/{serials[0]}").text)
    assert states(scanned) == ["void", "valid"], "at once, where it was made void"
    assert "Tem này đã bị hủy hiệu lực" in scanned
    assert "Ngày 21/11/2026 tem này được báo là bị mất." in scanned
    assert "Mã này do hệ thống cấp" not in scanned
    assert "kho số 2" not in scanned, "what the office notes is the office's"
    assert states(buyer.get(f"{LOT}/21/{serials[1]}").text) == ["valid"]
    assert states(buyer.get(LOT).text) == ["valid"], "the lot is as good as before"
    english = buyer.get(f"{LOT}/21/{serials[0]}?lang=en").text
    assert "On 21 Nov 2026 it was declared lost." in english


@pytest.mark.parametrize("reason", ["destroyed", "spoilt", "lost", "stolen"])
def test_every_reason_has_its_words(
    site: Site, lot: Lot, serials: tuple[SerialNumber, ...], reason: str
) -> None:
    with site.world.records.transaction() as transaction:
        void(transaction, lot, serials[:1], Why.parse(reason, ""), "office", NOON)
    page = unescape(site.browser().get(f"{LOT}/21/{serials[0]}").text)
    assert "Ngày 21/11/2026 tem này được báo là" in page
    assert reason not in page.split("</style>")[1]


def test_part_of_a_run_is_made_void_and_twice_is_once(
    site: Site, lot: Lot, serials: tuple[SerialNumber, ...]
) -> None:
    officer = site.browser("office")
    for _ in range(2):
        page = officer.post(
            PAGE, data={"run": "2", "first": "3", "last": "5", "reason": "destroyed"}
        )
        assert page.status_code == 200
        assert voids(site, lot) == set(serials[2:5])
    told = unescape(page.text)
    assert "Hỏng, đã tiêu hủy" in told
    assert "Các gói có số sê-ri nặng 3,5 kg trong 400 kg của lô." in told


WRONG = [
    ({"reason": "lost"}, 400, "serials", "Hãy chọn một lượt in, hoặc ghi một số sê-ri."),
    ({"run": "2"}, 400, "reason", "Hãy chọn lý do hủy hiệu lực của tem."),
    ({"run": "2", "reason": "torn"}, 400, "reason", "Hãy chọn lý do hủy hiệu lực của tem."),
    ({"run": "1", "reason": "lost"}, 400, "run", "Hãy chọn lượt in mà tem có số sê-ri."),
    ({"run": "2", "first": "9", "last": "11", "reason": "lost"}, 400, "first", "Hãy chọn các tem có trong lượt in này"),
    ({"run": "2", "first": "-1", "reason": "lost"}, 400, "first", "Hãy nhập một số nguyên"),
    ({"run": "2", "last": "９", "reason": "lost"}, 400, "last", "Hãy nhập một số nguyên"),
    ({"run": "2", "serials": "X", "reason": "lost"}, 400, "serials", "không dùng cả hai"),
    ({"serials": "0000000000000", "reason": "lost"}, 404, "serials", "Lô này không có tem mang"),
    ({"serials": "ử", "reason": "lost"}, 400, "serials", "không phải số sê-ri"),
    ({"run": "2", "reason": "lost", "note": "x" * 201}, 400, "note", "Ghi chú quá dài"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "status", "field", "sentence"), WRONG)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_typed_is_lost(
    site: Site, lot: Lot, serials: tuple[SerialNumber, ...], typed: dict[str, str], status: int,
    field: str, sentence: str,
) -> None:  # fmt: skip
    answer = site.browser("office").post(PAGE, data=typed)
    page = unescape(answer.text)
    assert answer.status_code == status
    assert sentence in page
    marked = re.findall(r'<\w+ id="(\w+)"[^>]*aria-invalid="true"', page)
    assert marked == ([] if field == "reason" else [field])
    for name in ("first", "last", "note"):
        assert f'name="{name}" value="{typed.get(name, "")}"' in page
    assert f">{typed.get('serials', '')}</textarea>" in page
    assert voids(site, lot) == set()


def test_it_is_the_offices(site: Site, serials: tuple[SerialNumber, ...]) -> None:
    grower = site.browser("grower")
    assert grower.get(PAGE).status_code == 403
    assert grower.post(PAGE, data={"run": "2", "reason": "lost"}).status_code == 403
    assert site.browser().get(PAGE, follow_redirects=False).status_code == 303
    assert site.browser("office").get("/qt/tem/09520001000010/LO-9").status_code == 404

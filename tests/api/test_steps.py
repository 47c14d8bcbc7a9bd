"""The forms of steps between lots: as the API takes them, and kind to whoever types."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from domain.gs1 import LotNumber
from domain.ids import StepId
from domain.lineage import Step, StepKind
from domain.lot import Recall
from store.records import tables as t
from tests.api.conftest import PIN, Site, made
from tests.traceability.lineage.orchard import BUYER, DRY, LATEX, PACKED, gathered, opened, plant
from tests.traceability.world import GTIN, NOON
from traceability.dossier import require_lot
from traceability.key_register import revoke
from traceability.lineage.reading import seen
from traceability.units import draw, spend


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield from made(tmp_path)


@pytest.fixture
def grower(site: Site) -> TestClient:
    return signed_in(site)


def signed_in(site: Site) -> TestClient:
    plant(site.world)
    opened(site.world, 100.0, "A")
    opened(site.world, 60.0, "B")
    opened(site.world, 50.0, "MU-1", LATEX)
    opened(site.world, 30.0, "MU-2", LATEX)
    return site.browser("grower")


def page_of(lot: str = "A", gtin: str = GTIN, work: str = "") -> str:
    return f"/r/lo/{gtin}/{lot}" + (f"/{work}" if work else "")


def post(client: TestClient, page: str, do: str = "take", **typed: str) -> Any:
    body = {"id": f"phieu-{page.rsplit('/', 1)[1]}", "do": do, **typed}
    return client.post(page, data=body, follow_redirects=False)


def left(site: Site, number: str, gtin: str = GTIN) -> float:
    with site.world.records.reading() as transaction:
        lot = require_lot(transaction, gtin, LotNumber(number))  # type: ignore[arg-type] # a GTIN
        node = next(n for n in seen(transaction, lot, NOON).nodes if n.lot == lot)
        return node.left


def steps(site: Site) -> list[Step]:
    with site.world.records.reading() as transaction:
        return transaction.lineage.every()


SPLIT = {"kilograms1": "40,1", "number1": "A-1", "kilograms2": "", "number2": "A-2",
         "kilograms3": "20.2", "number3": "A-3"}  # fmt: skip
MERGE = {"kilograms": "30", "lot1": f"{GTIN}/B", "take1": "60", "into": "AB"}
PACKING = {
    "process": "packing",
    "kilograms": "50",
    "gtin1": PACKED,
    "kilograms1": "48,5",
    "number1": "P",
}
DRYING = {"process": "latex-to-dry", "kilograms": "50", "dry": "35,7", "lot1": f"{LATEX}/MU-2", "take1": "30",
          "dry1": "30%", "gtin1": DRY, "kilograms1": "26,85", "number1": "K"}  # fmt: skip
SHIP = {"kilograms": "25", "name": "Bà Nguyễn Thị Năm"}


def test_a_lot_is_divided_and_its_page_says_so(site: Site, grower: TestClient) -> None:
    done = post(grower, page_of(work="chia"), **SPLIT)
    assert (done.status_code, done.headers["location"]) == (303, f"{page_of()}#da-lam")
    assert (left(site, "A"), left(site, "A-1"), left(site, "A-3")) == (39.7, 40.1, 20.2)
    told = unescape(grower.get(page_of()).text)
    assert "39,7 kg" in told
    assert f'<a href="{page_of("A-1")}">A-1</a> (40,1 kg)' in told
    child = unescape(grower.get(page_of("A-1")).text)
    assert f'<a href="{page_of()}">A</a> (60,3 kg)' in child


def test_lots_are_joined_processed_delivered_received_and_destroyed(
    site: Site, grower: TestClient
) -> None:
    assert post(grower, page_of(work="gop"), **MERGE).status_code == 303
    assert post(grower, page_of("AB", work="che-bien"), **PACKING).status_code == 303
    site.clock.now_ms += 1_000
    assert post(grower, page_of("P", PACKED, "giao"), **SHIP).status_code == 303
    site.clock.now_ms += 1_000
    form = unescape(grower.get(page_of("P", PACKED, "nhan")).text)
    assert "25 kg → Bà Nguyễn Thị Năm" in form
    arrived = {"kilograms": "24,5", "shipment": "phieu-giao", "place": str(BUYER)}
    assert post(grower, page_of("P", PACKED, "nhan"), **arrived).status_code == 303
    site.clock.now_ms += 1_000
    assert post(grower, page_of("P", PACKED, "huy"), kilograms="3.5").status_code == 303
    assert [step.kind.value for step in steps(site)] == [
        "merge", "transform", "ship", "receive", "destroy",
    ]  # fmt: skip
    assert left(site, "P", PACKED) == 20.0
    told = unescape(grower.get(page_of("P", PACKED)).text)
    for words in (
        "<b>Xuất hàng</b>",
        "<b>Đã nhận hàng</b>",
        "<b>Tiêu hủy</b>",
        "Bà Nguyễn Thị Năm",
        "(3,5 kg)",
    ):
        assert words in told


def test_latex_is_weighed_by_the_dry_rubber_that_was_measured(
    site: Site, grower: TestClient
) -> None:
    page = page_of("MU-1", LATEX, "che-bien")
    assert "không ghi thì tính 20 %" in unescape(grower.get(page).text)
    assert "Hàm lượng mủ khô" not in unescape(grower.get(page_of(work="che-bien")).text)
    more = unescape(post(grower, page, **DRYING | {"kilograms1": "26,851"}).text)
    assert 'aria-invalid="true"' in more.split('id="kilograms1"')[1].split(">")[0]
    for field, bad in (("dry", "19"), ("dry1", "61"), ("dry", "0,357"), ("dry1", "nhiều")):
        answer = post(grower, page, **DRYING | {field: bad})
        assert answer.status_code in (400, 422)
        assert marked(answer) == [field]
    assert post(grower, page, **DRYING).status_code == 303
    (step,) = steps(site)
    assert [one.dry_rubber for one in step.inputs] == [0.357, 0.3]
    assert left(site, "K", DRY) == 26.85


def marked(answer: Any) -> list[str]:
    """The fields that are marked as wrong; of several that answer one question, once."""
    found = re.findall(r'<\w+ [^>]*name="(\w+)"[^>]*aria-invalid="true"', answer.text)
    return list(dict.fromkeys(found))


@pytest.mark.parametrize(
    ("work", "typed"), [("chia", SPLIT), ("gop", MERGE), ("che-bien", PACKING), ("giao", SHIP), ("huy", {"kilograms": "7"})]
)  # fmt: skip
def test_a_form_sent_twice_takes_one_step(
    site: Site, grower: TestClient, work: str, typed: dict[str, str]
) -> None:
    first = post(grower, page_of(work=work), **typed)
    assert (
        post(grower, page_of(work=work), **typed).headers["location"] == first.headers["location"]
    )
    assert len(steps(site)) == 1
    other = post(grower, page_of(work=work), **typed | {"kilograms": "8", "kilograms1": "8"})
    assert other.status_code == 409
    assert "Phiếu này đã gửi trước đó" in unescape(other.text)
    assert len(steps(site)) == 1


def test_the_form_and_the_api_are_one_step(site: Site, grower: TestClient) -> None:
    assert post(grower, page_of(work="chia"), **SPLIT).status_code == 303
    parts = [{"number": "A-1", "kilograms": 40.1}, {"number": "A-3", "kilograms": 20.2}]
    body = {"id": "phieu-chia", "parts": parts}
    assert site.client("grower").post(f"/v1/lots/{GTIN}/A/split", json=body).status_code == 200


@pytest.mark.parametrize(
    ("work", "typed", "words"),
    [
        ("chia", SPLIT, ("<b>A</b>: đang có 100 kg, sau đó còn 39,7 kg", "<b>A-1</b> (40,1 kg), <b>A-3</b> (20,2 kg)")),
        ("gop", MERGE, ("<b>A</b>: đang có 100 kg, sau đó còn 70 kg", "<b>B</b>: đang có 60 kg, sau đó còn 0 kg", "<b>AB</b> (90 kg)")),
        ("che-bien", PACKING, ("đang có 100 kg, sau đó còn 50 kg", "<b>P</b> (48,5 kg)")),
        ("giao", SHIP, ("đang có 100 kg, sau đó còn 75 kg",)),
        ("huy", {"kilograms": "100"}, ("đang có 100 kg, sau đó còn 0 kg",)),
    ],
)  # fmt: skip
def test_a_preview_says_what_would_be_left_and_keeps_nothing(
    site: Site, grower: TestClient, work: str, typed: dict[str, str], words: tuple[str, ...]
) -> None:
    answer = post(grower, page_of(work=work), do="look", **typed)
    page = unescape(answer.text)
    assert answer.status_code == 200
    for one in words:
        assert one in page
    assert steps(site) == []
    assert left(site, "A") == 100.0
    with site.world.records.reading() as transaction:
        assert transaction.lots.find(GTIN, "A-1") is None
    for name, value in typed.items():
        assert unescape(f'"{value}"') in page, f"{name} is kept"
    again = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
    assert (
        grower.post(
            page_of(work=work), data=again | typed | {"do": "take"}, follow_redirects=False
        ).status_code
        == 303
    )
    assert len(steps(site)) == 1


WRONG = [
    ("chia", SPLIT | {"kilograms1": "80"}, "kilograms1", "Lô A còn 100 kg."),
    ("chia", {}, "kilograms1", "Hãy ghi số kg của từng phần."),
    ("chia", SPLIT | {"kilograms3": "x"}, "kilograms3", "Hãy nhập số kg"),
    ("chia", SPLIT | {"kilograms3": "1.234"}, "kilograms3", "Hãy nhập số kg"),
    ("chia", SPLIT | {"kilograms3": "0,0001"}, "kilograms3", "lẻ đến gam"),
    ("chia", SPLIT | {"kilograms3": "0"}, "kilograms3", "từ 1 gam trở lên"),
    ("chia", SPLIT | {"kilograms3": "-5"}, "kilograms3", "Hãy nhập số kg"),
    ("chia", SPLIT | {"number3": "a b"}, "number3", "Số lô chỉ gồm"),
    ("chia", SPLIT | {"number3": ""}, "number3", "Số lô chỉ gồm"),
    ("chia", SPLIT | {"number3": "A-1"}, "number3", "Mỗi lô cần một số riêng."),
    ("chia", SPLIT | {"number3": "A"}, "number3", "Mỗi lô cần một số riêng."),
    ("chia", SPLIT | {"number3": "B"}, "number3", "Số này đã là của lô khác."),
    ("chia", SPLIT | {"place": "123"}, "place", "mã GLN: 13 chữ số"),
    ("gop", MERGE | {"take1": "60,001"}, "take1", "Lô B còn 60 kg."),
    ("gop", MERGE | {"kilograms": "101"}, "kilograms", "Lô A còn 100 kg."),
    ("gop", MERGE | {"take1": ""}, "", "lấy từ một lô khác"),
    ("gop", MERGE | {"into": "B"}, "into", "Mỗi lô cần một số riêng."),
    ("gop", MERGE | {"into": ""}, "into", "Số lô chỉ gồm"),
    ("gop", MERGE | {"lot1": "x/y"}, "take1", "Chọn sản phẩm."),
    ("gop", MERGE | {"lot1": f"{GTIN}/NOPE"}, "", "Không tìm thấy lô"),
    ("gop", MERGE | {"lot1": f"{GTIN}/A"}, "", ""),
    ("che-bien", PACKING | {"kilograms1": "50,001"}, "kilograms1", "nhiều hơn mức có thể có"),
    ("che-bien", PACKING | {"gtin1": DRY}, "gtin1", "cùng loại cây"),
    ("che-bien", PACKING | {"gtin1": ""}, "gtin1", "Chọn sản phẩm."),
    ("che-bien", PACKING | {"process": "latex-to-dry"}, "process", "Không làm việc này với loại cây này."),
    ("che-bien", PACKING | {"process": "magic"}, "process", "Không làm việc này với loại cây này."),
    ("che-bien", PACKING | {"process": ""}, "process", "Hãy chọn việc đã làm."),
    ("che-bien", PACKING | {"kilograms1": ""}, "kilograms1", "làm ra hàng gì"),
    ("giao", SHIP | {"kilograms": "100,5"}, "kilograms", "Lô A còn 100 kg."),
    ("giao", SHIP | {"name": ""}, "name", "tên hoặc mã GLN"),
    ("giao", SHIP | {"gln": str(BUYER)}, "name", "không ghi cả hai"),
    ("giao", SHIP | {"name": "", "gln": "9520001001032"}, "gln", "số cuối để kiểm tra"),
    ("giao", SHIP | {"name": "x" * 121}, "name", "tên ngắn hơn"),
    ("huy", {"kilograms": ""}, "kilograms", "Hãy nhập số kg"),
    ("huy", {"kilograms": "9" * 400}, "kilograms", "Hãy nhập số kg"),
]  # fmt: skip


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, TestClient]]:
    """One site for all that is refused: nothing of it may be kept."""
    for site in made(tmp_path_factory.mktemp("refused")):
        yield site, signed_in(site)


@pytest.mark.parametrize("do", ["look", "take"])
@pytest.mark.parametrize(("work", "typed", "field", "sentence"), WRONG)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_typed_is_lost(
    untouched: tuple[Site, TestClient], work: str, typed: dict[str, str], field: str,
    sentence: str, do: str,
) -> None:  # fmt: skip
    site, grower = untouched
    answer = post(grower, page_of(work=work), do=do, **typed)
    page = unescape(answer.text)
    assert answer.status_code in (400, 404, 409, 422)
    assert sentence in page
    assert marked(answer) == ([field] if field else [])
    assert steps(site) == []
    for value in typed.values():
        offered = value in (DRY, "magic", f"{GTIN}/NOPE", f"{GTIN}/A", "x/y", "latex-to-dry")
        assert f'value="{value}"' in page or not value or offered, "what was typed is kept"
    assert 'value="phieu-' in page, "and its id: it was not taken"


def test_what_arrived_is_no_more_than_was_delivered(site: Site, grower: TestClient) -> None:
    post(grower, page_of(work="giao"), **SHIP)
    page = page_of(work="nhan")
    arrived = {"kilograms": "25,5", "shipment": "phieu-giao", "place": str(BUYER)}
    answer = post(grower, page, **arrived)
    assert (answer.status_code, marked(answer)) == (422, ["kilograms"])
    assert "nhiều hơn số đã giao" in unescape(answer.text)
    assert marked(post(grower, page, **arrived | {"kilograms": "25", "place": ""})) == ["place"]
    assert marked(post(grower, page, **arrived | {"kilograms": "25", "shipment": ""})) == [
        "shipment"
    ]
    assert post(grower, page, **arrived | {"shipment": "x"}).status_code == 404
    assert post(grower, page, **arrived | {"kilograms": "25"}).status_code == 303
    assert "Không có hàng nào của lô này đang trên đường." in unescape(grower.get(page).text)


def test_more_lines_keep_what_was_typed(grower: TestClient) -> None:
    page = unescape(post(grower, page_of(work="chia"), do="more", rows="4", **SPLIT).text)
    assert 'id="kilograms8"' in page
    assert 'id="kilograms9"' not in page
    assert 'value="40,1"' in page
    many = {f"kilograms{i}": "1" for i in range(1, 41)} | {
        f"number{i}": f"N{i}" for i in range(1, 41)
    }
    assert post(grower, page_of(work="chia"), rows="40", **many).status_code == 303
    lots = unescape(post(grower, page_of(work="chia"), do="more", rows="40").text)
    assert 'id="kilograms41"' not in lots
    assert post(grower, page_of(work="chia"), do="more", rows="９" * 99).status_code == 200


def test_a_recalled_lot_goes_nowhere_but_may_be_destroyed(site: Site, grower: TestClient) -> None:
    with site.world.records.transaction() as transaction:
        transaction.lots.add_recall(Recall(GTIN, LotNumber("A"), "thử", "office", NOON))
    page = grower.get(page_of()).text
    assert f'href="{page_of(work="huy")}"' in page
    assert f'href="{page_of(work="giao")}"' not in page
    answer = post(grower, page_of(work="giao"), **SHIP)
    assert answer.status_code == 422
    assert "bị thu hồi" in unescape(answer.text)
    assert post(grower, page_of(work="huy"), kilograms="100").status_code == 303
    assert "Lô không còn hàng" in unescape(grower.get(page_of()).text)


def test_what_bears_serials_is_not_divided(site: Site, grower: TestClient) -> None:
    with site.world.records.transaction() as transaction:
        lot = require_lot(transaction, GTIN, LotNumber("A"))
        spend(transaction, lot, draw(100), 0.5, NOON)
    assert "50 kg" in grower.get(page_of()).text
    answer = post(grower, page_of(work="chia"), **SPLIT)
    assert (answer.status_code, marked(answer)) == (422, ["kilograms1"])
    assert "đã dán tem có số sê-ri" in unescape(answer.text)


def test_somebody_elses_lot_is_nobody_elses(site: Site, grower: TestClient) -> None:
    other = site.browser("other")
    for path in (page_of(), page_of(work="chia")):
        assert other.get(path).status_code == 403
    assert post(other, page_of(work="huy"), kilograms="1").status_code == 403
    assert post(other, page_of(work="huy"), do="look", kilograms="1").status_code == 403
    assert site.browser().get(page_of(), follow_redirects=False).status_code == 303
    assert grower.get(page_of(work="xay")).status_code == 404
    assert post(grower, page_of(work="xay")).status_code == 404
    assert grower.get(page_of("NOPE")).status_code == 404
    assert steps(site) == []
    assert post(site.browser("office"), page_of(work="huy"), kilograms="1").status_code == 303


def test_a_session_that_ended_loses_no_step(site: Site, grower: TestClient) -> None:
    away = site.browser()
    asked = post(away, page_of(work="chia"), **SPLIT)
    assert asked.status_code == 401
    kept = {
        name: unescape(value)
        for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', asked.text)
    }
    done = away.post("/dang-nhap", data=kept | {"login": "grower", "secret": PIN})
    assert done.status_code == 200
    assert "A-1" in done.text
    assert len(steps(site)) == 1


def test_an_expired_lot_may_still_be_divided(site: Site, grower: TestClient) -> None:
    with site.world.records.transaction() as transaction:
        transaction.connection.execute(t.lot.update().values(expires=t.lot.c.harvested))
    assert post(grower, page_of(work="giao"), **SHIP).status_code == 422
    assert post(grower, page_of(work="chia"), **SPLIT).status_code == 303
    assert steps(site)[0].id == StepId("phieu-chia")
    assert steps(site)[0].kind is StepKind.SPLIT


def test_a_lot_that_gets_no_passport_is_open_all_the_same_and_says_why(tmp_path: Path) -> None:
    for site in made(tmp_path):
        grower = site.browser("grower")
        gathered(site.world, 10.0, "thu-9")
        with site.world.records.transaction() as transaction:
            revoke(transaction, site.world.signer.public().id, NOON, NOON)
        form = {"gtin": GTIN, "number": "Z-1", "harvest": "thu-9", "kilograms": "10"}
        sent = grower.post("/r/ruong-1/lo", data=form, follow_redirects=False)
        told_why = f"{page_of('Z-1')}?khong-ky=key"
        assert (sent.status_code, sent.headers["location"]) == (303, told_why)
        page = unescape(grower.get(page_of("Z-1")).text)
        assert "Chưa có hộ chiếu" in page or "chưa có hộ chiếu" in page
        asked = {"gtin": GTIN, "number": "Z-1"}
        again = grower.post("/r/ruong-1/ho-chieu", data=asked, follow_redirects=False)
        assert again.headers["location"] == told_why
        told = unescape(grower.get(again.headers["location"]).text)
        assert "Chưa làm được việc này." in told
        kept = grower.get(f"{page_of('Z-1')}?khong-ky=retention").text
        assert "kho lưu trữ" in unescape(kept)
        assert "<script" not in grower.get(f"{page_of('Z-1')}?khong-ky=<script>").text

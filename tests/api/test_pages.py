"""Pages for people, as the server makes them."""

import gzip
import html
import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from api.i18n import span
from api.office.tables import csv_answer
from domain.diary import Entry, Work
from domain.gs1 import LotNumber
from domain.ids import EntryId, PlotId
from domain.lot import IssuedPassport, Recall
from domain.window import DAY_MS
from nguon.demo.check import figures_on_page
from store.records import tables as t
from tests.api.conftest import ADDRESS, Site
from tests.traceability.test_passport import rows
from tests.traceability.world import GTIN, HARVESTED, NOON
from traceability.lots import LotRequest, open_lot

BUYER = "/01/09520001000010/10/LO-1"


def every_passport(site: Site) -> list[IssuedPassport]:
    with site.world.records.reading() as transaction:
        return transaction.lots.passports()


def state_of(page: str) -> str:
    found = re.search(r'data-state="(\w+)"', page)
    assert found is not None
    return found[1]


def test_the_buyers_page_is_one_small_request_without_script(site: Site) -> None:
    answer = site.browser().get(
        BUYER + "?416=9520001001017&7007=261120", headers={"Accept-Encoding": "identity"}
    )
    page = answer.text
    assert answer.status_code == 200
    # One is there that is data: nothing runs, and the policy allows nothing to.
    assert re.findall(r"<script[^>]*>", page) == ['<script type="application/ld+json">']
    assert "script-src" not in answer.headers["content-security-policy"]
    assert not re.search(r'(src|href)="https?://', page)
    assert not re.search(r"<(img|link rel=.stylesheet)", page)
    assert len(gzip.compress(answer.content, 5)) <= 30_000
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_its_figures_are_those_of_the_passport(site: Site) -> None:
    shown = figures_on_page(site.browser().get(BUYER).text)
    evidence = rows(site.passport)
    assert set(shown) == {"dat-01:soil_moisture_20", "dat-01:air_temperature", "dat-01:rain"}
    for name in ("minimum", "mean", "maximum"):
        assert shown["dat-01:soil_moisture_20"][name] == evidence["soil_moisture"][name]
    assert shown["dat-01:rain"] == {"total": evidence["rainfall"]["total"], "maximum": 0.5}


def test_it_says_who_says_what_and_what_is_missing(site: Site) -> None:
    page = html.unescape(site.browser().get(BUYER).text)
    for words in (
        "Cảm biến đo",
        "Nông dân khai",
        "Hệ thống tính",
        "Nhận 455 trên 480",
        "mất tín hiệu lâu nhất",
        "bỏ 1 số đo lỗi",
    ):
        assert words in page
    assert "hàng thật" not in page, "a copied label resolves too"


def test_states_are_distinct_and_a_recall_beats_a_date(site: Site) -> None:
    browser = site.browser()
    assert state_of(browser.get(BUYER).text) == "valid"
    site.clock.now_ms = NOON + 30 * DAY_MS
    assert state_of(browser.get(BUYER).text) == "expired"
    with site.world.records.transaction() as transaction:
        recall = Recall(GTIN, LotNumber("LO-1"), "Dư lượng thuốc", "office", NOON)
        transaction.lots.add_recall(recall)
    recalled = browser.get(BUYER)
    assert state_of(recalled.text) == "recalled"
    assert "Dư lượng thuốc" in html.unescape(recalled.text)
    assert "max-age=60" in recalled.headers["cache-control"]
    with site.world.records.transaction() as transaction:
        transaction.connection.execute(t.recall.delete())
    site.clock.now_ms = NOON


@pytest.mark.parametrize(
    ("path", "status"),
    [("/01/09520001000010/10/NOPE", 404), ("/01/09520123456788", 404), ("/lo/09520001000010/NOPE", 404), ("/T/00000000", 404),
     ("/01/09520001000011/10/LO-1", 400), ("/01/123", 400), ("/01/09520001000010/10/%FF", 400), ("/01/x/10/%3Cscript%3E", 400), ("/T/0000000Z", 400)],
)  # fmt: skip
def test_a_code_that_is_unknown_or_none_can_be_reported(site: Site, path: str, status: int) -> None:
    answer = site.browser().get(path)
    assert answer.status_code == status
    assert state_of(answer.text) == "unknown"
    assert 'action="/phan-hoi"' in answer.text
    assert "<script>" not in answer.text


def test_a_report_gets_a_receipt_number(site: Site) -> None:
    answer = site.browser().post(
        "/phan-hoi", data={"code": "x", "kind": "counterfeit", "note": "<b>lạ</b>"}
    )
    assert answer.status_code == 201
    assert "Số biên nhận" in html.unescape(answer.text)
    assert (
        site.browser().post("/phan-hoi", data={"code": "x", "kind": "nonsense"}).status_code == 400
    )


def test_a_form_from_another_site_is_refused(site: Site) -> None:
    browser = site.browser("grower")
    form = {"id": "x", "work": "weeding", "day": "2026-11-20"}
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": ""},
    ):
        assert browser.post("/r/ruong-1/ghi", data=form, headers=headers).status_code == 403
    same = {"Sec-Fetch-Site": "", "Origin": ADDRESS}
    answer = browser.post("/r/ruong-1/ghi", data=form, headers=same, follow_redirects=False)
    assert answer.status_code == 303


def test_head_is_answered_and_the_label_is_a_picture(site: Site) -> None:
    assert site.browser().head(BUYER).status_code == 200
    picture = site.browser().get("/tem/09520001000010/LO-1.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert site.browser().get("/tem/09520001000010/LO-1.exe").status_code == 400


def test_the_growers_plots_show_value_age_and_state(site: Site) -> None:
    page = html.unescape(site.browser("grower").get("/r").text)
    assert "Ruộng 1" in page
    assert "Ruộng 2" not in page
    assert "Mất tín hiệu" in page, "the last reading is eleven hours old and must not look current"


def test_one_plot_shows_charts_diary_and_lots(site: Site) -> None:
    browser = site.browser("grower")
    for stretch in ("24h", "7d", "vu", "nonsense"):
        answer = browser.get(f"/r/ruong-1?xem={stretch}")
        assert answer.status_code == 200
    page = html.unescape(answer.text)
    assert page.count('<svg viewBox="0 0 340 160"') == 3
    assert "LO-1" in page
    assert browser.get("/r/ruong-2").status_code == 403


def test_the_diary_is_three_steps_and_errors_are_told_in_the_form(site: Site) -> None:
    browser = site.browser("grower")
    assert html.unescape(browser.get("/r/ruong-1/ghi").text).count('class="tile"') == 8
    form = browser.get("/r/ruong-1/ghi?viec=harvest").text
    entry_id = re.search(r'name="id" value="(\w+)"', form)
    assert entry_id is not None
    day = (HARVESTED - timedelta(days=2)).isoformat()
    bad = browser.post(
        "/r/ruong-1/ghi", data={"id": entry_id[1], "work": "harvest", "day": day, "amount": "nhiều"}
    )
    assert bad.status_code == 400
    assert f'value="{day}"' in bad.text
    assert 'value="nhiều"' in html.unescape(bad.text)
    assert f'name="id" value="{entry_id[1]}"' in bad.text
    assert "Có chỗ cần sửa: Nhập một số lớn hơn 0" in " ".join(html.unescape(bad.text).split())
    unclear = browser.post(
        "/r/ruong-1/ghi", data={"id": entry_id[1], "work": "harvest", "day": day, "amount": "1.234"}
    )
    assert unclear.status_code == 400, "1.234 is a thousand to one reader and one to another"
    good = {"id": entry_id[1], "work": "harvest", "day": day, "amount": "1.234,5"}
    for _ in range(2):
        assert browser.post("/r/ruong-1/ghi", data=good, follow_redirects=False).status_code == 303
    assert "1.234,5 kg" in html.unescape(browser.get("/r/ruong-1").text)


def test_a_lot_opened_by_hand_has_its_label(site: Site) -> None:
    browser = site.browser("grower")
    form = {"gtin": "09520001000010", "number": "TAY-1", "harvest": "thu-hoach", "kilograms": "20"}
    assert "Mở lô và ký hộ chiếu" in html.unescape(browser.get("/r/ruong-1/lo").text)
    assert browser.post("/r/ruong-1/lo", data=form, follow_redirects=False).status_code == 303
    label = html.unescape(browser.get("/r/ruong-1/tem/09520001000010/TAY-1").text)
    assert "/tem/09520001000010/TAY-1.svg" in label
    assert browser.post("/r/ruong-1/lo", data=form, follow_redirects=False).status_code == 303
    passports = [p for p in every_passport(site) if p.number == "TAY-1"]
    assert len(passports) == 1, "sent twice, signed once"
    too_much = browser.post("/r/ruong-1/lo", data=form | {"number": "TAY-2", "kilograms": "2"})
    assert too_much.status_code == 422
    page = html.unescape(too_much.text)
    assert "không được vượt quá lần thu hoạch" in page
    assert 'name="number" value="TAY-2"' in page
    assert 'value="2" required' in page


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"gtin": "1"}, "Chọn sản phẩm"), ({"number": "A?B"}, "Số lô chỉ gồm"), ({"kilograms": "1_0"}, "Nhập một số lớn hơn 0"),
     ({"harvest": "cua-ruong-2"}, "Chọn lần thu hoạch của ruộng này"), ({"kilograms": ""}, "Nhập một số lớn hơn 0")],
)  # fmt: skip
def test_what_is_wrong_with_a_lot_is_said_in_the_form(
    site: Site, wrong: dict[str, str], said: str
) -> None:
    """And what was typed stays. The second harvest is of the same grower's other plot."""
    with site.world.records.transaction() as transaction:
        other = Entry(EntryId("cua-ruong-2"), PlotId("ruong-2"), Work.HARVEST, HARVESTED, "grower",
                      9.0, "kg", None, "", NOON)  # fmt: skip
        transaction.diary.add(other)
    form = {"gtin": GTIN, "number": "SAI-1", "harvest": "thu-hoach", "kilograms": "1"} | wrong
    answer = site.browser("grower").post("/r/ruong-1/lo", data=form)
    assert answer.status_code == 400
    page = html.unescape(answer.text)
    assert said in page
    assert f'name="number" value="{form["number"]}"' in page


def test_a_lot_without_a_passport_can_be_signed_from_its_plot(site: Site) -> None:
    site.world.harvest(5.0, name="thu-hoach-khac")
    request = LotRequest(GTIN, LotNumber("KHONG-KY"), EntryId("thu-hoach-khac"), 5.0)
    with site.world.records.transaction() as transaction:
        open_lot(transaction, request, NOON)
    browser = site.browser("grower")
    assert "Ký hộ chiếu" in html.unescape(browser.get("/r/ruong-1").text)
    form = {"gtin": GTIN, "number": "KHONG-KY"}
    answer = browser.post("/r/ruong-1/ho-chieu", data=form, follow_redirects=False)
    assert answer.status_code == 303
    assert "KHONG-KY" in [p.number for p in every_passport(site)]
    assert "Ký hộ chiếu" not in html.unescape(browser.get("/r/ruong-1").text)


def test_a_spraying_written_down_late_takes_the_green_off_the_label(site: Site) -> None:
    site.world.spray(HARVESTED, "phun-sau")
    page = html.unescape(site.browser().get(BUYER).text)
    assert state_of(page) == "doubted"
    assert "Lô hàng này đang được xem xét" in page
    assert "Thuốc mẫu A" in page
    assert site.client().get("/v1/lots/09520001000010/LO-1").json()["state"] == "doubted"
    office = html.unescape(site.browser("office").get("/qt").text)
    assert re.search(r"<b>[1-9]\d*</b><a href=\"#lo\">Lô hàng đang xem xét", office)
    form = {"gtin": GTIN, "number": "LO-1", "reason": "Ghi nhầm ngày", "decision": "settle"}
    site.clock.now_ms = NOON + 1_000
    assert site.browser("grower").post("/qt/quyet-dinh", data=form).status_code == 403
    browser = site.browser("office")
    assert browser.post("/qt/quyet-dinh", data=form | {"reason": " "}).status_code == 400
    done = browser.post("/qt/quyet-dinh", data=form, follow_redirects=False)
    assert done.status_code == 303
    page = html.unescape(site.browser().get(BUYER).text)
    assert state_of(page) == "valid"
    assert "Đã xem xét ngày 21/11/2026: Ghi nhầm ngày" in page
    assert browser.post("/qt/quyet-dinh", data=form).status_code == 422, "nothing left in doubt"
    # What is written down later is a doubt again.
    later = replace(site.world.spray(HARVESTED, "phun-nua"), recorded_ms=NOON + 2_000)
    with site.world.records.transaction() as transaction:
        transaction.connection.execute(t.entry.delete().where(t.entry.c.id == "phun-nua"))
        transaction.diary.add(later)
    assert state_of(site.browser().get(BUYER).text) == "doubted"
    site.clock.now_ms = NOON + 3_000
    answer = site.client("office").post(f"/v1/lots/{GTIN}/LO-1/finding", json={"reason": "x"})
    assert (answer.status_code, answer.json()["state"]) == (201, "valid")
    site.clock.now_ms = NOON
    with site.world.records.transaction() as transaction:
        sprayed = t.entry.c.id.in_(["phun-sau", "phun-nua"])
        transaction.connection.execute(t.entry.delete().where(sprayed))
        transaction.connection.execute(t.finding.delete())
    assert state_of(site.browser().get(BUYER).text) == "valid"


@pytest.mark.parametrize(
    ("query", "copied"),
    [("", False), ("?416=9520001001017&7007=261120", False), ("?416=9520001001024", True),
     ("?7007=261119", True), ("?416=x", True),
     ("?416=9520001001024&21=5", True), ("?7007=261119&17=261205", True), ("?416=9520001001017&21=5", False),
     ("?416=9520001001017&416=9520001001024", True)],
)  # fmt: skip
def test_a_label_that_names_another_place_or_day_is_called_out(
    site: Site, query: str, copied: bool
) -> None:
    page = html.unescape(site.browser().get(BUYER + query).text)
    assert ("Có thể là tem sao chép" in page) is copied


@pytest.mark.parametrize(
    "path", ["/01/9520001000010/10/LO-1", "/01/09520001000010/10/LO-1/", "/01/9520001000010/10/LO-1/?416=9520001001017"]
)  # fmt: skip
def test_other_ways_to_write_the_same_link_lead_to_it(site: Site, path: str) -> None:
    assert state_of(site.browser().get(path).text) == "valid"


def test_what_a_buyer_wrote_is_shown_again_when_it_is_refused(site: Site) -> None:
    buyer = site.browser()
    long = buyer.post("/phan-hoi", data={"code": "x", "note": "rất dài " * 200})
    assert long.status_code == 400
    assert "rất dài rất dài" in html.unescape(long.text)
    for garbled in ("/01/09520001000010/10/%e2%80%aeabc", "/01/", "/01/a%00b"):
        page = buyer.get(garbled)
        code = re.search(r'name="code" value="([^"]*)"', page.text)
        assert code is not None
        site.clock.now_ms += DAY_MS
        sent = buyer.post("/phan-hoi", data={"code": html.unescape(code[1]), "note": "lạ"})
        assert sent.status_code == 201
    site.clock.now_ms = NOON


def test_many_passports_asked_for_at_once_are_one(site: Site) -> None:
    site.world.harvest(7.0, name="thu-hoach-cung-luc")
    body = {"gtin": GTIN, "number": "CUNG-LUC", "harvest": "thu-hoach-cung-luc", "kilograms": 7}
    client = site.client("grower")
    assert client.post("/v1/lots", json=body).status_code == 201
    ways = [
        lambda: client.post(f"/v1/lots/{GTIN}/CUNG-LUC/passport").status_code,
        lambda: site.browser("grower").post(
            "/r/ruong-1/lo", data=body, follow_redirects=False).status_code,
    ] * 3  # fmt: skip
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda way: way(), ways))
    assert sorted(answers) == [201] * 3 + [303] * 3
    assert [p.number for p in every_passport(site)].count(LotNumber("CUNG-LUC")) == 1


def test_weights_are_not_rounded_to_something_else(site: Site) -> None:
    site.world.harvest(1.5, name="mot-ruoi")
    request = LotRequest(GTIN, LotNumber("NUA-KG"), EntryId("mot-ruoi"), 1.5)
    with site.world.records.transaction() as transaction:
        open_lot(transaction, request, NOON)
    for path, login in ((f"/01/{GTIN}/10/NUA-KG", ""), ("/r/ruong-1", "grower"), ("/qt", "office")):
        assert "1,5" in html.unescape(site.browser(login).get(path).text), path


def test_silences_are_told_in_words(site: Site) -> None:
    assert "mất tín hiệu lâu nhất 6,2 giờ" in html.unescape(site.browser().get(BUYER).text)
    assert "longest silence 6.2 hours" in site.browser(language="en").get(BUYER).text
    assert (span(150, "vi"), span(150, "en")) == ("2 phút", "2 minutes")


def test_a_label_of_a_lot_in_doubt_is_not_to_be_used(site: Site) -> None:
    path = "/r/ruong-1/tem/09520001000010/LO-1"
    assert "Hiện không dùng tem này" not in html.unescape(site.browser("grower").get(path).text)
    site.world.spray(HARVESTED, "phun-sau")
    assert "Hiện không dùng tem này" in html.unescape(site.browser("grower").get(path).text)
    with site.world.records.transaction() as transaction:
        transaction.connection.execute(t.entry.delete().where(t.entry.c.id == "phun-sau"))


def test_buyers_reports_are_read_by_the_office_and_slowed_down(site: Site) -> None:
    buyer = site.browser()
    site.clock.now_ms = NOON + 9 * DAY_MS
    form = {"code": "09520001000010/LO-1", "kind": "counterfeit", "note": "Thấy ở chợ\nhai tem"}
    assert [buyer.post("/phan-hoi", data=form).status_code for _ in range(11)] == [201] * 10 + [429]
    site.clock.now_ms = NOON
    page = html.unescape(site.browser("office").get("/qt").text)
    assert "Thấy ở chợ" in page
    assert "Nghi hàng giả" in page
    newest = site.client("office").get("/v1/reports?limit=1").json()[0]
    assert newest["note"] == form["note"]
    assert site.client("grower").get("/v1/reports").status_code == 403


def test_text_typed_in_pieces_is_kept_whole(site: Site) -> None:
    """A keyboard that sends letters and marks apart (NFD) writes the same text."""
    browser = site.browser("grower")
    note = "Phòng rệp sáp ở gốc"
    typed = note + "\r\nhàng hai"
    form = {
        "id": "nfd-1",
        "work": "scouting",
        "day": HARVESTED.isoformat(),
        "note": unicodedata.normalize("NFD", typed),
    }
    assert browser.post("/r/ruong-1/ghi", data=form, follow_redirects=False).status_code == 303
    assert note in html.unescape(browser.get("/r/ruong-1").text)


def test_the_office_sees_output_sensors_and_can_download(site: Site) -> None:
    browser = site.browser("office")
    page = html.unescape(browser.get("/qt").text)
    for words in ("Việc cần làm hôm nay", "Xã mẫu", "Dưa leo", "dat-01"):
        assert words in page
    output = browser.get("/qt/san-luong.csv")
    assert output.text.startswith("\ufeffxa,")
    assert "Xã mẫu" in output.text
    assert "dat-01" in browser.get("/qt/cam-bien.csv").text
    assert site.browser("grower").get("/qt").status_code == 403


def test_a_cell_that_a_spreadsheet_would_run_is_text(site: Site) -> None:
    answer = csv_answer("x.csv", ("a",), [("=1+1",), ("@x",), ("bình thường",), (-3,)])
    assert bytes(answer.body).decode("utf-8-sig").split() == [
        "a",
        "'=1+1",
        "'@x",
        "bình",
        "thường",
        "-3",
    ]


def test_a_recall_by_the_office_needs_a_reason_and_has_one(site: Site) -> None:
    browser = site.browser("office")
    form = {"gtin": "09520001000010", "number": "TAY-1", "reason": " "}
    for reason in (" ", "", "\0", "\u202ex", "x" * 201, "\u200b", "\u3164 \u2060"):
        refused = browser.post("/qt/quyet-dinh", data=form | {"reason": reason})
        assert refused.status_code == 400
        assert "Có chỗ cần sửa" in html.unescape(refused.text)
    assert f'value="{"x" * 201}"' in browser.post(
        "/qt/quyet-dinh", data=form | {"reason": "x" * 201}
    ).text, "what was typed stays"  # fmt: skip
    good = browser.post("/qt/quyet-dinh", data=form | {"reason": "thử"}, follow_redirects=False)
    assert good.status_code == 303
    assert state_of(browser.get("/01/09520001000010/10/TAY-1").text) == "recalled"
    again = browser.post("/qt/quyet-dinh", data=form | {"reason": " thử"}, follow_redirects=False)
    assert again.status_code == 303
    other = browser.post("/qt/quyet-dinh", data=form | {"reason": "lý do khác"})
    assert other.status_code == 409
    machine = site.client("office").post(
        "/v1/lots/09520001000010/TAY-1/recall", json={"reason": " "}
    )
    assert (machine.status_code, machine.json()["field"]) == (400, "reason")


def test_english_is_one_tap_away_and_keeps_the_place(site: Site) -> None:
    vietnamese = html.unescape(site.browser().get(BUYER + "?416=9520001001017").text)
    assert f'href="{BUYER}?lang=en&416=9520001001017"' in vietnamese
    assert "This label is in the system" in site.browser(language="en").get(BUYER).text


def test_the_front_door_and_signing_in_and_out(site: Site) -> None:
    browser = site.browser()
    assert "/01/09520001000010/10/" in browser.get("/").text
    wrong = browser.post("/dang-nhap", data={"login": "grower", "secret": "0"})
    assert wrong.status_code == 401
    signed_in = site.browser("grower")
    signed_in.post("/dang-xuat")
    assert signed_in.get("/r", follow_redirects=False).status_code == 303

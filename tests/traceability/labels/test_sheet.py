"""Every code on a rendered sheet reads, and says what the record says."""

import random
import time
import tracemalloc
import unicodedata
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
import qrcode
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput, NotFound, Refused
from tests.traceability.labels.camera import blurred, codes, pages, read, stained
from tests.traceability.world import World
from traceability.labels.content import Label, Line, example, label_of, unit_of
from traceability.labels.setting import set_text, text_box
from traceability.labels.sheet import write_lot, write_test, write_units
from traceability.labels.symbol import symbol
from traceability.labels.templates import template, templates
from traceability.units import draw

ADDRESS = "https://nguon.example"


@pytest.fixture
def label(tmp_path: Path) -> Label:
    world = World(tmp_path)
    world.harvest()
    with world.records.transaction() as transaction:
        made = label_of(transaction, world.open(transaction), ADDRESS)
    world.close()
    return made


def heard(_done: int) -> None:
    """Nobody watches."""


@pytest.mark.parametrize("name", templates())
def test_every_code_reads_blurred_and_stained_and_equals_its_record(
    name: str, label: Label, tmp_path: Path
) -> None:
    chosen, dice = template(name), random.Random(name)
    count = 30 if chosen.cells > 1 else 6
    write_lot(tmp_path / "out.pdf", chosen, label, count, 1, heard)
    seen = 0
    for page in pages(tmp_path / "out.pdf"):
        for _, code in codes(blurred(page), chosen):
            seen += 1
            assert read(stained(code, label.link, 0.08, dice)) == [label.link]
    assert seen == count


def test_the_label_says_what_the_record_says_in_composed_vietnamese(
    label: Label, tmp_path: Path
) -> None:
    assert label.link == f"{ADDRESS}/01/09520001000010/10/LO-1?416=9520001001017&7007=261120"
    split = replace(label, title=unicodedata.normalize("NFC", "Mủ cao su ngữ ươm"))
    write_lot(tmp_path / "out.pdf", template("a4-3x7"), split, 1, 1, heard)
    document = pypdfium2.PdfDocument(tmp_path / "out.pdf")
    text = " ".join(document[0].get_textpage().get_text_range().split())
    document.close()
    for needed in ("Mủ cao su ngữ ươm", "Lô: LO-1", "GTIN: 09520001000010", "HSD: 30/11/2026",
                   "Thu hoạch: 20/11/2026", "Hộ mẫu 1", "nguon.example/T/"):  # fmt: skip
        assert needed in text
    assert unicodedata.is_normalized("NFC", text)


def test_the_font_is_embedded_and_a_part_of_it(label: Label, tmp_path: Path) -> None:
    write_lot(tmp_path / "out.pdf", template("a4-3x7"), label, 1, 1, heard)
    raw = (tmp_path / "out.pdf").read_bytes()
    assert raw.count(b"/FontFile2") >= 2
    assert b"BeVietnamPro" in raw
    assert len(raw) < 60_000


@pytest.mark.parametrize(("start", "first_page"), [(1, 21), (5, 17), (21, 1)])
def test_the_first_cells_stay_free(
    start: int, first_page: int, label: Label, tmp_path: Path
) -> None:
    chosen = template("a4-3x7")
    told: list[int] = []
    made = write_lot(tmp_path / "out.pdf", chosen, label, 25, start, told.append)
    found = [[cell for cell, _ in codes(page, chosen)] for page in pages(tmp_path / "out.pdf")]
    assert found[0] == list(range(start - 1, 21))
    assert len(found[0]) == first_page
    assert sum(map(len, found)) == 25
    assert made.pages == len(found)
    assert told[0] == first_page


def test_the_same_lot_is_the_same_file(label: Label, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_lot(tmp_path / name, template("roll-40x40"), label, 3, 1, heard)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("name", ["a4-3x7", "roll-50x30"])
def test_ten_thousand_labels_within_a_minute(name: str, label: Label, tmp_path: Path) -> None:
    # Of this process: what else the machine does is not ours.
    began = time.process_time()
    write_lot(tmp_path / "out.pdf", template(name), label, 10_000, 1, heard)
    assert time.process_time() - began < 60
    assert (tmp_path / "out.pdf").stat().st_size < 10e6


def test_ten_thousand_units_within_a_minute(label: Label, tmp_path: Path) -> None:
    began = time.process_time()
    labels = [unit_of(label, serial) for serial in draw(10_000)]
    write_units(tmp_path / "out.pdf", template("a4-3x7"), labels, 1, heard)
    assert time.process_time() - began < 60


@pytest.mark.parametrize("name", templates())
def test_every_unit_reads_blurred_and_stained(
    name: str, label: Label, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, dice = template(name), random.Random(name)
    monkeypatch.setattr("secrets.randbits", dice.getrandbits)  # the same ones every time
    labels = [unit_of(label, serial) for serial in draw(24 if chosen.cells > 1 else 6)]
    write_units(tmp_path / "out.pdf", chosen, labels, 1, heard)
    found = [
        read(stained(code, labels[0].link, 0.08, dice))
        for page in pages(tmp_path / "out.pdf")
        for _, code in codes(blurred(page), chosen)
    ]
    assert found == [[one.link] for one in labels]


def test_ten_thousand_labels_within_200_mb(label: Label, tmp_path: Path) -> None:
    tracemalloc.start()
    write_lot(tmp_path / "out.pdf", template("a4-3x7"), label, 10_000, 1, heard)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6


@pytest.mark.parametrize("name", templates())
def test_a_ruler_is_as_long_as_it_says(name: str, tmp_path: Path) -> None:
    chosen = template(name)
    write_test(tmp_path / "test.pdf", chosen, example())
    (page,) = pages(tmp_path / "test.pdf")
    assert page.width == pytest.approx(chosen.page[0] * 150 / 25.4, abs=1)
    document = pypdfium2.PdfDocument(tmp_path / "test.pdf")
    text = document[0].get_textpage().get_text_range()
    boxes = [one.get_bounds() for one in document[0].get_objects() if one.type == 2]
    document.close()
    length = 100 if chosen.cells > 1 else min(chosen.page) // 10 * 10 - 10
    assert f"In 100 %, không co giãn: {length:g} mm" in text
    wide = max(right - left for left, bottom, right, top in boxes if top - bottom < 2)
    assert wide / 72 * 25.4 == pytest.approx(length, abs=0.5)
    assert all(b[0] >= -1 and b[1] >= -1 and b[2] <= chosen.page[0] * 72 / 25.4 + 1 for b in boxes)
    assert max(top for _, _, _, top in boxes) <= chosen.page[1] * 72 / 25.4 + 1


@pytest.mark.parametrize(("count", "start"), [(0, 1), (20_001, 1), (1, 0), (1, 22), (-1, 1)])
def test_cells_and_counts_that_there_are_not(
    count: int, start: int, label: Label, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput):
        write_lot(tmp_path / "out.pdf", template("a4-3x7"), label, count, start, heard)
    assert not (tmp_path / "out.pdf").exists()
    with pytest.raises(NotFound, match="there is a4-3x7, a4-3x8"):
        template("a5")


def test_a_code_that_would_be_too_fine_is_refused(label: Label, tmp_path: Path) -> None:
    long = replace(label, link=label.link + "&x=" + "y" * 300)
    with pytest.raises(Refused, match="choose a larger label") as caught:
        write_lot(tmp_path / "out.pdf", template("roll-50x30"), long, 1, 1, heard)
    assert caught.value.rule == "label-size"
    with pytest.raises(InvalidInput, match="no QR code holds"):
        symbol("x" * 5_000)
    with pytest.raises(InvalidInput):
        symbol("")


def test_a_sign_that_the_font_lacks_is_told_and_not_drawn_as_a_box(
    label: Label, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match=r"no sign for U\+1F952"):
        write_lot(
            tmp_path / "out.pdf", template("a4-3x7"), replace(label, title="Dưa 🥒"), 1, 1, heard
        )


@pytest.mark.parametrize("name", templates())
@given(
    title=st.text("aăâđêôơưữỆ ABCW", max_size=80),
    others=st.lists(st.text("aăâđêôơưữỆ W", max_size=60), max_size=8),
    number=st.text("W0-", min_size=1, max_size=20),
)
def test_whatever_the_names_what_is_typed_by_hand_stands_there_in_full(
    name: str, title: str, others: list[str], number: str
) -> None:
    chosen = template(name)
    typed = (Line(f"Lô: {number}", typed=True), Line("GTIN: 09520001000010", typed=True))
    label = Label("https://x.example", title, (*typed, *map(Line, others)))
    text = set_text(label, chosen)
    run_on = "".join(line.text for line in text.lines)
    assert all(line.text in run_on for line in typed), "on two lines if need be, but in full"
    assert text.height <= text_box(chosen).height + 1e-6
    assert all(line.size >= chosen.least_text for line in text.lines)
    told = {one.line.text for one in text.lost}
    for said in (title, *others):
        whole = said.replace(" ", "") in run_on.replace(" ", "")
        assert whole or said in told, "what does not stand there is told"
    for one in text.lost:
        assert one.shown == "" or one.shown.endswith("…"), "left out, or cut and seen to be"


def words_of(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    text = " ".join(document[0].get_textpage().get_text_range().split())
    document.close()
    return text


def test_what_has_no_room_is_told_and_stands_nowhere(label: Label, tmp_path: Path) -> None:
    made = write_lot(tmp_path / "out.pdf", template("roll-40x40"), label, 1, 1, heard)
    assert [one.line.meaning.en for one in made.lost] == ["the day of harvest", "the grower's name"]
    seen = words_of(tmp_path / "out.pdf")
    assert all(one.line.text not in seen for one in made.lost)
    assert all(line.text in seen for line in label.lines[:4])
    units = [unit_of(label, serial) for serial in draw(30)]
    made = write_units(tmp_path / "units.pdf", template("roll-40x40"), units, 1, heard)
    assert [one.line.meaning.vi for one in made.lost] == [
        "hạn sử dụng", "ngày thu hoạch", "tên người trồng",
    ], "each once, not once a label"  # fmt: skip
    made = write_lot(tmp_path / "wide.pdf", template("a4-3x7"), label, 1, 1, heard)
    assert made.lost == ()


def test_a_name_that_is_cut_is_told_with_what_is_left_of_it(label: Label, tmp_path: Path) -> None:
    grower = "Hợp tác xã sản xuất thương mại dịch vụ nông nghiệp công nghệ cao Xuân Lộc"
    long = replace(label, lines=(*label.lines[:-1], replace(label.lines[-1], text=grower)),
                   title="Dưa leo " * 12)  # fmt: skip
    made = write_lot(tmp_path / "out.pdf", template("a4-3x7"), long, 1, 1, heard)
    title, name = made.lost
    assert (title.line.meaning.en, name.line.meaning.en) == (
        "the product's name", "the grower's name",
    )  # fmt: skip
    assert name.line.text == grower
    assert grower.startswith(name.shown.removesuffix("…"))
    assert name.shown in words_of(tmp_path / "out.pdf")


@pytest.mark.parametrize("name", templates())
def test_the_test_sheet_says_what_has_no_room(name: str, tmp_path: Path) -> None:
    lost = write_test(tmp_path / "test.pdf", template(name), example())
    seen = words_of(tmp_path / "test.pdf")
    assert ("No room for" in seen) == any(lost)
    for one in lost:
        assert one.line.meaning.vi in seen
        assert one.line.meaning.en in seen


def test_two_encoders_agree_module_by_module() -> None:
    """Of eight masks a symbol has one; `qrcode` makes all eight, and ours is among them."""
    link = "https://nguon.example/abc"  # no digits: those each may pack in another mode
    ours = symbol(link)
    dark = {(x + i, y) for x, y, length in ours.runs for i in range(length)}
    for mask in range(8):
        other = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_H, border=0, mask_pattern=mask)
        other.add_data(link, optimize=0)
        other.make()
        rows = other.get_matrix()
        if {(x, y) for y, row in enumerate(rows) for x, on in enumerate(row) if on} == dark:
            return
    pytest.fail("no mask gives the same symbol")

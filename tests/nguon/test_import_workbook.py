"""Excel files made here, with whatever cells people leave in them, and files that are none."""

# ruff: noqa: DTZ001 - a workbook's dates have no zone
import io
import zipfile
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook

from domain.errors import InvalidInput
from domain.logger_map import parse_map
from domain.table import Row
from ingest.workbook import read_workbook
from nguon.compose import Stores
from tests.nguon.test_import import (
    AIR,
    MAP,
    MOISTURE,
    became,
    imported,
    instant,
    opened,  # noqa: F401 - the fixture
    report,
    values,
)

HEAD: list[object] = ["time", "moisture", "t"]


def book(rows: list[list[object]], *others: str, name: str = "f.xlsx") -> Path:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = "Data"
    for row in rows:
        sheet.append(row)
    for other in others:
        made.create_sheet(other)
    made.save(name)
    return Path(name)


def changed(path: Path, part: str, change: Callable[[bytes], bytes]) -> None:
    """Write a workbook anew with one of its parts changed, as another program might write it."""
    source = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, change(content) if name == part else content)


SHEET = "xl/worksheets/sheet1.xml"


def test_cells_of_every_kind_have_a_sensible_answer(opened: Stores) -> None:  # noqa: F811
    book([
        HEAD,
        [datetime(2026, 6, 1), 20, 50.0],
        [datetime(2026, 6, 1, 0, 14, 59, 999_000), "21.5", None],
        ["2026-06-01 00:30", True, "#N/A"],
        [datetime(2026, 6, 1, 0, 45), "=B2*2", "=1+1"],
        [],
        [46174.5, 1, 2],
        [time(12), 1, 2],
        [timedelta(days=3), 1, 2],
        [datetime(2026, 6, 1, 1), datetime(2026, 5, 1), 59, "a note beside the table"],
        HEAD,
        [datetime(2026, 6, 1, 1, 15), 26.5],
    ])  # fmt: skip
    assert imported("--report", "r.csv", file="f.xlsx") == 1
    assert became() == [
        (2, "new"), (3, "new"), (4, "unreadable"), (5, "unreadable"), (7, "unreadable"), (8, "unreadable"),
        (9, "unreadable"), (10, "unreadable"), (12, "new"),
    ]  # fmt: skip
    assert values(opened, MOISTURE) == [(instant(0), 20), (instant(1), 21.5), (instant(5), 26.5)]
    assert [time_ms for time_ms, _ in values(opened, AIR)] == [instant(0)]
    texts = [(row["line"], row["text"]) for row in report() if row["column"]]
    assert texts == [("4", "TRUE"), ("4", "#N/A"), ("5", "'=B2*2"), ("5", "'=1+1")]
    whys = {row["line"]: row["why"] for row in report() if not row["column"]}
    assert whys["7"].startswith("'46174.5' is no time of the form")
    assert "4 cells under 3 columns" in whys["10"]
    assert imported("--report", "r.csv", "--force", "--again", file="f.xlsx") == 1
    assert [word for _, word in became() if word != "unreadable"] == ["same"] * 3


def test_results_of_formulas_are_taken_and_an_empty_result_is_nothing(opened: Stores) -> None:  # noqa: F811
    path = book([HEAD, [datetime(2026, 6, 1), "=10*2", '=IF(A2>0,"",1)']])
    changed(
        path,
        SHEET,
        lambda xml: (
            xml.replace(b"<f>10*2</f><v></v>", b"<f>10*2</f><v>20</v>")
            .replace(b"<f>10*2</f><v />", b"<f>10*2</f><v>20</v>")
            .replace(b'<c r="C2">', b'<c r="C2" t="str">')
        ),
    )
    assert imported("--report", "r.csv", file="f.xlsx") == 0
    assert values(opened, MOISTURE) == [(instant(0), 20.0)]
    assert [row["empty"] for row in report()] == ["t"]


def test_a_sheet_whose_size_is_written_wrong_is_read_whole(opened: Stores) -> None:  # noqa: F811
    path = book(
        [HEAD, *([datetime(2026, 6, 1) + timedelta(minutes=15 * n), n, 50] for n in range(700))]
    )
    changed(path, SHEET, lambda xml: xml.replace(b'ref="A1:C701"', b'ref="A1:B2"'))
    assert imported(file="f.xlsx") == 0
    assert len(values(opened, MOISTURE)) == len(values(opened, AIR)) == 700


def test_a_sheet_is_asked_for_where_there_are_several(
    opened: Stores,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    book([HEAD, [datetime(2026, 6, 1), 20, 50.0]], "Metadata")
    assert imported(file="f.xlsx") == 2
    assert "has 2 sheets, say --sheet with one of 'Data', 'Metadata'" in capsys.readouterr().err
    assert imported("--sheet", "Daten", file="f.xlsx") == 2
    assert "has no sheet 'Daten'; there are 'Data', 'Metadata'" in capsys.readouterr().err
    assert imported("--sheet", "Metadata", file="f.xlsx") == 2
    assert "has no column moisture, t, time" in capsys.readouterr().err
    assert imported("--sheet", "Data", file="f.xlsx") == 0


def test_the_head_may_stand_lower(tmp_path: Path) -> None:
    path = book(
        [["logger 7"], HEAD, [None, "%", "°F"], [None, "Avg"], ["x", 1]],
        name=str(tmp_path / "f.xlsx"),
    )
    plan = parse_map((MAP.replace("[[", "head_line = 2\nskip_lines = 2\n[[", 1)).encode(), "m")
    assert list(read_workbook(path, plan, None)) == [Row(5, "x", (1, None))]


def bomb(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(SHEET, "w") as part,
    ):
        for _ in range(600):
            part.write(bytes(1_000_000))


def strings(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b"<si/>" * 13_000_000)


def one_row(path: Path) -> None:
    book([HEAD], name=str(path))
    changed(
        path,
        SHEET,
        lambda xml: xml.replace(b"<sheetData>", b"<sheetData><row>" + b"<c/>" * 5_000_000),
    )


def far_row(path: Path) -> None:
    book([HEAD, ["x", 1, 2]], name=str(path))
    changed(
        path,
        SHEET,
        lambda xml: (
            xml.replace(b'r="2"', b'r="999999999"')
            .replace(b'r="A2"', b"")
            .replace(b'r="B2"', b"")
            .replace(b'r="C2"', b"")
        ),
    )


def entities(path: Path) -> None:
    book([HEAD], name=str(path))
    changed(path, "xl/workbook.xml", lambda xml: b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + xml)


def damaged(path: Path) -> None:
    book([HEAD, ["x", 1, 2]], name=str(path))
    changed(path, SHEET, lambda xml: xml[: len(xml) // 2])


def no_number(path: Path) -> None:
    book([HEAD, ["x", 1, 2]], name=str(path))
    changed(path, SHEET, lambda xml: xml.replace(b"<v>1</v>", b"<v>one</v>"))


def other_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")


def packed_oddly(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(SHEET, "<x/>")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (bomb, "unpacks to more than is read of a workbook"), (one_row, "unpacks to more than"), (strings, "unpacks to more than"),
        (far_row, "more rows than a sheet can have"), (entities, "declares a document type"),
        (damaged, "no workbook that can be read"), (no_number, "no workbook that can be read"),
        (other_archive, "no workbook that can be read"), (packed_oddly, "packed in a way"),
        (lambda path: path.write_text("time,moisture,t\n"), "no workbook: File is not a zip file"),
    ],
)  # fmt: skip
def test_what_is_no_workbook_or_a_hostile_one_is_one_short_sentence(
    tmp_path: Path, make: Callable[[Path], None], why: str
) -> None:
    path = tmp_path / "f.xlsx"
    make(path)
    assert path.stat().st_size < 2_000_000
    plan = parse_map(MAP.encode(), "m")
    with pytest.raises(InvalidInput, match=why) as caught:
        list(read_workbook(path, plan, None))
    assert len(str(caught.value)) < 301

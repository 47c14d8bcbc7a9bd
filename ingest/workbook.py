"""Rows of an Excel workbook (.xlsx), in bounded memory, whoever made it.

A workbook is a ZIP archive of XML: a few kilobytes can unpack to gigabytes, so what it
unpacks to is looked at before openpyxl is let near. openpyxl gives what Excel last
calculated; a formula that nobody has calculated is told as its text, for it is no number.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from openpyxl import load_workbook

from domain.errors import InvalidInput
from domain.logger_map import Map
from domain.table import Head, Row, Spoilt

_MB = 1_000_000
_MOST, _MOST_STRINGS, _MOST_OTHER, _MOST_PARTS = 500 * _MB, 64 * _MB, 16 * _MB, 10_000
_LARGEST_ROW = 16 * _MB
_MOST_ROWS = 1_048_576
_CHUNK, _OVERLAP = _MB, 64
_FORMULA = re.compile(rb"<(\w+:)?f[ />]")
_SHEETS, _STRINGS = "xl/worksheets/", "xl/sharedStrings.xml"


def read_workbook(path: Path, plan: Map, sheet: str | None) -> Iterator[Row | Spoilt]:
    """Yield every row of a sheet, the only one if ``sheet`` is None; raises `InvalidInput`."""
    try:
        yield from _rows(path, plan, sheet)
    except InvalidInput:
        raise
    # openpyxl lets through whatever its many parsers raise for a file that is damaged.
    except Exception as error:
        message = f"{path.name} is no workbook that can be read: {type(error).__name__}: {error}"
        raise InvalidInput(message[:300], "file") from error


def _rows(path: Path, plan: Map, sheet: str | None) -> Iterator[Row | Spoilt]:
    has_formulas = _look_through(path)
    head: Head | None = None
    for line, told in enumerate(_cells(path, sheet, has_formulas=has_formulas), 1):
        if line > _MOST_ROWS:
            message = f"{path.name} has more rows than a sheet can have"
            raise InvalidInput(message, "file")
        if line < plan.head_line:
            continue
        cells = _trimmed(tuple(told))  # a row that is not in the file is an empty list
        if head is None:
            head = Head.of(cells, plan, path.name)
        elif line > plan.head_line + plan.skip_lines:
            # Empty cells at the end of a row are not written into the file.
            row = head.row(line, cells + (None,) * (len(head.names) - len(cells)))
            if row is not None:
                yield row
    if head is None:
        Head.of((), plan, path.name)


def _trimmed(cells: tuple[object, ...]) -> tuple[object, ...]:
    end = len(cells)
    while end and cells[end - 1] is None:
        end -= 1
    return cells[:end]


def _cells(path: Path, sheet: str | None, *, has_formulas: bool) -> Iterator[Sequence[object]]:
    with ExitStack() as stack:
        results = _sheet(stack, path, sheet, results=True)
        if not has_formulas:
            yield from results.iter_rows(values_only=True)
            return
        formulas = _sheet(stack, path, sheet, results=False).iter_rows(values_only=True)
        for cells, texts in zip(results.iter_rows(), formulas, strict=True):
            yield tuple(_result(*pair) for pair in zip(cells, texts, strict=True))


def _result(cell: Any, text: object) -> object:
    """Return a cell's value; a formula's text where it has no result, not even an empty text."""
    if cell.value is not None or text is None or cell.data_type == "str":
        return cell.value
    return f"{getattr(text, 'text', text)}"


def _sheet(stack: ExitStack, path: Path, name: str | None, *, results: bool) -> Any:
    """Return the sheet asked for, of a workbook that is closed with ``stack``."""
    # It warns of drawings and styles that are none of our concern.
    warnings.filterwarnings("ignore", module="openpyxl")
    file = stack.enter_context(path.open("rb"))
    book = load_workbook(file, read_only=True, data_only=results, keep_links=False)
    stack.callback(book.close)
    sheets = {one.title: one for one in book.worksheets}
    shown = [one for one in book.worksheets if one.sheet_state == "visible"]
    if name is None and len(shown) != 1:
        message = f"{path.name} has {len(shown)} sheets, say --sheet with one of {_list(sheets)}"
        raise InvalidInput(message, "sheet")
    if name is not None and name not in sheets:
        message = f"{path.name} has no sheet {name!r}; there are {_list(sheets)}"
        raise InvalidInput(message, "sheet")
    found = shown[0] if name is None else sheets[name]
    # The size that a program has written beside the rows is often wrong, and would cut them.
    found.reset_dimensions()
    return found


def _list(names: dict[str, Any]) -> str:
    return ", ".join(map(repr, names))[:200]


def _look_through(path: Path) -> bool:
    """Return whether any sheet holds a formula; raises `InvalidInput` for what is too large."""
    has_formulas = False
    try:
        with ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST:
                raise _too_large(path)
            for part in parts:
                has_formulas |= _look_at(path, archive, part)
    except (BadZipFile, NotImplementedError, RuntimeError) as error:
        message = f"{path.name} is no workbook: {error}"
        raise InvalidInput(message, "file") from error
    return has_formulas


def _look_at(path: Path, archive: ZipFile, part: ZipInfo) -> bool:
    """Look at one part as it unpacks, which is no further than the size it states."""
    is_sheet = part.filename.startswith(_SHEETS)
    most = _MOST_STRINGS if part.filename == _STRINGS else _MOST_OTHER
    if not is_sheet and part.file_size > most:
        raise _too_large(path)
    if part.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        message = f"{path.name} is packed in a way that no spreadsheet uses"
        raise InvalidInput(message, "file")
    has_formulas, since_row, tail = False, 0, b""
    with archive.open(part) as unpacked:
        for chunk in iter(lambda: unpacked.read(_CHUNK), b""):
            seen, tail = tail + chunk, chunk[-_OVERLAP:]
            if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                message = f"{path.name} declares a document type, as no spreadsheet does"
                raise InvalidInput(message, "file")
            has_formulas = has_formulas or (is_sheet and bool(_FORMULA.search(seen)))
            end = seen.rfind(b"row>")
            since_row = since_row + len(chunk) if end < 0 else len(seen) - end
            if is_sheet and since_row > _LARGEST_ROW:
                raise _too_large(path)
    return has_formulas


def _too_large(path: Path) -> InvalidInput:
    message = f"{path.name} unpacks to more than is read of a workbook: save it as CSV"
    return InvalidInput(message, "file")

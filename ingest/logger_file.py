"""A logger's file: looked through before its first row is believed, then read row by row.

Whether it is a workbook or text is told by its first bytes, not by its name. Text has to
be UTF-8 to its end, so that nothing of a file is kept that cannot be read whole.
"""

import codecs
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from domain.errors import InvalidInput
from domain.logger_map import Map
from domain.table import Row, Spoilt, read_lines

_CHUNK = 1 << 20
_LONGEST_LINE = 1_000_000
_ZIP = b"PK\x03\x04"
# What Excel wrote until 2003, and what it still writes behind a password.
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")


def examine(path: Path) -> tuple[bool, bytes]:
    """Return whether a file is a workbook, and its SHA-256; raises `InvalidInput`."""
    if path.exists() and not path.is_file():
        message = f"{path} is no file"
        raise InvalidInput(message, "file")
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        chunk = file.read(_CHUNK)
        if chunk.startswith(_COMPOUND):
            message = (
                f"{path.name} is an Excel file of before 2007, or has a password:"
                " save it as .xlsx without one, or as CSV"
            )
            raise InvalidInput(message, "file")
        if not chunk:
            message = f"{path.name} is empty"
            raise InvalidInput(message, "file")
        is_book = chunk.startswith(_ZIP) or path.suffix.lower() in (".xlsx", ".xlsm")
        while chunk:
            digest.update(chunk)
            if not is_book:
                _require_text(path, decoder, chunk)
            chunk = file.read(_CHUNK)
    if not is_book:
        _require_text(path, decoder, b"", last=True)
    return is_book, digest.digest()


def _require_text(
    path: Path, decoder: codecs.IncrementalDecoder, chunk: bytes, *, last: bool = False
) -> None:
    try:
        has_nul = "\0" in decoder.decode(chunk, last)
    except UnicodeDecodeError as error:
        message = f"{path.name} is not text in UTF-8: save it as that ({error.reason})"
        raise InvalidInput(message, "file") from error
    if has_nul:
        message = f"{path.name} is not text in UTF-8: it holds NUL bytes, as UTF-16 does"
        raise InvalidInput(message, "file")


def read_rows(path: Path, plan: Map, sheet: str | None, *, is_book: bool) -> Iterator[Row | Spoilt]:
    """Yield every row of an examined file; raises `InvalidInput` when a column is not there."""
    if is_book:
        # openpyxl takes a quarter of a second to import, which no CSV file should pay.
        from ingest.workbook import read_workbook  # noqa: PLC0415

        yield from read_workbook(path, plan, sheet)
        return
    if sheet is not None:
        message = f"{path.name} is no workbook: it has no sheets"
        raise InvalidInput(message, "sheet")
    with path.open(newline="", encoding="utf-8-sig") as file:
        yield from read_lines(_lines(file, path.name), plan, path.name)


def _lines(file: TextIO, name: str) -> Iterator[str]:
    number = 0
    while line := file.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE:
            message = f"{name}, line {number}: longer than any line of a table"
            raise InvalidInput(message, "file")
        yield line

"""Tables that the office downloads and opens in a spreadsheet."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from fastapi import Response


def csv_answer(name: str, head: Sequence[str], lines: Iterable[Sequence[object]]) -> Response:
    """Return a table as a CSV file to download."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([_inert(cell) for cell in line] for line in lines)
    # The mark makes Excel read Vietnamese as UTF-8.
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(
        "\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers
    )


def _inert(cell: object) -> object:
    """A cell that a spreadsheet would run as a formula is shown as text instead."""
    return "'" + cell if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell

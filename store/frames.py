"""Readings as pandas tables, and as CSV or Parquet files, a bounded piece at a time.

The edge towards people who calculate: a reading here carries all that the store knows of
it, so that whoever gets a table need not believe the flags in it. Times are aware, in UTC.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from domain.device import Datastream
from domain.properties import observed_properties
from domain.quality import Verdict
from domain.reading import StoredReading
from domain.window import Window
from store.columns import COLUMNS
from store.judged import Read, judged_stream

PIECE = 50_000
Pieces: TypeAlias = Iterator[pd.DataFrame]


_ARROW = {
    "str": pa.string(), "float64": pa.float64(), "int8": pa.int8(), "bool": pa.bool_(),
    "datetime64[ms, UTC]": pa.timestamp("ms", tz="UTC"),
}  # fmt: skip


def frame(read: Read, stream: Datastream, window: Window) -> pd.DataFrame:
    """Return a datastream's readings in a window, by (time, value), whole in memory.

    One row a reading, columns as in ``COLUMNS``; ``attrs["unit"]`` is the UCUM code of
    ``value``, ``attrs["series"]`` the series. Verdicts are whole: neighbours are judged too.
    """
    return _table(stream, judged_stream(read, stream, window))


def pieces(read: Read, stream: Datastream, window: Window, rows: int = PIECE) -> Pieces:
    """Yield the same in tables of at most ``rows`` rows, none when there is no reading."""
    readings = judged_stream(read, stream, window)
    while some := list(islice(readings, rows)):
        yield _table(stream, some)


def _table(stream: Datastream, readings: Iterable[StoredReading]) -> pd.DataFrame:
    unit = observed_properties().get(stream.property).unit
    rows = list(readings)
    verdicts = [Verdict.unpack(r.quality) for r in rows]
    content: dict[str, object] = {
        "device": str(stream.device),
        "channel": str(stream.channel),
        "property": stream.property,
        "depth_m": stream.depth_m,
        "unit": unit,
        "time": [r.time_ms for r in rows],
        "value": [r.value for r in rows],
        "flag": [v.flag.value for v in verdicts],
        "failed": [" ".join(v.failed.names()) for v in verdicts],
        "conflict": [r.conflict for r in rows],
        "claimed": [r.claimed_ms for r in rows],
        "received": [r.received_ms for r in rows],
        "committed": [r.committed_ms for r in rows],
    }
    columns = {name: _column(name, content[name], len(rows)) for name in COLUMNS}
    table = pd.DataFrame(columns)
    table.attrs = {"unit": unit, "property": stream.property, "series": int(stream.series)}
    return table


def _column(name: str, content: object, rows: int) -> "pd.Series[Any]":
    dtype = COLUMNS[name].dtype
    values = content if isinstance(content, list) else [content] * rows
    if dtype.startswith("datetime64"):
        instants = pd.Series(values, dtype="int64").astype("datetime64[ms]")
        return instants.dt.tz_localize("UTC")
    return pd.Series(values, dtype=dtype)


def write_csv(tables: Pieces, path: Path) -> int:
    """Write tables as one CSV file (RFC 4180, UTF-8); return how many rows."""
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(COLUMNS) + "\r\n")
        for table in tables:
            shown = table.copy()
            for name, column in COLUMNS.items():
                if column.dtype.startswith("datetime64"):
                    # Always with milliseconds: pandas leaves them out where all are zero.
                    text = shown[name].dt.strftime("%Y-%m-%dT%H:%M:%S.%f")
                    shown[name] = text.str.slice(stop=-3) + "Z"
            shown.to_csv(file, header=False, index=False, lineterminator="\r\n")
            rows += len(table)
    return rows


def write_parquet(tables: Pieces, path: Path) -> int:
    """Write tables as one Parquet file, a row group each; return how many rows.

    The meaning of every column is in its field's metadata.
    """
    fields = [
        pa.field(name, _ARROW[column.dtype], metadata={"meaning": column.meaning})
        for name, column in COLUMNS.items()
    ]
    schema, rows = pa.schema(fields), 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(pa.Table.from_pandas(table, schema=schema, preserve_index=False))
            rows += len(table)
    return rows

"""The tables of what becomes of labels; beside :mod:`store.records.tables`, in the same metadata.

Runs of the printer, and those of their serials that are void. Nothing here is ever changed or
removed: a serial that was printed once is never free again.
"""

import sqlalchemy as sa

from store.records.tables import metadata


def _text(name: str, **options: object) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False, **options)  # type: ignore[arg-type]


print_run = sa.Table(
    "print_run",
    metadata,
    _text("gtin", primary_key=True),
    _text("number", primary_key=True),
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("unit_kg", sa.Float),
    sa.Column("printed_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["gtin", "number"], ["lot.gtin", "lot.number"]),
)

voided = sa.Table(
    "voided",
    metadata,
    _text("gtin", primary_key=True),
    _text("serial", primary_key=True),
    _text("reason"),
    _text("note"),
    _text("author"),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["gtin", "serial"], ["serial.gtin", "serial.serial"]),
)

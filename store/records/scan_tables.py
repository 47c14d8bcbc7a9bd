"""The tables of scans; beside :mod:`store.records.tables`, in the same metadata.

``scan`` is kept for some weeks and says where and on what; ``scan_total`` is kept for ever
and says how often. ``scan_file`` are the journal's files that are in both already. No foreign
keys: what was counted under a lot is never refused for what became of the lot.
"""

import sqlalchemy as sa

from store.records.tables import metadata


def _text(name: str, **options: object) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False, **options)  # type: ignore[arg-type]


scan = sa.Table(
    "scan",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    _text("gtin"),
    _text("number"),
    _text("serial"),
    _text("place"),
    _text("device"),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Index(None, "gtin", "number", "serial", "at_ms"),
)

scan_total = sa.Table(
    "scan_total",
    metadata,
    _text("gtin", primary_key=True),
    _text("number", primary_key=True),
    _text("serial", primary_key=True),
    sa.Column("times", sa.BigInteger, nullable=False),
    sa.Column("first_ms", sa.BigInteger, nullable=False),
    sa.Column("last_ms", sa.BigInteger, nullable=False),
)

scan_file = sa.Table(
    "scan_file",
    metadata,
    _text("name", primary_key=True),
    sa.Column("folded_ms", sa.BigInteger, nullable=False, index=True),
)

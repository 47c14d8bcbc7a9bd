"""The tables of what people say against a lot before it is decided; beside the others.

A proposal to recall waits for a second officer; a denial is a grower's word that a lot is not
theirs. Neither is ever changed but for how a proposal ended.
"""

import sqlalchemy as sa

from store.records.tables import metadata


def _text(name: str, **options: object) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False, **options)  # type: ignore[arg-type]


def _of_lot() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["gtin", "number"], ["lot.gtin", "lot.number"])


proposal = sa.Table(
    "proposal",
    metadata,
    _text("gtin", primary_key=True),
    _text("number", primary_key=True),
    sa.Column("since_ms", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("reason"),
    _text("author"),
    sa.Column("outcome", sa.Text),
    sa.Column("ended_ms", sa.BigInteger),
    sa.Column("ended_by", sa.Text),
    _of_lot(),
)

denial = sa.Table(
    "denial",
    metadata,
    _text("gtin", primary_key=True),
    _text("number", primary_key=True),
    sa.Column("since_ms", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("reason"),
    _text("author"),
    _of_lot(),
)

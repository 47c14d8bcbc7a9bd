"""The tables of steps between lots; beside :mod:`store.records.tables`, in the same metadata.

A step is one row, what it took and made are rows of ``step_lot`` (``side`` is ``in`` or
``out``). Where a name is erased ``party_name`` is emptied and ``author`` made a word; the rest
stays.

A logistic unit is a row from the first time that something is put into it: what is locked, and
what keeps its number from being minted again. What is in it is what the steps say.
"""

import sqlalchemy as sa

from store.records.tables import metadata


def _text(name: str, **options: object) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False, **options)  # type: ignore[arg-type]


step = sa.Table(
    "step",
    metadata,
    _text("id", primary_key=True),
    _text("kind"),
    _text("place"),
    _text("author"),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("party", sa.Text),
    sa.Column("party_name", sa.Text),
    sa.Column("process", sa.Text),
    sa.Column("about", sa.ForeignKey("step.id"), index=True),
    sa.Column("giver", sa.Text),
)

step_lot = sa.Table(
    "step_lot",
    metadata,
    sa.Column("step", sa.ForeignKey("step.id"), primary_key=True),
    _text("side", primary_key=True),
    _text("gtin", primary_key=True),
    _text("lot", primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("kilograms", sa.Float, nullable=False),
    sa.Column("dry_rubber", sa.Float),
    sa.ForeignKeyConstraint(["gtin", "lot"], ["lot.gtin", "lot.number"]),
    sa.Index(None, "gtin", "lot", "side"),
)

logistic_unit = sa.Table(
    "logistic_unit",
    metadata,
    _text("sscc", primary_key=True),
    sa.Column("prefix", sa.Text),
    sa.Column("reference", sa.BigInteger),
    sa.UniqueConstraint("prefix", "reference"),
)

step_sscc = sa.Table(
    "step_sscc",
    metadata,
    sa.Column("step", sa.ForeignKey("step.id"), primary_key=True),
    sa.Column("sscc", sa.ForeignKey("logistic_unit.sscc"), primary_key=True, index=True),
    sa.Column("position", sa.Integer, nullable=False),
)

step_bag = sa.Table(
    "step_bag",
    metadata,
    sa.Column("step", sa.ForeignKey("step.id"), primary_key=True),
    _text("gtin", primary_key=True),
    _text("serial", primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.ForeignKeyConstraint(["gtin", "serial"], ["serial.gtin", "serial.serial"]),
    sa.Index(None, "gtin", "serial"),
)

"""Runs of the printer, where in its run each serial stands, and serials that are void."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

# What was printed before is a run for each moment and weight; the order within is not known.
_RUNS = """
INSERT INTO print_run (gtin, number, run, count, unit_kg, printed_ms)
SELECT gtin, number,
       row_number() OVER (PARTITION BY gtin, number ORDER BY printed_ms, kilograms),
       count(*), kilograms, printed_ms
FROM serial GROUP BY gtin, number, printed_ms, kilograms
"""
_OF_RUN = """
UPDATE serial SET run = (
    SELECT p.run FROM print_run p
    WHERE p.gtin = serial.gtin AND p.number = serial.number
      AND p.printed_ms = serial.printed_ms AND p.unit_kg = serial.kilograms)
"""


def upgrade() -> None:
    """Migrate forward; there is no way back."""
    op.create_table(
        "print_run",
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("run", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("unit_kg", sa.Float(), nullable=True),
        sa.Column("printed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gtin", "number"], ["lot.gtin", "lot.number"], name=op.f("fk_print_run_gtin_number")
        ),
        sa.PrimaryKeyConstraint("gtin", "number", "run", name=op.f("pk_print_run")),
    )
    op.add_column("serial", sa.Column("run", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("serial", sa.Column("position", sa.Integer(), nullable=True))
    op.execute(_RUNS)
    op.execute(_OF_RUN)
    op.create_table(
        "voided",
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gtin", "serial"], ["serial.gtin", "serial.serial"],
            name=op.f("fk_voided_gtin_serial"),
        ),
        sa.PrimaryKeyConstraint("gtin", "serial", name=op.f("pk_voided")),
    )  # fmt: skip

"""Outlines of plots, dated, and the serial numbers of units, each printed once."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Migrate forward; there is no way back."""
    op.create_table(
        "plot_outline",
        sa.Column("plot", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("geojson", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["plot"], ["plot.id"], name=op.f("fk_plot_outline_plot")),
        sa.PrimaryKeyConstraint("plot", "valid_from", name=op.f("pk_plot_outline")),
    )
    op.create_table(
        "serial",
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kilograms", sa.Float(), nullable=False),
        sa.Column("printed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gtin", "number"], ["lot.gtin", "lot.number"], name=op.f("fk_serial_gtin_number")
        ),
        sa.PrimaryKeyConstraint("gtin", "serial", name=op.f("pk_serial")),
    )
    op.create_index(op.f("ix_serial_gtin_number"), "serial", ["gtin", "number"])

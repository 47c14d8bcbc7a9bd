"""Outlines of plots, dated: a boundary is surveyed again, and the old one stays."""

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
        sa.ForeignKeyConstraint(["plot"], ["plot.id"], name=op.f("fk_plot_outline_plot_plot")),
        sa.PrimaryKeyConstraint("plot", "valid_from", name=op.f("pk_plot_outline")),
    )

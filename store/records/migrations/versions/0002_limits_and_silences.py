"""Limits of a series' own, and silences: since when a sensor was not heard, until when."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Migrate forward; there is no way back."""
    op.create_table(
        "series_limits",
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series"], ["datastream.series"], name=op.f("fk_series_limits_series_datastream")
        ),
        sa.PrimaryKeyConstraint("series", "valid_from", name=op.f("pk_series_limits")),
    )
    op.create_table(
        "silence",
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("noticed_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["series"], ["datastream.series"], name=op.f("fk_silence_series_datastream")
        ),
        sa.PrimaryKeyConstraint("series", "since_ms", name=op.f("pk_silence")),
    )

"""What the office found when it looked into a lot in doubt."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Migrate forward; there is no way back."""
    op.create_table(
        "finding",
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gtin", "number"], ["lot.gtin", "lot.number"], name=op.f("fk_finding_gtin_number_lot")
        ),
        sa.PrimaryKeyConstraint("gtin", "number", "since_ms", name=op.f("pk_finding")),
    )

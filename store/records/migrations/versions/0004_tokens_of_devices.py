"""Tokens that devices show over HTTP: a digest each, never the token."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Migrate forward; there is no way back."""
    op.create_table(
        "device_token",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["device"], ["device.id"], name=op.f("fk_device_token_device_device")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_device_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_device_token_digest")),
    )

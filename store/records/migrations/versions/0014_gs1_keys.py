"""GS1 keys of parties and devices; which of them a shipment was given under."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Migrate forward; there is no way back."""
    _create_keys("producer_gln", "gln", "producer")
    _create_keys("device_giai", "giai", "device")
    op.add_column("step", sa.Column("giver", sa.Text(), nullable=True))


def _create_keys(name: str, key: str, owner: str) -> None:
    op.create_table(
        name,
        sa.Column(key, sa.Text(), nullable=False),
        sa.Column(owner, sa.Text(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint([owner], [f"{owner}.id"], name=op.f(f"fk_{name}_{owner}")),
        sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_{owner}"), name, [owner])

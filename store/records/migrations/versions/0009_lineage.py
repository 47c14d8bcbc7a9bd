"""Steps between lots, lots that come of them, and who held a plot when."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Migrate forward; there is no way back."""
    op.create_table(
        "step",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("party", sa.Text(), nullable=True),
        sa.Column("party_name", sa.Text(), nullable=True),
        sa.Column("process", sa.Text(), nullable=True),
        sa.Column("about", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["about"], ["step.id"], name=op.f("fk_step_about")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step")),
    )
    op.create_index(op.f("ix_step_about"), "step", ["about"])
    op.create_table(
        "step_lot",
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kilograms", sa.Float(), nullable=False),
        sa.Column("dry_rubber", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["step"], ["step.id"], name=op.f("fk_step_lot_step")),
        sa.ForeignKeyConstraint(
            ["gtin", "lot"], ["lot.gtin", "lot.number"], name=op.f("fk_step_lot_gtin_lot")
        ),
        sa.PrimaryKeyConstraint("step", "side", "gtin", "lot", name=op.f("pk_step_lot")),
    )
    op.create_index(op.f("ix_step_lot_gtin_lot_side"), "step_lot", ["gtin", "lot", "side"])
    op.create_table(
        "holding",
        sa.Column("plot", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["plot"], ["plot.id"], name=op.f("fk_holding_plot")),
        sa.ForeignKeyConstraint(["producer"], ["producer.id"], name=op.f("fk_holding_producer")),
        sa.PrimaryKeyConstraint("plot", "valid_from", name=op.f("pk_holding")),
    )
    # In SQL: alembic adds no foreign key to a table of SQLite without making it anew, and
    # the table of lots is what half of the others lean on.
    op.execute(
        "ALTER TABLE lot ADD COLUMN made_by TEXT CONSTRAINT fk_lot_made_by REFERENCES step (id)"
    )

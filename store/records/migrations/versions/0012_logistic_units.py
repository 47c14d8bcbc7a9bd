"""Logistic units, and which steps name them and the bags in them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Migrate forward; there is no way back."""
    op.create_table(
        "logistic_unit",
        sa.Column("sscc", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=True),
        sa.Column("reference", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("sscc", name=op.f("pk_logistic_unit")),
        sa.UniqueConstraint("prefix", "reference", name=op.f("uq_logistic_unit_prefix_reference")),
    )
    op.create_table(
        "step_sscc",
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("sscc", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["step"], ["step.id"], name=op.f("fk_step_sscc_step")),
        sa.ForeignKeyConstraint(["sscc"], ["logistic_unit.sscc"], name=op.f("fk_step_sscc_sscc")),
        sa.PrimaryKeyConstraint("step", "sscc", name=op.f("pk_step_sscc")),
    )
    op.create_index(op.f("ix_step_sscc_sscc"), "step_sscc", ["sscc"])
    op.create_table(
        "step_bag",
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["step"], ["step.id"], name=op.f("fk_step_bag_step")),
        sa.ForeignKeyConstraint(
            ["gtin", "serial"],
            ["serial.gtin", "serial.serial"],
            name=op.f("fk_step_bag_gtin_serial"),
        ),
        sa.PrimaryKeyConstraint("step", "gtin", "serial", name=op.f("pk_step_bag")),
    )
    op.create_index(op.f("ix_step_bag_gtin_serial"), "step_bag", ["gtin", "serial"])

"""Scans and their counts; what is said against a lot before it is decided."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Migrate forward; there is no way back."""
    op.create_table(
        "scan",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("gtin", "number", "serial", "place", "device")
        ),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan")),
    )
    op.create_index(op.f("ix_scan_at_ms"), "scan", ["at_ms"])
    op.create_index(
        op.f("ix_scan_gtin_number_serial_at_ms"), "scan", ["gtin", "number", "serial", "at_ms"]
    )
    op.create_table(
        "scan_total",
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gtin", "number", "serial", name=op.f("pk_scan_total")),
    )
    op.create_table(
        "scan_file",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_scan_file")),
    )
    op.create_index(op.f("ix_scan_file_folded_ms"), "scan_file", ["folded_ms"])
    ended = (
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
    )
    _create_said("proposal", *ended)
    _create_said("denial")


def _create_said(name: str, *more: "sa.Column[Any]") -> None:
    """Create a table of what somebody says of a lot."""
    op.create_table(
        name,
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        *more,
        sa.ForeignKeyConstraint(
            ["gtin", "number"], ["lot.gtin", "lot.number"], name=op.f(f"fk_{name}_gtin_number")
        ),
        sa.PrimaryKeyConstraint("gtin", "number", "since_ms", name=op.f(f"pk_{name}")),
    )

"""Certificates, what withdraws them, pictures of products, and the files behind them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Migrate forward; there is no way back."""
    op.create_table(
        "kept_file",
        _text("digest"),
        _text("media"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _recorded(),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_kept_file")),
    )
    op.create_table(
        "certificate",
        *(_text(name) for name in ("id", "producer", "standard", "number", "certifier")),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("paper", sa.Text(), nullable=True),
        _text("author"),
        _recorded(),
        _to("certificate", "producer", "producer.id"),
        _to("certificate", "paper", "kept_file.digest"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
    )
    op.create_index(op.f("ix_certificate_producer"), "certificate", ["producer"])
    for name, target in (("plot", "plot.id"), ("crop", "crop.code")):
        table = f"certificate_{name}"
        op.create_table(
            table,
            _text("certificate"),
            _text(name),
            _to(table, "certificate", "certificate.id"),
            _to(table, name, target),
            sa.PrimaryKeyConstraint("certificate", name, name=op.f(f"pk_{table}")),
        )
    op.create_table(
        "certificate_withdrawal",
        _text("certificate"),
        sa.Column("since", sa.Date(), nullable=False),
        _text("reason"),
        _text("author"),
        _recorded(),
        _to("certificate_withdrawal", "certificate", "certificate.id"),
        sa.PrimaryKeyConstraint("certificate", name=op.f("pk_certificate_withdrawal")),
    )
    op.create_table(
        "picture",
        _text("gtin"),
        _text("digest"),
        _text("author"),
        _recorded(),
        _to("picture", "gtin", "product.gtin"),
        _to("picture", "digest", "kept_file.digest"),
        sa.PrimaryKeyConstraint("gtin", "digest", name=op.f("pk_picture")),
    )


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=False)


def _recorded() -> "sa.Column[int]":
    return sa.Column("recorded_ms", sa.BigInteger(), nullable=False)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    referred, _, _ = target.partition(".")
    name = op.f(f"fk_{table}_{column}_{referred}")
    return sa.ForeignKeyConstraint([column], [target], name=name)

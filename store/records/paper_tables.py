"""The tables of certificates, pictures and their files; in the metadata of :mod:`.tables`.

A file is kept once, under its digest, whatever points to it.
"""

import sqlalchemy as sa

from store.records.tables import metadata


def _text(name: str, **options: object) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False, **options)  # type: ignore[arg-type]


kept_file = sa.Table(
    "kept_file",
    metadata,
    _text("digest", primary_key=True),
    _text("media"),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("recorded_ms", sa.BigInteger, nullable=False),
)

certificate = sa.Table(
    "certificate",
    metadata,
    _text("id", primary_key=True),
    sa.Column("producer", sa.ForeignKey("producer.id"), nullable=False, index=True),
    _text("standard"),
    _text("number"),
    _text("certifier"),
    sa.Column("valid_from", sa.Date, nullable=False),
    sa.Column("valid_to", sa.Date, nullable=False),
    sa.Column("paper", sa.ForeignKey("kept_file.digest")),
    _text("author"),
    sa.Column("recorded_ms", sa.BigInteger, nullable=False),
)

certificate_plot = sa.Table(
    "certificate_plot",
    metadata,
    sa.Column("certificate", sa.ForeignKey("certificate.id"), primary_key=True),
    sa.Column("plot", sa.ForeignKey("plot.id"), primary_key=True),
)

certificate_crop = sa.Table(
    "certificate_crop",
    metadata,
    sa.Column("certificate", sa.ForeignKey("certificate.id"), primary_key=True),
    sa.Column("crop", sa.ForeignKey("crop.code"), primary_key=True),
)

certificate_withdrawal = sa.Table(
    "certificate_withdrawal",
    metadata,
    sa.Column("certificate", sa.ForeignKey("certificate.id"), primary_key=True),
    sa.Column("since", sa.Date, nullable=False),
    _text("reason"),
    _text("author"),
    sa.Column("recorded_ms", sa.BigInteger, nullable=False),
)

picture = sa.Table(
    "picture",
    metadata,
    sa.Column("gtin", sa.ForeignKey("product.gtin"), primary_key=True),
    sa.Column("digest", sa.ForeignKey("kept_file.digest"), primary_key=True),
    _text("author"),
    sa.Column("recorded_ms", sa.BigInteger, nullable=False),
)

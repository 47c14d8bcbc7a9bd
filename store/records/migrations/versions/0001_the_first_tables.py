"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Migrate forward; there is no way back."""
    op.create_table(
        "area",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_vi", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", "valid_from", name=op.f("pk_area")),
    )
    op.create_table(
        "crop",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_vi", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_crop")),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("installed_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
    )
    op.create_table(
        "permitted_product",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("waiting_days", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", "valid_from", name=op.f("pk_permitted_product")),
    )
    op.create_table(
        "producer",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("public_name", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_producer")),
    )
    op.create_table(
        "recall",
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gtin", "number", name=op.f("pk_recall")),
    )
    op.create_table(
        "report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
    )
    op.create_table(
        "account",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("producer", sa.Text(), nullable=True),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["producer"], ["producer.id"], name=op.f("fk_account_producer")),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_account")),
    )
    op.create_table(
        "band",
        sa.Column("crop", sa.Text(), nullable=False),
        sa.Column("property", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["crop"], ["crop.code"], name=op.f("fk_band_crop")),
        sa.PrimaryKeyConstraint("crop", "property", "valid_from", name=op.f("pk_band")),
    )
    op.create_table(
        "datastream",
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("property", sa.Text(), nullable=False),
        sa.Column("depth_m", sa.Float(), nullable=True),
        sa.Column("interval_s", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["device.id"], name=op.f("fk_datastream_device")),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_datastream")),
        sa.UniqueConstraint("device", "channel", name=op.f("uq_datastream_device_channel")),
    )
    op.create_table(
        "plot",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("gln", sa.Text(), nullable=False),
        sa.Column("hectares", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["producer"], ["producer.id"], name=op.f("fk_plot_producer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plot")),
        sa.UniqueConstraint("gln", name=op.f("uq_plot_gln")),
    )
    op.create_index(op.f("ix_plot_producer"), "plot", ["producer"], unique=False)
    op.create_table(
        "product",
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("crop", sa.Text(), nullable=False),
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("name_vi", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("shelf_days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["crop"], ["crop.code"], name=op.f("fk_product_crop")),
        sa.ForeignKeyConstraint(["producer"], ["producer.id"], name=op.f("fk_product_producer")),
        sa.PrimaryKeyConstraint("gtin", name=op.f("pk_product")),
    )
    op.create_table(
        "entry",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("plot", sa.Text(), nullable=False),
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("amount", sa.Float(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["plot"], ["plot.id"], name=op.f("fk_entry_plot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
    )
    op.create_index(op.f("ix_entry_plot_day"), "entry", ["plot", "day"], unique=False)
    op.create_table(
        "placement",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("plot", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device"], ["device.id"], name=op.f("fk_placement_device")),
        sa.ForeignKeyConstraint(["plot"], ["plot.id"], name=op.f("fk_placement_plot")),
        sa.PrimaryKeyConstraint("device", "plot", "start_ms", name=op.f("pk_placement")),
    )
    op.create_index(op.f("ix_placement_plot"), "placement", ["plot"], unique=False)
    op.create_table(
        "season",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("plot", sa.Text(), nullable=False),
        sa.Column("crop", sa.Text(), nullable=False),
        sa.Column("started", sa.Date(), nullable=False),
        sa.Column("ended", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["crop"], ["crop.code"], name=op.f("fk_season_crop")),
        sa.ForeignKeyConstraint(["plot"], ["plot.id"], name=op.f("fk_season_plot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_season")),
    )
    op.create_index(op.f("ix_season_plot"), "season", ["plot"], unique=False)
    op.create_table(
        "session",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["login"], ["account.login"], name=op.f("fk_session_login")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_session")),
    )
    op.create_table(
        "lot",
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("plot", sa.Text(), nullable=False),
        sa.Column("season", sa.Text(), nullable=False),
        sa.Column("harvest", sa.Text(), nullable=False),
        sa.Column("harvested", sa.Date(), nullable=False),
        sa.Column("expires", sa.Date(), nullable=False),
        sa.Column("kilograms", sa.Float(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["gtin"], ["product.gtin"], name=op.f("fk_lot_gtin")),
        sa.ForeignKeyConstraint(["harvest"], ["entry.id"], name=op.f("fk_lot_harvest")),
        sa.ForeignKeyConstraint(["plot"], ["plot.id"], name=op.f("fk_lot_plot")),
        sa.ForeignKeyConstraint(["season"], ["season.id"], name=op.f("fk_lot_season")),
        sa.PrimaryKeyConstraint("gtin", "number", name=op.f("pk_lot")),
    )
    op.create_index(op.f("ix_lot_harvest"), "lot", ["harvest"], unique=False)
    op.create_table(
        "passport",
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("issued_ms", sa.BigInteger(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gtin", "number"], ["lot.gtin", "lot.number"], name=op.f("fk_passport_gtin_number")
        ),
        sa.PrimaryKeyConstraint("gtin", "number", "issued_ms", name=op.f("pk_passport")),
    )

"""The tables of the records store. Alembic's migrations build them; a test compares both.

Dated data carries ``valid_from`` and ``valid_to``; nothing here is overwritten that
someone relied on. Instants are integers, milliseconds since 1970-01-01T00:00:00Z.
"""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, **options: object) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False, **options)  # type: ignore[arg-type]


area = sa.Table(
    "area",
    metadata,
    _text("code", primary_key=True),
    _text("name_vi"),
    _text("name_en"),
    _text("zone"),
    sa.Column("valid_from", sa.Date, primary_key=True),
    sa.Column("valid_to", sa.Date),
    _text("source"),
)

producer = sa.Table(
    "producer",
    metadata,
    _text("id", primary_key=True),
    _text("public_name"),
    _text("area"),
    sa.Column("phone", sa.Text),
)

plot = sa.Table(
    "plot",
    metadata,
    _text("id", primary_key=True),
    _text("name"),
    sa.Column("producer", sa.ForeignKey("producer.id"), nullable=False, index=True),
    _text("area"),
    _text("gln", unique=True),
    sa.Column("hectares", sa.Float, nullable=False),
)

plot_outline = sa.Table(
    "plot_outline",
    metadata,
    sa.Column("plot", sa.ForeignKey("plot.id"), primary_key=True),
    sa.Column("valid_from", sa.Date, primary_key=True),
    _text("geojson"),
    _text("source"),
)

holding = sa.Table(
    "holding",
    metadata,
    sa.Column("plot", sa.ForeignKey("plot.id"), primary_key=True),
    sa.Column("valid_from", sa.Date, primary_key=True),
    sa.Column("producer", sa.ForeignKey("producer.id"), nullable=False),
    sa.Column("valid_to", sa.Date),
    _text("source"),
)

crop = sa.Table(
    "crop", metadata, _text("code", primary_key=True), _text("name_vi"), _text("name_en")
)

band = sa.Table(
    "band",
    metadata,
    sa.Column("crop", sa.ForeignKey("crop.code"), primary_key=True),
    _text("property", primary_key=True),
    sa.Column("valid_from", sa.Date, primary_key=True),
    sa.Column("low", sa.Float, nullable=False),
    sa.Column("high", sa.Float, nullable=False),
    _text("source"),
)

season = sa.Table(
    "season",
    metadata,
    _text("id", primary_key=True),
    sa.Column("plot", sa.ForeignKey("plot.id"), nullable=False, index=True),
    sa.Column("crop", sa.ForeignKey("crop.code"), nullable=False),
    sa.Column("started", sa.Date, nullable=False),
    sa.Column("ended", sa.Date),
)

device = sa.Table(
    "device",
    metadata,
    _text("id", primary_key=True),
    _text("name"),
    sa.Column("installed_ms", sa.BigInteger, nullable=False),
)

datastream = sa.Table(
    "datastream",
    metadata,
    sa.Column("series", sa.Integer, primary_key=True),
    sa.Column("device", sa.ForeignKey("device.id"), nullable=False),
    _text("channel"),
    _text("property"),
    sa.Column("depth_m", sa.Float),
    sa.Column("interval_s", sa.Integer, nullable=False),
    sa.UniqueConstraint("device", "channel"),
)

placement = sa.Table(
    "placement",
    metadata,
    sa.Column("device", sa.ForeignKey("device.id"), primary_key=True),
    sa.Column("plot", sa.ForeignKey("plot.id"), primary_key=True, index=True),
    sa.Column("start_ms", sa.BigInteger, primary_key=True),
    sa.Column("end_ms", sa.BigInteger),
)

device_token = sa.Table(
    "device_token",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("device", sa.ForeignKey("device.id"), nullable=False),
    _text("digest", unique=True),
    sa.Column("made_ms", sa.BigInteger, nullable=False),
    sa.Column("revoked_ms", sa.BigInteger),
)

series_limits = sa.Table(
    "series_limits",
    metadata,
    sa.Column("series", sa.ForeignKey("datastream.series"), primary_key=True),
    sa.Column("valid_from", sa.Date, primary_key=True),
    _text("limits"),
    _text("source"),
)

silence = sa.Table(
    "silence",
    metadata,
    sa.Column("series", sa.ForeignKey("datastream.series"), primary_key=True),
    sa.Column("since_ms", sa.BigInteger, primary_key=True),
    sa.Column("noticed_ms", sa.BigInteger, nullable=False),
    sa.Column("ended_ms", sa.BigInteger),
)

permitted_product = sa.Table(
    "permitted_product",
    metadata,
    _text("code", primary_key=True),
    sa.Column("valid_from", sa.Date, primary_key=True),
    sa.Column("valid_to", sa.Date),
    _text("name"),
    sa.Column("waiting_days", sa.Integer, nullable=False),
    _text("source"),
)

entry = sa.Table(
    "entry",
    metadata,
    _text("id", primary_key=True),
    sa.Column("plot", sa.ForeignKey("plot.id"), nullable=False),
    _text("work"),
    sa.Column("day", sa.Date, nullable=False),
    _text("author"),
    sa.Column("amount", sa.Float),
    sa.Column("unit", sa.Text),
    sa.Column("product", sa.Text),
    _text("note"),
    sa.Column("recorded_ms", sa.BigInteger, nullable=False),
    sa.Index(None, "plot", "day"),
)

product = sa.Table(
    "product",
    metadata,
    _text("gtin", primary_key=True),
    sa.Column("crop", sa.ForeignKey("crop.code"), nullable=False),
    sa.Column("producer", sa.ForeignKey("producer.id"), nullable=False),
    _text("name_vi"),
    _text("name_en"),
    sa.Column("shelf_days", sa.Integer, nullable=False),
)

lot = sa.Table(
    "lot",
    metadata,
    sa.Column("gtin", sa.ForeignKey("product.gtin"), primary_key=True),
    _text("number", primary_key=True),
    sa.Column("plot", sa.ForeignKey("plot.id"), nullable=False),
    sa.Column("season", sa.ForeignKey("season.id"), nullable=False),
    sa.Column("harvest", sa.ForeignKey("entry.id"), nullable=False, index=True),
    sa.Column("harvested", sa.Date, nullable=False),
    sa.Column("expires", sa.Date, nullable=False),
    sa.Column("kilograms", sa.Float, nullable=False),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    sa.Column("made_by", sa.ForeignKey("step.id")),
)

short_code = sa.Table(
    "short_code",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("gtin"),
    _text("lot"),
    sa.ForeignKeyConstraint(["gtin", "lot"], ["lot.gtin", "lot.number"]),
    sa.UniqueConstraint("gtin", "lot"),
)

passport = sa.Table(
    "passport",
    metadata,
    _text("gtin", primary_key=True),
    _text("number", primary_key=True),
    sa.Column("issued_ms", sa.BigInteger, primary_key=True),
    sa.Column("envelope", sa.LargeBinary, nullable=False),
    _text("key_id"),
    sa.ForeignKeyConstraint(["gtin", "number"], ["lot.gtin", "lot.number"]),
)

recall = sa.Table(
    "recall",
    metadata,
    _text("gtin", primary_key=True),
    _text("number", primary_key=True),
    _text("reason"),
    _text("author"),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
)

finding = sa.Table(
    "finding",
    metadata,
    _text("gtin", primary_key=True),
    _text("number", primary_key=True),
    sa.Column("since_ms", sa.BigInteger, primary_key=True),
    _text("reason"),
    _text("author"),
    sa.ForeignKeyConstraint(["gtin", "number"], ["lot.gtin", "lot.number"]),
)

report = sa.Table(
    "report",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _text("code"),
    _text("kind"),
    _text("note"),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
)

log_entry = sa.Table(
    "log_entry",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("kind"),
    _text("subject"),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("entry", sa.LargeBinary, nullable=False),
    sa.Index(None, "kind", "subject", "number"),
)

log_checkpoint = sa.Table(
    "log_checkpoint",
    metadata,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
    _text("note"),
)

device_day = sa.Table(
    "device_day",
    metadata,
    sa.Column("device", sa.ForeignKey("device.id"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("known_ms", sa.BigInteger, nullable=False),
)

day_due = sa.Table(
    "day_due",
    metadata,
    sa.Column("device", sa.ForeignKey("device.id"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("mark", sa.BigInteger, nullable=False),
)

signing_key = sa.Table(
    "signing_key",
    metadata,
    _text("id", primary_key=True),
    sa.Column("public", sa.LargeBinary, nullable=False),
    sa.Column("from_ms", sa.BigInteger, nullable=False),
    sa.Column("until_ms", sa.BigInteger),
    sa.Column("revoked", sa.Boolean, nullable=False),
)

salt = sa.Table(
    "salt",
    metadata,
    _text("kind", primary_key=True),
    _text("subject", primary_key=True),
    sa.Column("salt", sa.LargeBinary, nullable=False),
)

# ``position`` counts from 1 in a run; of runs from before positions were kept it is empty.
serial = sa.Table(
    "serial",
    metadata,
    _text("gtin", primary_key=True),
    _text("serial", primary_key=True),
    _text("number"),
    sa.Column("kilograms", sa.Float, nullable=False),
    sa.Column("printed_ms", sa.BigInteger, nullable=False),
    sa.Column("run", sa.Integer, nullable=False, server_default="0"),
    sa.Column("position", sa.Integer),
    sa.ForeignKeyConstraint(["gtin", "number"], ["lot.gtin", "lot.number"]),
    sa.Index(None, "gtin", "number"),
)

account = sa.Table(
    "account",
    metadata,
    _text("login", primary_key=True),
    _text("name"),
    _text("role"),
    sa.Column("producer", sa.ForeignKey("producer.id")),
    _text("secret_hash"),
)

session = sa.Table(
    "session",
    metadata,
    _text("digest", primary_key=True),
    sa.Column("login", sa.ForeignKey("account.login"), nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
)

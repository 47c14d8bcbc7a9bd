"""The tables of EPCIS events; beside :mod:`store.records.tables`, in the same metadata.

An event's JSON rests as it came, in canonical bytes, with the ``@context`` of its document.
The columns, ``event_thing`` and ``event_figure`` are what it is found by, in one spelling
and one unit each; they can be made anew from the body at any time. An event is one row for
each (content, eventID, error declared): the same told twice is one, an error declaration
stands beside what it declares.
"""

import sqlalchemy as sa

from store.records.tables import metadata


def _text(name: str, **options: object) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False, **options)  # type: ignore[arg-type]


capture_job = sa.Table(
    "capture_job",
    metadata,
    _text("id", primary_key=True),
    _text("author"),
    _text("behaviour"),
    sa.Column("created_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("finished_ms", sa.BigInteger, nullable=False),
    _text("faults"),
)

event = sa.Table(
    "event",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    _text("event_id", index=True),
    _text("hash_id"),
    _text("declared"),
    _text("type", index=True),
    sa.Column("event_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("record_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("action", sa.Text),
    sa.Column("biz_step", sa.Text, index=True),
    sa.Column("disposition", sa.Text, index=True),
    sa.Column("read_point", sa.Text, index=True),
    sa.Column("biz_location", sa.Text, index=True),
    sa.Column("job", sa.ForeignKey("capture_job.id")),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("context", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("hash_id", "event_id", "declared"),
)

event_thing = sa.Table(
    "event_thing",
    metadata,
    sa.Column("event", sa.ForeignKey("event.number"), primary_key=True),
    _text("role", primary_key=True),
    _text("uri", primary_key=True, index=True),
)

event_figure = sa.Table(
    "event_figure",
    metadata,
    sa.Column("event", sa.ForeignKey("event.number"), primary_key=True),
    _text("attribute", primary_key=True),
    _text("quantity", primary_key=True),
    sa.Column("value", sa.Float, primary_key=True),
    sa.Index(None, "attribute", "quantity", "value"),
)

named_query = sa.Table(
    "named_query",
    metadata,
    _text("name", primary_key=True),
    _text("query"),
    _text("author"),
    sa.Column("made_ms", sa.BigInteger, nullable=False),
)

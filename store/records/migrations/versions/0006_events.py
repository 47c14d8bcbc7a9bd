"""EPCIS events as received, what they are found by, capture jobs and named queries."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Migrate forward; there is no way back."""
    op.create_table(
        "capture_job",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("behaviour", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_ms", sa.BigInteger(), nullable=False),
        sa.Column("faults", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capture_job")),
    )
    op.create_index(op.f("ix_capture_job_created_ms"), "capture_job", ["created_ms"])
    op.create_table(
        "event",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("hash_id", sa.Text(), nullable=False),
        sa.Column("declared", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("event_ms", sa.BigInteger(), nullable=False),
        sa.Column("record_ms", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("biz_step", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("read_point", sa.Text(), nullable=True),
        sa.Column("biz_location", sa.Text(), nullable=True),
        sa.Column("job", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("context", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["capture_job.id"], name=op.f("fk_event_job_capture_job")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_event")),
        sa.UniqueConstraint(
            "hash_id", "event_id", "declared", name=op.f("uq_event_hash_id_event_id_declared")
        ),
    )
    for column in ("event_id", "type", "event_ms", "record_ms", "biz_step", "disposition",
                   "read_point", "biz_location"):  # fmt: skip
        op.create_index(op.f(f"ix_event_{column}"), "event", [column])
    op.create_table(
        "event_thing",
        sa.Column("event", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event"], ["event.number"], name=op.f("fk_event_thing_event_event")
        ),
        sa.PrimaryKeyConstraint("event", "role", "uri", name=op.f("pk_event_thing")),
    )
    op.create_index(op.f("ix_event_thing_uri"), "event_thing", ["uri"])
    op.create_table(
        "event_figure",
        sa.Column("event", sa.Integer(), nullable=False),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event"], ["event.number"], name=op.f("fk_event_figure_event_event")
        ),
        sa.PrimaryKeyConstraint(
            "event", "attribute", "quantity", "value", name=op.f("pk_event_figure")
        ),
    )
    op.create_index(
        op.f("ix_event_figure_attribute_quantity_value"),
        "event_figure",
        ["attribute", "quantity", "value"],
    )
    op.create_table(
        "named_query",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_named_query")),
    )

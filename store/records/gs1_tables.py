"""The tables of GS1 keys that parties and devices have; beside the others, in the same metadata.

A key is given once and never taken back nor given to another (GS1 General Specifications,
section 4.2): what was told with it stays true. Who got a second one has both, and the newer is
told. ``since_ms`` is when it was written down, never a date that somebody chose.
"""

import sqlalchemy as sa

from store.records.tables import metadata

producer_gln = sa.Table(
    "producer_gln",
    metadata,
    sa.Column("gln", sa.Text, primary_key=True),
    sa.Column("producer", sa.ForeignKey("producer.id"), nullable=False, index=True),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
)

device_giai = sa.Table(
    "device_giai",
    metadata,
    sa.Column("giai", sa.Text, primary_key=True),
    sa.Column("device", sa.ForeignKey("device.id"), nullable=False, index=True),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
)

"""A short number for each lot, which its short code spells; lots of before get theirs here."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# As traceability/short_code.py has them: 35 bits, and a check symbol that is a letter or digit.
_NUMBERS, _CHECKS, _PLAIN = 2**35, 37, 32


def upgrade() -> None:
    """Migrate forward; there is no way back."""
    table = op.create_table(
        "short_code",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gtin", "lot"], ["lot.gtin", "lot.number"], name=op.f("fk_short_code_gtin_lot")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_short_code")),
        sa.UniqueConstraint("gtin", "lot", name=op.f("uq_short_code_gtin_lot")),
    )
    connection = op.get_bind()
    taken: set[int] = set()
    for gtin, lot in connection.execute(sa.text("SELECT gtin, number FROM lot")).all():
        while (number := secrets.randbelow(_NUMBERS)) % _CHECKS >= _PLAIN or number in taken:
            pass
        taken.add(number)
        connection.execute(table.insert().values(number=number, gtin=gtin, lot=lot))

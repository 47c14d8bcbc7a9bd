"""What appends have touched, a row a batch, folded into the list of hours when asked for."""

import psycopg

# One at a time: who finds nothing to fold must not take what another is folding for nothing.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('series.touch', 0))"
# A mark is given here and never twice, so an hour that was touched since somebody saw it stays
# on the list, whatever was committed in which order.
_FOLD = """WITH taken AS (
        DELETE FROM series.touch WHERE id IN (
            SELECT id FROM series.touch ORDER BY id LIMIT 50)
        RETURNING series, hour)
    INSERT INTO series.touched
    SELECT series, hour, nextval('series.mark') FROM (
        SELECT DISTINCT t.series, t.hour
        FROM taken CROSS JOIN LATERAL unnest(taken.series, taken.hour) AS t(series, hour)
        ORDER BY 1, 2) hours
    ON CONFLICT (series, hour) DO UPDATE SET mark = excluded.mark"""


def fold(connection: psycopg.Connection) -> int:
    """Move the oldest touches to the list; return how many hours, 0 when none are left."""
    connection.execute(_LOCK)
    return connection.execute(_FOLD).rowcount

"""The PostgreSQL time-series store, through psycopg 3; plain PostgreSQL is enough."""

from store.timescale.series import PostgresSeries

__all__ = ["PostgresSeries"]

"""The embedded time-series store, on the SQLite that apsw carries."""

from store.sqlite.series import SqliteSeries

__all__ = ["SqliteSeries"]

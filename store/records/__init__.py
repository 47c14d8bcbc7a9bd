"""Everything relational: who, where, what and when; SQLAlchemy on SQLite or PostgreSQL."""

from store.records.records import Records, Transaction

__all__ = ["Records", "Transaction"]

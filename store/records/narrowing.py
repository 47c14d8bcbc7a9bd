"""Questions about some of many: asked of all where a statement cannot name them."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

_NAMED_AT_MOST = 10_000


def narrowed(
    query: "sa.Select[Any]", column: "sa.Column[Any]", of: Collection[Any] | None
) -> "sa.Select[Any]":
    """Narrow a query; where more are asked for than a statement may name, it is of all."""
    return query if of is None or len(of) > _NAMED_AT_MOST else query.where(column.in_(of))

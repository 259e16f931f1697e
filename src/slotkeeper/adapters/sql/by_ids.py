"""Queries by id, each in two forms: for one id, which is compiled once for all, and for several.

How many ids there are is part of a statement's text; a list of them is written into it at every call. Most
commands are about one resource.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeAlias, TypeVar

import attrs
import sqlalchemy as sa

from slotkeeper.adapters.sql.types import IdText
from slotkeeper.domain.ids import Id

Q = TypeVar("Q", bound=sa.SelectBase)
Wanted: TypeAlias = Callable[[sa.ColumnElement[Any]], sa.ColumnElement[bool]]
"""The condition that a column holds one of the wanted ids."""

_ONE: Final = "the_id"
_SEVERAL: Final = "the_ids"


@attrs.frozen(eq=False)
class ByIds(Generic[Q]):
    """A query about rows by id; made by `by_ids`."""

    _one: Q
    _several: Q

    def about(self, ids: Sequence[Id]) -> tuple[Q, dict[str, Any]]:
        """Return the query about some ids, with its parameters."""
        if len(ids) == 1:
            return self._one, {_ONE: ids[0]}
        return self._several, {_SEVERAL: list(ids)}


def by_ids(query: Callable[[Wanted], Q]) -> ByIds[Q]:
    """Return both forms of a query, given how it is built around the condition on ids."""
    one, several = sa.bindparam(_ONE, type_=IdText()), sa.bindparam(_SEVERAL, type_=IdText(), expanding=True)
    return ByIds(query(lambda column: column == one), query(lambda column: column.in_(several)))

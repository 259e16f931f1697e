"""Resources and services: JSON definitions by id and version, beside the columns that are asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from slotkeeper.adapters.sql.by_ids import ByIds, by_ids
from slotkeeper.adapters.sql.transaction import Transaction, in_portions
from slotkeeper.adapters.sql.types import IdText
from slotkeeper.domain.codec import from_json, to_json
from slotkeeper.domain.ids import Id
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.service import Service
from slotkeeper.errors import NotFoundError, StaleVersionError

T = TypeVar("T", Resource, Service)


class SqlCatalogue(Generic[T]):
    """Resources or services by id.

    Args:
        transaction: In which they are read and written.
        kind: Their class.
        table: Where they are.
        columns: What else than their definition is kept of each.
    """

    def __init__(
        self, transaction: Transaction, kind: type[T], table: sa.Table, columns: Callable[[T], dict[str, Any]]
    ) -> None:
        self._transaction, self._table = transaction, table
        self._kind: type[T] = kind
        self._columns: Callable[[T], dict[str, Any]] = columns

    def get(self, item_id: Id, /) -> T:
        """Return one by id."""
        (found,) = self.several([item_id])
        return found

    def several(self, item_ids: Iterable[Id], /) -> Sequence[T]:
        """Return some by id, in the order of the ids; what the transaction knows is not read again."""
        known, wanted = self._transaction.known, tuple(item_ids)
        found: dict[Id, T] = {one: known.definition(self._kind, one) for one in wanted}
        for portion in in_portions(one for one in wanted if found[one] is None):
            query, ids = _by_id(self._table).about(portion)
            for row in self._transaction.rows(query, ids):
                found[row.id] = self._read(row.body)
                known.read(found[row.id])
        for one in wanted:
            if found[one] is None:
                raise NotFoundError(self._name, one)
        return [found[one] for one in wanted]

    def all(self) -> Sequence[T]:
        """Return every one, in the order in which they were first put."""
        return [self._read(row.body) for row in self._transaction.rows(_in_order(self._table))]

    def put(self, item: T, /) -> None:
        """Store a new one at version 1, or replace the version before."""
        self._transaction.known.replaced(item)
        actual = self._version(item.id)
        if item.version != actual + 1 or not (self._replace(item) if actual else self._add(item)):
            raise StaleVersionError(self._name, item.id, item.version - 1, self._version(item.id))

    @property
    def _name(self) -> str:
        return self._kind.__name__.lower()

    def _read(self, body: str) -> T:
        kind: Any = self._kind
        definition: T = read_definition(kind, body)
        return definition

    def _version(self, item_id: Id) -> int:
        found = self._transaction.rows(_version_of(self._table), {"wanted_id": item_id})
        return next((row.version for row in found), 0)

    def _add(self, item: T) -> bool:
        position = sa.select(sa.func.coalesce(sa.func.max(self._table.c.position), 0) + 1).scalar_subquery()
        insert = self._transaction.inserting(self._table).values(position=position)
        return self._transaction.add(insert, self._row(item))

    def _replace(self, item: T) -> bool:
        earlier = self._table.c.id == item.id, self._table.c.version == item.version - 1
        return self._transaction.change(sa.update(self._table).where(*earlier), self._row(item)) == 1

    def _row(self, item: T) -> dict[str, Any]:
        body = json.dumps(to_json(item), separators=(",", ":"))
        common = {"id": item.id, "name": item.name, "active": item.active, "version": item.version}
        return {**common, "body": body, **self._columns(item)}


def resource_columns(resource: Resource) -> dict[str, Any]:
    """Return what is kept of a resource beside its definition."""
    return {"capacity": resource.capacity}


def service_columns(_service: Service) -> dict[str, Any]:
    """Return what is kept of a service beside its definition: nothing."""
    return {}


@cache
def _by_id(table: sa.Table) -> ByIds[sa.Select[Any]]:
    return by_ids(lambda wanted: sa.select(table.c.id, table.c.body).where(wanted(table.c.id)))


@cache
def _version_of(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.version).where(table.c.id == sa.bindparam("wanted_id", type_=IdText()))


@cache
def _in_order(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.body).order_by(table.c.position, table.c.id)


@lru_cache(maxsize=4096)
def read_definition(kind: Any, body: str) -> Any:  # noqa: ANN401 - a class, and an instance of it
    """Return the value of a stored definition; the same text gives the same value, read once."""
    return from_json(kind, json.loads(body))

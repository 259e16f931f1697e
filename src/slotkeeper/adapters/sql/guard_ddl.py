"""The guards' DDL: templates whose fields are tables, triggers and constraints, and how they are filled in.

``{schema}`` is the schema with its dot, or nothing; ``{allocations}`` is that table's name, with the prefix;
``{ex_allocations}`` names the constraint on it. So a guard's text is the same whatever a host calls its
tables, and a migration can keep it as it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

_CONSTRAINT: Final = "ex_"


class Placement:
    """What a set of tables is called and where it lies, as a dialect writes it.

    Args:
        dialect: Whose quotes to use.
        prefix: What the names of tables begin with.
        schema: Which schema they lie in.
    """

    def __init__(self, dialect: sa.Dialect, prefix: str, schema: str | None) -> None:
        self._names = _Names(dialect, prefix, schema)

    def statement(self, template: str) -> sa.DDL:
        """Return the statement that a template stands for."""
        text = template.format_map(self._names)
        statement: sa.DDL = sa.DDL(text.replace("%", "%%"))  # type: ignore[no-untyped-call]
        return statement

    def text(self, template: str) -> str:
        """Return the text that a template stands for."""
        return template.format_map(self._names)


def carry_out(connection: sa.Connection, table: sa.Table, prefix: str, templates: Iterable[str]) -> None:
    """Carry out a guard's templates where a table lies, by the connection's map of schemas too."""
    placement = Placement(connection.dialect, prefix, connection.schema_for_object(table))
    for template in templates:
        connection.execute(placement.statement(template))


class _Names(dict[str, str]):
    """The fields of the templates, written out as they are asked for."""

    def __init__(self, dialect: sa.Dialect, prefix: str, schema: str | None) -> None:
        super().__init__()
        self._dialect_quote = dialect.identifier_preparer.quote
        self._doubles = "%%" in self._dialect_quote("%")
        self._prefix, self._schema = prefix, schema

    def __missing__(self, field: str) -> str:
        if field == "schema":
            return "" if self._schema is None else f"{self._quote(self._schema)}."
        kind = _CONSTRAINT if field.startswith(_CONSTRAINT) else ""
        return self._quote(f"{kind}{self._prefix}{field.removeprefix(kind)}")

    def _quote(self, name: str) -> str:
        """Quote a name, its percent signs single: what compiles the statement doubles them for the driver."""
        quoted = self._dialect_quote(name)
        return quoted.replace("%%", "%") if self._doubles else quoted

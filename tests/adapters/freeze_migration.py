"""The generator of the first revision: it writes today's tables down as plain text, for all databases.

``make migration`` runs it. It rewrites the revision as long as that is the only one, which it is until a
release; after that, revisions are written by hand, and a test tells what they lack.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from slotkeeper.adapters.sql import Tables, migrations
from slotkeeper.adapters.sql.mariadb import TABLE_OPTIONS
from slotkeeper.adapters.sql.mariadb_guard import WITH_PERIOD
from slotkeeper.adapters.sql.postgresql_guard import AFTER_DROP, WITH_EXTENSION, WITH_RANGES
from slotkeeper.adapters.sql.schema import dialects_of
from slotkeeper.adapters.sql.sqlite_guard import TRIGGERS

VERSIONS: Final = Path(migrations.__file__).parent / "versions"
PATH: Final = VERSIONS / "slotkeeper_0001.py"
PREFIX: Final = "prefix_"
DIALECTS: Final[dict[str, sa.Dialect]] = {
    name: sa.make_url(f"{name}://").get_dialect()() for name in ("sqlite", "postgresql", "mysql")
}
TYPES: Final = {
    "INTEGER": "sa.Integer()",
    "BIGINT": "sa.BigInteger()",
    "TEXT": "sa.Text()",
    "LONGTEXT": "mysql.LONGTEXT()",
    "BOOLEAN": "sa.Boolean()",
    "BOOL": "sa.Boolean()",
    "VARCHAR(255)": "sa.String(255)",
    'TEXT COLLATE "C"': 'sa.Text(collation="C")',
    'VARCHAR COLLATE "C"': 'sa.String(collation="C")',
    "TIMESTAMP WITH TIME ZONE": "sa.TIMESTAMP(timezone=True)",
    "DATETIME(6)": "mysql.DATETIME(fsp=6)",
}
"""How each type of a database is written in a revision."""

HEAD: Final = '''"""The tables as they were first released.

Written by ``make migration``, for every database at once; once released, never changed.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from slotkeeper.adapters.sql.migrations.place import placed

revision = "slotkeeper_0001"
down_revision = None
branch_labels = ("slotkeeper",)
depends_on = None
'''


def frozen() -> str:
    """Return the text of the revision."""
    tables = Tables(prefix=PREFIX)
    kinds = _type_names(tables)
    lines = [HEAD]
    lines += [f"{name} = {text}" for text, name in kinds.items()]
    lines.append(f"OPTIONS: dict[str, Any] = { ({'sqlite_strict': True} | TABLE_OPTIONS)!r}")
    lines += _guards()
    lines += ["", "def upgrade() -> None:", '    """Make the tables."""', "    here = placed()"]
    for table in tables.all:
        lines += [*_table(table, kinds), *_indexes(table)]
    lines += ["    if here.guard is not None:", "        here.carry_out(GUARDS[here.guard])"]
    lines += ["", "def downgrade() -> None:", '    """Remove the tables and all that is in them."""']
    lines += ["    here = placed()"]
    lines += [f"    op.drop_table({_full(table.name)}, schema=here.schema)" for table in reversed(tables.all)]
    lines += ['    if here.guard in {"gist", "ranges"}:', "        here.carry_out(AFTER_DROP)", ""]
    return "\n".join(lines)


def _guards() -> list[str]:
    guards = {
        "sqlite": tuple(TRIGGERS.values()),
        "gist": WITH_EXTENSION,
        "ranges": WITH_RANGES,
        "mariadb": WITH_PERIOD,
    }
    texts = []
    for name, templates in guards.items():
        texts.append(f"{name!r}: ({''.join(f'{_block(one)}, ' for one in templates)})")
    return [f"GUARDS = {{{', '.join(texts)}}}", f"AFTER_DROP = ({', '.join(map(repr, AFTER_DROP))},)"]


def _block(text: str) -> str:
    return f'"""{text}"""' if "\n" in text else repr(text)


# -- types ---------------------------------------------------------------------------------------------------


def _type_names(tables: Tables) -> dict[str, str]:
    """Return a name for each type that occurs, after the first of ours that is so."""
    names: dict[str, str] = {}
    for table in tables.all:
        for column in table.columns:
            names.setdefault(_type(column.type), f"{_ours(column.type)}_")
    return {text: name.rstrip("_") for text, name in names.items()}


def _ours(of: sa.types.TypeEngine[Any]) -> str:
    known = {"IdText": "ID", "Text": "CODE" if "String" in repr(of._variant_mapping) else "WORDS"}
    return known.get(type(of).__name__, type(of).__name__.upper())


def _type(of: sa.types.TypeEngine[Any]) -> str:
    """Return a type as an expression with a variant for each database that differs from SQLite."""
    written = {name: TYPES[of.compile(dialect)] for name, dialect in DIALECTS.items()}
    text, there, here = (written[name] for name in ("sqlite", "postgresql", "mysql"))
    if there == here != text:
        return f'{text}.with_variant({here}, "postgresql", "mysql", "mariadb")'
    if there != text:
        text += f'.with_variant({there}, "postgresql")'
    return text if here == written["sqlite"] else f'{text}.with_variant({here}, "mysql", "mariadb")'


# -- tables --------------------------------------------------------------------------------------------------


def _table(table: sa.Table, kinds: dict[str, str]) -> Iterator[str]:
    yield f"    op.create_table({_full(table.name)},"
    for column in table.columns:
        yield f"        {_column(column, kinds)},"
    for constraint in sorted(table.constraints, key=_order):
        yield f"        {_constraint(constraint)},"
    counted = ", sqlite_autoincrement=True" if table.dialect_kwargs.get("sqlite_autoincrement") else ""
    yield f"        schema=here.schema, **OPTIONS{counted})"


def _column(column: sa.Column[Any], kinds: dict[str, str]) -> str:
    parts = [repr(column.name), kinds[_type(column.type)]]
    if column.computed is not None:
        parts.append(f"sa.Computed({str(column.computed.sqltext)!r}, persisted=True)")
    elif isinstance(column.server_default, sa.DefaultClause):
        default = column.server_default.arg
        parts.append(f"server_default={'sa.true()' if isinstance(default, sa.True_) else repr(default)}")
    if column is column.table.autoincrement_column:
        parts.append("autoincrement=True")
    return f"sa.Column({', '.join([*parts, f'nullable={column.nullable}'])})"


def _order(constraint: sa.Constraint) -> tuple[object, ...]:
    kinds = (sa.PrimaryKeyConstraint, sa.UniqueConstraint, sa.ForeignKeyConstraint, sa.CheckConstraint)
    rank = next(rank for rank, kind in enumerate(kinds) if isinstance(constraint, kind))
    return rank, str(constraint.name), dialects_of(constraint)


def _constraint(constraint: sa.Constraint) -> str:
    name = f"name={_name(str(constraint.name))}"
    if isinstance(constraint, sa.CheckConstraint):
        only = dialects_of(constraint)
        made = f"sa.CheckConstraint({str(constraint.sqltext)!r}, {name})"
        return f'{made}.ddl_if(dialect="{only[0]}")' if only else made
    assert isinstance(constraint, sa.schema.ColumnCollectionConstraint)
    columns = [one.name for one in constraint.columns]
    if isinstance(constraint, sa.ForeignKeyConstraint):
        there = constraint.referred_table.name.removeprefix(PREFIX)
        refs = ", ".join(f"here.column({there!r}, {one.column.name!r})" for one in constraint.elements)
        return f"sa.ForeignKeyConstraint({columns!r}, [{refs}], {name})"
    return f"sa.{type(constraint).__name__}({', '.join(map(repr, columns))}, {name})"


def _indexes(table: sa.Table) -> Iterator[str]:
    for index in sorted(table.indexes, key=lambda one: str(one.name)):
        only = dialects_of(index)
        where = "".join(
            f", {name}_where=sa.text({_where(index, name, dialect)!r})"
            for name, dialect in DIALECTS.items()
            if index.dialect_kwargs.get(f"{name}_where") is not None
        )
        columns = [one.name for one in index.columns]
        made = (
            f"op.create_index({_name(str(index.name))}, {_full(table.name)}, {columns!r}, "
            f"unique={bool(index.unique)}, schema=here.schema{where})"
        )
        if only:
            yield f"    if here.is_one_of({', '.join(map(repr, only))}):"
        yield f"{'        ' if only else '    '}{made}"


def _where(index: sa.Index, name: str, dialect: sa.Dialect) -> str:
    where: Any = index.dialect_kwargs[f"{name}_where"]
    return str(where.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _full(table: str) -> str:
    return f"here.table({table.removeprefix(PREFIX)!r})"


def _name(name: str) -> str:
    kind, rest = name.split(f"_{PREFIX}", 1)
    return f"here.name({kind!r}, {rest!r})"


def main() -> None:
    """Write the revision, formatted as the rest is."""
    others = [one.name for one in VERSIONS.glob("slotkeeper_*.py") if one != PATH]
    if others:
        sys.exit(f"released already, since there is {others}: write the next revision by hand")
    PATH.write_text(frozen(), encoding="utf-8")
    ruff = Path(sys.executable).with_name("ruff")
    subprocess.run([ruff, "format", "--quiet", PATH], check=True)


if __name__ == "__main__":
    main()

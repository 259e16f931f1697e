"""What is written for MySQL 8, which no server here can try: its names, and nothing of MariaDB alone."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from tests.adapters.servers import MARIADB

from slotkeeper.adapters.sql import Tables

OF_MYSQL: sa.Dialect = mysql.dialect()
OF_MARIADB = sa.create_engine("mariadb+pymysql://nobody@nowhere/nothing").dialect


def written(dialect: sa.Dialect) -> list[str]:
    """Return the statements by which portable tables are made."""
    tables = Tables(portable=True)
    statements: list[sa.schema.ExecutableDDLElement] = [sa.schema.CreateTable(one) for one in tables.all]
    statements += [sa.schema.CreateIndex(index) for one in tables.all for index in one.indexes]
    return [str(one.compile(dialect=dialect)) for one in statements]


@pytest.mark.parametrize(
    ("dialect", "name", "other"),
    [
        (OF_MYSQL, "utf8mb4_0900_bin", "utf8mb4_nopad_bin"),
        (OF_MARIADB, "utf8mb4_nopad_bin", "utf8mb4_0900_bin"),
    ],
    ids=["mysql", "mariadb"],
)
def test_text_is_collated_by_code_point_under_the_servers_own_name(
    dialect: sa.Dialect, name: str, other: str
) -> None:
    tables = [one for one in written(dialect) if "CREATE TABLE" in one]
    assert len(tables) == len(Tables().all)
    assert all(f"COLLATE {name}" in one and other not in one for one in tables)


def test_a_mariadb_that_is_reached_as_mysql_is_known_for_what_it_is() -> None:
    with MARIADB.engine.connect() as connection:
        text = str(sa.schema.CreateTable(Tables().keys).compile(connection))
    assert "COLLATE utf8mb4_nopad_bin" in text


def test_no_table_of_a_hosts_is_written_otherwise() -> None:
    table = sa.Table("hosts", sa.MetaData(), sa.Column("id", sa.Integer), mysql_collate="utf8mb4_bin")
    assert "COLLATE utf8mb4_bin" in str(sa.schema.CreateTable(table).compile(dialect=OF_MYSQL))


def test_what_only_mariadb_has_is_not_written_for_mysql() -> None:
    text = "\n".join(written(OF_MYSQL))
    for words in ("WITHOUT OVERLAPS", "PERIOD FOR", "INVISIBLE", "nopad"):
        assert words not in text

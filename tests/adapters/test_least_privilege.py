"""The rights of the page on least privilege suffice for all that a desk does, and each of them is needed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
import sqlalchemy as sa
from tests.adapters.servers import MARIADB, OURS, POSTGRESQL, Server

from slotkeeper import (
    BookingDesk,
    Interval,
    RateLimit,
    Redelivery,
    Resource,
    RetryableError,
    Service,
    Timeslot,
)
from slotkeeper.adapters.sql import SqlStore, Tables, bookings
from slotkeeper.testing.contract.samples import HOUR, NOW, at, span, visit

PAGE: Final = Path(__file__).parents[2] / "docs" / "how-to" / "least-privilege.md"
_BLOCK: Final = re.compile(r"```sql\n(.*?)```", re.DOTALL)
_GRANT: Final = re.compile(r"GRANT (.+) ON (\S+|SCHEMA \S+|SEQUENCE \S+) TO (\S+)")


def on_the_page(server: str) -> list[str]:
    """Return the statements that the page shows for a server."""
    (chapter,) = (part for part in PAGE.read_text().split("\n## ") if part.startswith(server))
    return [one for block in _BLOCK.findall(chapter) for one in block.strip().removesuffix(";").split(";\n")]


@attrs.frozen
class Rights:
    """A server, what its page grants, in names of our own, and who has it."""

    server: Server
    statements: list[str]
    app: str
    place: dict[str, Any]

    @property
    def grants(self) -> list[str]:
        return [
            one for one in self.statements if f"TO {self.app}" in one.replace("'@'%'", "").replace("'", "")
        ]

    def url(self) -> sa.URL:
        return sa.make_url(self.server.url).set(username=self.app, password=None)

    def carry_out(self, *statements: str) -> None:
        with self.server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for one in statements:
                connection.exec_driver_sql(one.replace("%", "%%"))


def named(text: str, schema: str) -> str:
    """Return a statement of the page with names of our own."""
    for role in ("owner", "app"):
        text = text.replace(f"booking_{role}", f"{OURS}_{role}")
    return re.sub(r"\bbooking\b", schema, text)


@contextmanager
def on_postgresql() -> Iterator[Rights]:
    schema = f"{OURS}_rights"
    statements = [named(one, schema) for one in on_the_page("PostgreSQL")]
    rights = Rights(POSTGRESQL, statements, f"{OURS}_app", {"schema": schema})
    made = [one for one in statements if one.startswith("CREATE")]
    rights.carry_out(*made)
    try:
        with closing(SqlStore.from_url(POSTGRESQL.url, tables=Tables(schema=schema))) as store:
            store.create_all()
        yield rights
    finally:
        rights.carry_out(
            f"DROP SCHEMA {schema} CASCADE", *(f"DROP ROLE {OURS}_{one}" for one in ("app", "owner"))
        )


@contextmanager
def on_mariadb() -> Iterator[Rights]:
    database = str(sa.make_url(MARIADB.url).database)
    prefix = f"{OURS}_rights_"
    statements = [named(one, database).replace("slotkeeper_", prefix) for one in on_the_page("MariaDB")]
    rights = Rights(MARIADB, statements, f"{OURS}_app", {"prefix": prefix})
    rights.carry_out(*(one for one in statements if one.startswith("CREATE")))
    with closing(SqlStore.from_url(MARIADB.url, tables=Tables(prefix=prefix))) as store:
        store.create_all()
        try:
            yield rights
        finally:
            store._tables.metadata.drop_all(store.engine)
            rights.carry_out(*(f"DROP USER '{OURS}_{one}'@'%'" for one in ("app", "owner")))


SERVERS: Final = {"postgresql": on_postgresql, "mariadb": on_mariadb}


@pytest.fixture(params=SERVERS)
def rights(request: pytest.FixtureRequest) -> Iterator[Rights]:
    with SERVERS[request.param]() as found:
        yield found


class Job:
    """All that is done with a store, again each time with ids of its own."""

    def __init__(self, rights: Rights) -> None:
        self._rights, self._times = rights, 0

    def run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._times += 1
        with closing(SqlStore.from_url(self._rights.url(), tables=Tables(**self._rights.place))) as store:
            self._do(store, f"n{self._times} ", monkeypatch)

    @staticmethod
    def _do(store: SqlStore, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        desk = BookingDesk(store, clock=lambda: NOW)
        room, spare = f"{name}room", f"{name}spare"
        for one in (room, spare):
            desk.add_resource(Resource(one))
        desk.add_service(Service(room, HOUR, hold_for=HOUR))
        desk.update_resource(Resource(room, version=2), expected_version=1)
        desk.update_service(Service(room, HOUR, hold_for=HOUR, version=2), expected_version=1)
        assert desk.slots(room, span(9, 12), resource_ids=[room])
        made = desk.book(room, at(9), resource_ids=[room], key=f"{name}key")
        assert desk.book(room, at(9), resource_ids=[room], key=f"{name}key") == made
        held = desk.hold(room, at(10), resource_ids=[room])
        desk.confirm(desk.hold(room, at(11), resource_ids=[room]).id)
        desk.reschedule(made.id, at(12), resource_ids=[spare])
        desk.cancel(made.id)
        desk.add_timeslot(Timeslot(f"{name}slot", room, Interval(at(20), at(21))))
        desk.delete_timeslot(f"{name}slot")
        later = BookingDesk(store, clock=lambda: NOW + 2 * HOUR)
        assert held.id in {one.id for one in later.expire_holds()}
        later.remind(dt.timedelta(days=2))
        later.relay(_refuse, redelivery=Redelivery(attempts=1))
        for parked in later.parked_events():
            later.dismiss_event(parked.event.id)
        while later.relay(lambda _: None):
            pass
        later.forget_keys(HOUR)
        for _ in range(2):
            later.admit(RateLimit(name, 2, HOUR), room)
        BookingDesk(store, clock=lambda: NOW, numbered=True).book(room, at(14), resource_ids=[room])
        later.reresolve(move=True)
        later.statistics(span(0, 24))
        with monkeypatch.context() as patch:  # the constraint finds what the check did not see
            patch.setattr(bookings, "check_capacity", lambda *_, **__: None)
            with pytest.raises(RetryableError), store.begin() as unit:
                unit.bookings.add(visit(f"{name}late", span(11, 12), on=[room], service_id=room), now=NOW)


def _refuse(_event: object) -> None:
    raise ConnectionError


def test_the_rights_of_the_page_suffice(rights: Rights, monkeypatch: pytest.MonkeyPatch) -> None:
    rights.carry_out(*rights.grants)
    with closing(SqlStore.from_url(rights.url(), tables=Tables(**rights.place))) as store:
        store.check_schema()
    Job(rights).run(monkeypatch)


def test_without_any_one_of_them_something_fails(rights: Rights, monkeypatch: pytest.MonkeyPatch) -> None:
    rights.carry_out(*rights.grants)
    job = Job(rights)
    tried = 0
    for grant in rights.grants:
        match = _GRANT.fullmatch(grant)
        assert match is not None
        privileges, on, to = match.groups()
        for one in privileges.split(", "):
            rights.carry_out(f"REVOKE {one} ON {on} FROM {to}")
            with pytest.raises(sa.exc.DBAPIError, match="denied"):
                job.run(monkeypatch)
            rights.carry_out(f"GRANT {one} ON {on} TO {to}")
            tried += 1
    job.run(monkeypatch)
    assert tried > 20


def test_the_application_can_neither_drop_nor_change_nor_empty_a_table_nor_lose_history(
    rights: Rights,
) -> None:
    rights.carry_out(*rights.grants)
    tables = Tables(**rights.place)
    engine = sa.create_engine(rights.url())
    quote = engine.dialect.identifier_preparer.format_table
    for table in tables.all:
        for text in ("DROP TABLE {}", "TRUNCATE TABLE {}", "ALTER TABLE {} ADD COLUMN more int"):
            with (
                pytest.raises(sa.exc.DBAPIError, match=r"denied|must be owner"),
                engine.begin() as connection,
            ):
                connection.exec_driver_sql(text.format(quote(table)))
    for table in (tables.outbox, tables.resources, tables.services):
        with pytest.raises(sa.exc.DBAPIError, match="denied"), engine.begin() as connection:
            connection.execute(sa.delete(table))
    engine.dispose()

"""What is asked often is answered from an index, on every database, and no more slowly as the tables grow.

The planners choose by themselves: there are thousands of bookings, and nothing is switched off.
"""

from __future__ import annotations

from contextlib import closing
from functools import cache
from typing import Any, Final

import attrs
import pytest
import sqlalchemy as sa
from tests.adapters.crowds import MINUTE, PLACES, analyse, booking_of, crowd, hour_of, put_places
from tests.adapters.plans import Plan, Question, plans
from tests.adapters.servers import MARIADB, POSTGRESQL, a_store
from tests.adapters.stores import remove_file, store_in_a_file

from slotkeeper.adapters.cursor import cursor_after
from slotkeeper.adapters.sql import SqlStore
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.listing import BOOKING_ORDERS, BookingFilter, Listing
from slotkeeper.testing.contract.samples import NOW, at

FEW: Final = 3_000
MANY: Final = 12_000
PAGE: Final = 5
SHARE: Final = 10
"""A question reads less than this part of the few; each resource, service and customer has less."""
NOISE: Final = 2
"""How much more may be read among many than among few; the trees of indexes grow a little higher."""

MADE_ON: Final = {
    "postgresql": (POSTGRESQL.store, POSTGRESQL.put_back),
    "mariadb": (MARIADB.store, MARIADB.put_back),
}
DATABASES: Final = ("sqlite", "sqlite analysed", *MADE_ON)


# -- questions -----------------------------------------------------------------------------------------------


def search(order: str = "start", **conditions: Any) -> Question:  # noqa: ANN401 - those of BookingFilter
    return lambda unit: unit.bookings.find(BookingFilter(**conditions), Listing(limit=PAGE, order=order))


def page(order: str, **place: Any) -> Question:  # noqa: ANN401 - those of Listing
    return lambda unit: unit.bookings.find(BookingFilter(), Listing(order=order, limit=PAGE, **place))


SOME: Final = 1_500
"""The number of a booking halfway through the few."""
ONE: Final = booking_of(SOME)
NEAR: Final = hour_of(SOME)
MADE: Final = Interval(ONE.created_at, ONE.created_at + 10 * MINUTE)

ASKED: Final[dict[str, Question]] = {
    "by id": lambda unit: unit.bookings.get(SOME),
    "several ids": search(ids=[SOME, SOME + 1]),
    "near": lambda unit: unit.bookings.relevant([1], NEAR),
    "near, on several resources": lambda unit: unit.bookings.relevant(range(PLACES // 10), NEAR),
    "lapsed": lambda unit: unit.bookings.lapsed(at(5), limit=PAGE),
    "owed": lambda unit: unit.bookings.owed(limit=PAGE),
    "to be reminded of": lambda unit: unit.bookings.unreminded(NEAR, now=NOW, limit=PAGE),
    "parked": lambda unit: unit.outbox.parked(limit=PAGE),
    "keys to forget": lambda unit: unit.keys.forget(NOW + MINUTE, limit=PAGE),
    "pending": lambda unit: unit.outbox.pending(limit=PAGE),
    "history": lambda unit: unit.outbox.history(SOME),
    "timeslots": lambda unit: unit.timeslots.find([1], NEAR),
    "timeslots of several resources": lambda unit: unit.timeslots.find(range(PLACES // 10), NEAR),
    "timeslot": lambda unit: unit.timeslots.get(SOME),
    "key": lambda unit: unit.keys.get("book/", f"key {SOME}"),
    "of a customer": search(customer_id=ONE.customer_id),
    "of a series": search(series_id=ONE.series_id),
    "overlapping": search(overlapping=NEAR),
    "starting": search(starting=NEAR),
    "starting, of a service": search(starting=NEAR, service_ids=[ONE.service_id]),
    "starting, in some statuses": search(starting=NEAR, statuses=["held", "confirmed"]),
    "created": search(created=MADE),
    **{f"of a customer, by {one}": search(one, customer_id=ONE.customer_id) for one in BOOKING_ORDERS},
}
WITH_MANY: Final[dict[str, Question]] = {
    "of a service": search(service_ids=[1]),
    "claim": lambda unit: unit.outbox.claim("relay", now=at(5), until=at(6), limit=PAGE),
    "of a status": search(statuses=["held"]),
    "of a resource": search(resource_ids=[1]),
    "of several resources": search(resource_ids=[1, 2]),
    "the newest of a resource": search("-created_at", resource_ids=[1]),
}
"""Of these there are more as the tables grow; they are counted, and some have to be sorted."""
PAGES: Final[dict[str, Question]] = {
    name: ask
    for order in BOOKING_ORDERS
    for name, ask in {
        f"first page, by {order}": page(order),
        f"page after a cursor, by {order}": page(order, after=cursor_after(ONE, order)),
        f"page by number, by {order}": page(order, offset=2 * PAGE),
    }.items()
}
QUESTIONS: Final = ASKED | WITH_MANY | PAGES


# -- answers -------------------------------------------------------------------------------------------------


@attrs.frozen
class Answers:
    """How each question was answered, among few bookings and among many."""

    among_few: dict[str, list[Plan]]
    among_many: dict[str, list[Plan]]


@cache
def answers(database: str) -> Answers:
    """Fill tables, and ask everything twice; this takes seconds, and is done once."""
    make, end = MADE_ON.get(database, (store_in_a_file, remove_file))
    store = make()
    try:
        put_places(store)
        few = asked_among(store, range(FEW), analysed=database != "sqlite")
        return Answers(few, asked_among(store, range(FEW, MANY), analysed=database != "sqlite"))
    finally:
        end(store)


def asked_among(store: SqlStore, more: range, *, analysed: bool) -> dict[str, list[Plan]]:
    crowd(store, more)
    if analysed:
        analyse(store)
    return {name: plans(store, ask) for name, ask in QUESTIONS.items()}


# -- tests ---------------------------------------------------------------------------------------------------


@pytest.fixture(params=DATABASES)
def found(request: pytest.FixtureRequest) -> Answers:
    return answers(request.param)


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_table_is_read_from_first_to_last(found: Answers, name: str) -> None:
    for plan in found.among_few[name] + found.among_many[name]:
        assert plan.steps
        assert [one for one in plan.steps if one.whole_table] == [], plan


@pytest.mark.parametrize("name", QUESTIONS)
def test_rows_that_are_not_asked_for_are_not_read(found: Answers, name: str) -> None:
    pages = [one for one in found.among_few[name] if not (one.counts and name in PAGES)]
    assert pages
    assert all(one.rows < FEW / SHARE for plan in pages for one in plan.steps), pages


@pytest.mark.parametrize("name", ASKED)
def test_as_the_tables_grow_no_more_is_read(found: Answers, name: str) -> None:
    few, many = (sum(plan.effort for plan in one[name]) for one in (found.among_few, found.among_many))
    assert many <= NOISE * few, (found.among_few[name], found.among_many[name])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_found_at_once_however_many_there_are(found: Answers, name: str) -> None:
    few, many = (
        sum(plan.effort for plan in one[name] if not plan.counts)
        for one in (found.among_few, found.among_many)
    )
    assert many <= NOISE * few, (found.among_few[name], found.among_many[name])


@pytest.mark.parametrize("name", PAGES)
def test_all_bookings_are_counted_in_an_index_alone(found: Answers, name: str) -> None:
    (plan,) = (one for one in found.among_many[name] if one.counts)
    assert all(one.index_alone for one in plan.steps), plan


BOOKED_WITH: Final = (
    "by id",
    "near",
    "near, on several resources",
    "history",
    "timeslots",
    "timeslot",
    "key",
)
WHOLE: Final = """
SELECT relname, seq_tup_read FROM pg_stat_xact_user_tables
WHERE schemaname = :schema AND starts_with(relname, :prefix) AND seq_tup_read >= :few
"""
"""The tables that were read from first to last within the transaction."""


def test_what_every_booking_asks_reads_no_table_whole_when_postgresql_plans_once_for_all_values() -> None:
    with a_store(POSTGRESQL) as store, closing(POSTGRESQL.reopen(store)) as other:
        put_places(store)
        crowd(store, range(FEW))
        analyse(store)
        ours = {"schema": store._tables.schema, "prefix": store._tables.prefix, "few": FEW}
        with other.engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.prepare_threshold = 0
            connection.exec_driver_sql("SET plan_cache_mode = force_generic_plan")
            with SqlStore.on(connection, tables=store._tables).begin() as unit:
                for name in BOOKED_WITH:
                    QUESTIONS[name](unit)
            prepared = connection.scalar(sa.text("SELECT sum(generic_plans) FROM pg_prepared_statements"))
            assert prepared >= len(BOOKED_WITH)
            assert connection.execute(sa.text(WHOLE), ours).all() == []

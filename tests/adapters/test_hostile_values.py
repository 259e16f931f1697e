"""Whatever people write stays a value: it comes back as it was, or is refused; it is part of no statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, Final

import attrs
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.servers import OURS, POSTGRESQL, SERVERS, a_store
from tests.adapters.stores import remove_file, store_in_a_file

from slotkeeper import (
    Actor,
    BookingDesk,
    BookingFilter,
    Interval,
    InvalidFieldError,
    InvalidInputError,
    Listing,
    Payment,
    Redelivery,
    Resource,
    Schedule,
    Service,
    SlotkeeperError,
    Timeslot,
)
from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.adapters.sql.store import HostedStore
from slotkeeper.ports import Store
from slotkeeper.testing.contract.samples import (
    HOUR,
    NOW,
    add,
    at,
    everything,
    following,
    furnish,
    span,
    visit,
)

MARK: Final = "zq7x"
"""What every text that is tried holds, and no statement of ours does."""
HOSTILE: Final = (
    "'",
    "''",
    '"',
    "`",
    "\\",
    "\\'; --",
    "'; DROP TABLE slotkeeper_bookings; --",
    "' OR '1'='1",
    "/* */ # --",
    "$$ $1 $body$",
    "%s %(id)s %% {0} {schema} {{}}",
    ":id ?1 ? @x",
    "%_[a-z]*",
    "\r\n\t\x01\x7f",
    "\u202e\u200b\ufeff<script>",
    "💈 ﬀ e\u0301 İı",
    "null",
    "x" * 200,
)
UNSTORABLE: Final = ("\x00", "\ud800")
"""What Unicode, or one of the databases, has no place for."""


@contextmanager
def lent(name: str) -> Iterator[SqlStore]:
    if name == "sqlite":
        store = store_in_a_file()
        yield store
        remove_file(store)
    else:
        with a_store(SERVERS[name]) as made:
            yield made


NAMES = ["sqlite", *SERVERS]


@pytest.fixture(params=NAMES)
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    with lent(request.param) as made:
        yield made


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[str]]:
    """Note the text of every statement, as the driver is given it."""
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def live_with(store: Store, text: str) -> None:
    """Do everything that a desk can with one text in each place that takes one, and find it again."""
    told: list[Any] = []
    desk = BookingDesk(store, clock=lambda: NOW)
    facts = {text: text, "list": [text, {text: None}]}
    desk.add_resource(Resource(text, Schedule.always(), capacity=9, name=text, roles=text, attributes=facts))
    desk.add_service(Service(text, HOUR, name=text, attributes=facts))
    boss = Actor(text, roles="admin")
    terms: dict[str, Any] = {"customer_id": text, "notes": text, "attributes": facts}
    made = desk.book(text, at(9), booking_id=text, resource_ids=[text], actor=boss, key=text, **terms)
    assert desk.book(text, at(9), booking_id=text, resource_ids=[text], actor=boss, key=text, **terms) == made
    assert (made.id, made.customer_id, made.notes, made.attributes) == (text, text, text, facts)
    wanted = BookingFilter(
        customer_id=text, resource_ids=[text], service_ids=[text], ids=[text], statuses=["confirmed"]
    )
    assert list(desk.find(wanted).items) == [made]
    with store.begin(write=False) as unit:
        nothing = BookingFilter(statuses=[text], series_id=text)
        assert list(unit.bookings.find(nothing, Listing()).items) == []
    page = desk.find(listing=Listing(limit=1))
    assert list(page.items) == [made]
    moved = desk.reschedule(text, at(11), reason=text, actor=boss).booking
    assert (moved.reason, desk.get(text)) == (text, moved)
    desk.add_timeslot(Timeslot(text, text, Interval(at(20), at(21)), service_id=text, attributes=facts))
    assert desk.get_timeslot(text).attributes == facts
    slot = desk.book_timeslot(text, booking_id=f"{text}2", **terms)
    assert slot.timeslot_id == text
    assert desk.cancel(text, reason=text, actor=boss).booking.reason == text

    def refuse(_event: object) -> None:
        raise ValueError(text)

    desk.relay(refuse, redelivery=Redelivery(attempts=1))
    (parked, *_) = desk.parked_events()
    assert parked.fault == f"ValueError: {text!r}"[:500]
    desk.dismiss_event(parked.event.id)
    desk.relay(told.append)
    assert [event.reason for event in desk.history(text)] == [None, text, text]
    with store.begin() as unit:
        paid = following(slot, payment=Payment("paid", reference=text))
        unit.bookings.replace(paid, now=NOW)
        assert unit.bookings.get(slot.id) == paid


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_people_write_comes_back_and_is_part_of_no_statement(store: SqlStore, text: str) -> None:
    with statements(store.engine) as sent:
        live_with(store, f"{MARK}{text}")
    assert sent
    assert [one for one in sent if MARK in one] == []


TEXTS = st.text(min_size=1, max_size=60).map(lambda text: f"{MARK}{text}")


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=TEXTS)
def test_any_text_comes_back_or_is_refused_and_is_part_of_no_statement(name: str, text: str) -> None:
    with lent(name) as store, statements(store.engine) as sent:
        with suppress(InvalidInputError):
            live_with(store, text)
        assert [one for one in sent if MARK in one] == []


@pytest.mark.parametrize("text", UNSTORABLE, ids=["zero", "surrogate"])
@pytest.mark.parametrize(
    "changes",
    [
        lambda text: {"notes": text},
        lambda text: {"reason": text},
        lambda text: {"customer_id": text},
        lambda text: {"series_id": text},
        lambda text: {"id": text},
        lambda text: {"status": f"{text}x"},
        lambda text: {"attributes": {"fact": text}},
        lambda text: {"payment": Payment(reference=text)},
    ],
    ids=["notes", "reason", "customer", "series", "id", "status", "attributes", "reference"],
)
def test_what_a_database_has_no_place_for_is_refused_whole_or_comes_back(
    store: SqlStore, text: str, changes: Callable[[str], dict[str, Any]]
) -> None:
    furnish(store)
    before = everything(store)
    try:
        given_one = attrs.evolve(visit("one", span(9, 10)), **changes(text))
        add(store, given_one)
    except InvalidInputError:
        assert everything(store) == before
    else:
        assert everything(store)["bookings"] == [given_one]


@pytest.mark.parametrize("cursor", ["", "x", "'; --", "W10=", "WzEsMl0=", "\x00", "9" * 5000, "W251bGwsIDFd"])
def test_a_cursor_that_nobody_was_given_is_refused(store: SqlStore, cursor: str) -> None:
    furnish(store)
    with pytest.raises(SlotkeeperError), store.begin(write=False) as unit:
        unit.bookings.find(BookingFilter(), Listing(after=cursor))


# -- names that a host chooses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prefix", ["a b", "a;b", 'a"b', "a'b", "a%b", "a.b", "ä", "1a", "a\n", "a-b", None, 1]
)
def test_a_prefix_that_is_no_plain_name_is_refused(prefix: object) -> None:
    with pytest.raises(InvalidFieldError, match=r"Tables\.prefix"):
        Tables(prefix=prefix)  # type: ignore[arg-type]


def test_a_schema_of_any_name_is_quoted_everywhere() -> None:
    schema = f'{OURS} we"ird %s {{x}}; DROP SCHEMA public'
    tables = Tables(schema=schema, prefix="sk_odd_")
    with POSTGRESQL.engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    try:
        with closing(SqlStore.from_url(POSTGRESQL.url, tables=tables)) as store:
            store.create_all()
            store.check_schema()
            live_with(store, MARK)
    finally:
        with POSTGRESQL.engine.begin() as connection:
            connection.execute(sa.schema.DropSchema(schema, cascade=True))


def test_in_a_hosts_transaction_nothing_is_part_of_a_statement_either(store: SqlStore) -> None:
    engine = store.engine.execution_options()
    with engine.connect() as bare:
        level = {} if engine.dialect.name == "sqlite" else {"isolation_level": "READ COMMITTED"}
        connection = bare.execution_options(**level)
        hosted: HostedStore = SqlStore.on(connection, tables=store._tables)
        with statements(engine) as sent:
            live_with(hosted, f"{MARK}' %s :x")
        assert [one for one in sent if MARK in one] == []
        connection.rollback()

"""Writing answers: problems, entity tags, booking facts, tokens and the command line."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper import (
    BookingDesk,
    InvalidFieldError,
    LimitReachedError,
    MemoryStore,
    Money,
    ParseError,
    RateLimitedError,
    Resource,
    RetryableError,
    Service,
    SlotkeeperError,
    SlotTakenError,
    StaleVersionError,
    errors,
)
from slotkeeper.contrib.web import (
    STATUSES,
    bearer_token,
    booking_facts,
    etag,
    expected_version,
    instant_text,
    picked,
    problem,
    serving,
)

NOW = dt.datetime(2025, 10, 22, 8, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def desk() -> BookingDesk:
    found = BookingDesk(MemoryStore(), clock=lambda: NOW)
    found.add_resource(Resource("bay"))
    found.add_service(Service("wash", HOUR, price=Money.of("20.50", "EUR")))
    return found


def family(kind: type[SlotkeeperError]) -> set[type[SlotkeeperError]]:
    return {kind}.union(*(family(child) for child in kind.__subclasses__()))


def sample(kind: type[SlotkeeperError]) -> SlotkeeperError:
    facts: dict[str, Any] = {
        "explanation": desk().explain("wash", NOW - HOUR),
        "retry_after": HOUR,
        "per": HOUR,
    }
    facts |= dict.fromkeys(("now", "earliest", "latest", "wall"), NOW)
    names = [field.name for field in attrs.fields(kind)]
    return kind(*(facts.get(name, f"some {name}") for name in names))


@pytest.mark.parametrize("kind", sorted(family(SlotkeeperError), key=str))
def test_every_error_has_a_status_and_a_document_that_json_can_hold(kind: type[SlotkeeperError]) -> None:
    found = problem(sample(kind))
    document = json.loads(json.dumps(found.document()))
    assert document["type"] == f"/problems/{kind.code}"
    assert set(document) == {"type", "title", "status", "detail", "facts"}
    ours = {
        errors.SlotkeeperError,
        errors.MissingExtraError,
        errors.SchemaMismatchError,
    }
    assert (found.status == 500) is (kind in ours)


def test_the_nearest_class_gives_the_status_and_may_be_changed() -> None:
    taken = sample(SlotTakenError)
    assert problem(taken).status == 409
    assert problem(taken, {errors.RefusedError: 400}).status == 400
    assert problem(taken, {errors.RefusedError: 400, SlotTakenError: 423}).status == 423
    assert problem(sample(LimitReachedError), {SlotTakenError: 423}).status == 409
    assert STATUSES[errors.RefusedError] == 409


def test_a_host_tells_it_in_its_own_words() -> None:
    missing = errors.NotFoundError("booking", 7)
    texts: dict[type[SlotkeeperError], str] = {
        errors.NotFoundError: "{kind} {id} is not there",
        errors.RefusedError: "taken",
    }
    assert problem(missing, texts=texts).detail == "Booking 7 is not there"
    assert problem(missing, texts={SlotkeeperError: ""}).detail == missing.describe()
    assert problem(sample(LimitReachedError), texts=texts).detail == "Taken"
    assert problem(RetryableError("busy"), texts=texts).detail == RetryableError("busy").describe()
    for wrong in ("{nothing}", "{", "{}", "{kind.nothing}"):
        with pytest.raises(InvalidFieldError):
            problem(missing, texts={errors.NotFoundError: wrong})


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,5}", fullmatch=True), st.integers(), min_size=1), st.data())
def test_facts_are_picked_under_other_names_in_the_order_asked_for(
    facts: dict[str, int], data: st.DataObject
) -> None:
    ours = data.draw(st.lists(st.sampled_from(sorted(facts)), max_size=5))
    names = " ".join(f"n{number}={name}" for number, name in enumerate(ours))
    assert picked(facts, names) == {f"n{number}": facts[name] for number, name in enumerate(ours)}
    assert list(picked(facts, " ".join(facts)).items()) == list(facts.items())
    name = next(iter(facts))
    for wrong in (f"{name}=Nothing", "Nothing", f"{name} {name}", f"={name} ={name}", f"x={name} x={name}"):
        with pytest.raises(InvalidFieldError):
            picked(facts, wrong)


def test_what_may_succeed_later_says_when() -> None:
    limited = RateLimitedError("book", 10, HOUR, dt.timedelta(seconds=6.2))
    assert problem(limited).headers == {"Retry-After": "7"}
    assert problem(attrs.evolve(limited, retry_after=dt.timedelta(0))).headers == {"Retry-After": "1"}
    assert problem(RetryableError("busy")).headers == {"Retry-After": "1"}
    assert problem(sample(SlotTakenError)).headers == {}


@given(st.integers(1, 10**9))
def test_a_tag_names_the_version_that_a_change_expects(version: int) -> None:
    booking = attrs.evolve(desk().book("wash", NOW + HOUR), version=version)
    assert expected_version(etag(version), booking) == version
    assert expected_version(f'"other", {etag(version)}', booking) == version
    assert expected_version(None, booking) is None
    assert expected_version(" * ", booking) is None
    for stale in (etag(version + 1), f"W/{etag(version)}", '"x"', '""'):
        with pytest.raises(StaleVersionError):
            expected_version(stale, booking)


@given(st.text())
def test_a_header_is_a_list_of_tags_or_is_refused(header: str) -> None:
    booking = desk().book("wash", NOW + HOUR)
    try:
        expected_version(header, booking)
    except ParseError:
        return
    except StaleVersionError:
        assert header.count('"') >= 2
    else:
        assert header.strip() == "*" or etag(1) in header


def test_facts_of_a_booking_are_plain_json() -> None:
    booking = desk().book("wash", NOW + HOUR, customer_id=7, notes="soft", booking_id=3)
    facts = json.loads(json.dumps(booking_facts(booking, zone="Europe/Warsaw")))
    assert facts == {
        **facts,
        "id": 3,
        "customer_id": 7,
        "resource_ids": ["bay"],
        "start": "2025-10-22T09:00:00Z",
        "end": "2025-10-22T10:00:00Z",
        "date": "2025-10-22",
        "time": "11:00",
        "duration": 60,
        "status": "confirmed",
        "status_code": "confirmed",
        "price": 20.5,
        "currency": "EUR",
        "paid": None,
        "version": 1,
    }
    assert instant_text(NOW + dt.timedelta(milliseconds=5)) == "2025-10-22T08:00:00.005000Z"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic x", "x", "Bearer a b", "Bearer ą"])
def test_another_header_has_no_token(header: str | None) -> None:
    assert bearer_token(header) is None
    assert bearer_token("bearer  abc== ") == "abc=="


def test_the_command_line_tells_how_to_serve() -> None:
    given_ = serving(
        "x", ["--port", "1", "--demo", "--now", "2025-10-22T10:00+02:00"], database="sqlite:///x"
    )
    assert (given_.port, given_.demo, given_.clock(), given_.url) == (1, True, NOW, "sqlite:///x")
    urls = {"postgresql://h/n": "postgresql+psycopg://h/n", "mysql://h/n": "mysql+pymysql://h/n"}
    for plain, url in {**urls, "postgresql+pg8000://h/n": "postgresql+pg8000://h/n"}.items():
        assert serving("x", ["--database", plain], database="sqlite://").url == url
    assert serving("x", [], database="sqlite:///x").async_url == "sqlite+aiosqlite:///x"
    assert abs(serving("x", [], database="").clock() - dt.datetime.now(dt.UTC)) < HOUR
    with pytest.raises(SystemExit):
        serving("x", ["--now", "soon"], database="")

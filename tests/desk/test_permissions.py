from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.desk.shops import HALF, TODAY, at, shop

from slotkeeper import (
    STANDARD,
    Actor,
    BeforeStart,
    BookingDesk,
    Explanation,
    ForbiddenError,
    HasRole,
    Id,
    Interval,
    InvalidFieldError,
    IsOwner,
    IsProvider,
    RefusedError,
    Resource,
    Service,
    Timeslot,
    TransitionTimeError,
)

Act = Callable[[BookingDesk, Id, Actor], object]
OWNER, OTHER = Actor(7), Actor(8)
PROVIDER, ADMIN = Actor("bay"), Actor(1, roles="admin")

MARKET = (
    STANDARD.with_guards("confirm", who=[IsProvider(), HasRole("admin")])
    .with_guards("start", who=[IsProvider(), HasRole("admin")])
    .with_guards("cancel", who=[IsOwner(), HasRole("admin")], when=[BeforeStart()], exempt=[HasRole("admin")])
    .with_guards("reschedule", who=[IsOwner()])
)


@pytest.mark.parametrize("look", ["get", "history"])
def test_a_booking_is_read_by_owner_provider_and_admin(look: str) -> None:
    desk = shop().desk
    made = desk.book("wash", at(0), customer_id=7)
    for actor in (OWNER, PROVIDER, ADMIN, None):
        assert getattr(desk, look)(made.id, actor=actor)
    with pytest.raises(ForbiddenError) as refused:
        getattr(desk, look)(made.id, actor=OTHER)
    assert refused.value.needs == ("owner", "provider", "role:admin")


@pytest.mark.parametrize(
    ("act", "allowed"),
    [
        (lambda desk, one, actor: desk.confirm(one, actor=actor), {"provider", "admin"}),
        (lambda desk, one, actor: desk.cancel(one, actor=actor), {"owner", "admin"}),
        (lambda desk, one, actor: desk.quote_cancellation(one, actor=actor), {"owner", "admin"}),
        (lambda desk, one, actor: desk.reschedule(one, at(2), actor=actor), {"owner"}),
        (lambda desk, one, actor: desk.update(one, notes="x", actor=actor), {"owner", "provider", "admin"}),
    ],
)
def test_who_may_act_is_the_tables_to_say(act: Act, allowed: set[str]) -> None:
    actors = {"owner": OWNER, "other": OTHER, "provider": PROVIDER, "admin": ADMIN}
    for name, actor in actors.items():
        here = shop(lifecycle=MARKET)
        made = here.desk.book("wash", at(0), customer_id=7, action="request")
        before = here.written()
        if name in allowed:
            act(here.desk, made.id, actor)
        else:
            with pytest.raises(ForbiddenError):
                act(here.desk, made.id, actor)
            assert here.written() == before


def test_until_it_starts_binds_the_owner_and_not_the_admin() -> None:
    here = shop(lifecycle=MARKET)
    made = here.desk.book("wash", at(0), customer_id=7)
    here.clock.now = at(0)
    with pytest.raises(TransitionTimeError):
        here.desk.cancel(made.id, actor=OWNER)
    assert "cancel" not in here.desk.allowed_actions(made.id, actor=OWNER)
    assert "cancel" in here.desk.allowed_actions(made.id, actor=ADMIN)
    assert here.desk.cancel(made.id, actor=ADMIN).booking.status == "cancelled"


CATALOGUE: dict[str, Any] = {
    "add_resource": lambda desk, actor: desk.add_resource(Resource("new"), actor=actor),
    "update_resource": lambda desk, actor: desk.update_resource(Resource("bay"), actor=actor),
    "edit_resource": lambda desk, actor: desk.edit_resource("bay", lambda bay: bay, actor=actor),
    "deactivate_resource": lambda desk, actor: desk.deactivate_resource("bay", actor=actor),
    "add_service": lambda desk, actor: desk.add_service(Service("new", HALF), actor=actor),
    "update_service": lambda desk, actor: desk.update_service(Service("wash", HALF), actor=actor),
    "deactivate_service": lambda desk, actor: desk.deactivate_service("wash", actor=actor),
    "generate_timeslots": lambda desk, actor: desk.generate_timeslots("bay", TODAY, HALF, actor=actor),
    "add_timeslot": lambda desk, actor: desk.add_timeslot(Timeslot("u", "bay", TODAY), actor=actor),
    "delete_timeslot": lambda desk, actor: desk.delete_timeslot("t", actor=actor),
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_catalogue_is_for_managers(name: str) -> None:
    here = shop(managers=["boss", "clerk"])
    here.desk.add_timeslot(Timeslot("t", "bay", Interval(at(-1), at(0))))
    before = here.written()
    for actor in (OWNER, ADMIN):
        with pytest.raises(ForbiddenError) as refused:
            CATALOGUE[name](here.desk, actor)
        assert refused.value.needs == ("role:boss", "role:clerk")
    assert here.written() == before
    CATALOGUE[name](here.desk, Actor(2, roles="clerk"))
    assert here.written() != before


@pytest.mark.parametrize(
    "act",
    [
        lambda desk, one, actor: desk.get(one, actor=actor),
        lambda desk, one, actor: desk.quote_reschedule(one, actor=actor),
        lambda desk, one, actor: desk.cancel(one, actor=actor),
        lambda desk, _, actor: desk.add_resource(Resource("ramp"), actor=actor),
    ],
)
def test_what_is_no_actor_is_refused_rather_than_trusted(act: Act) -> None:
    desk = shop().desk
    made = desk.book("wash", at(0))
    for stranger in (0, "", 7, "admin"):
        with pytest.raises(InvalidFieldError, match="must be an Actor"):
            act(desk, made.id, stranger)  # type: ignore[arg-type]


# -- what a refusal tells ------------------------------------------------------------------------------------


def named(explanation: Explanation) -> set[Id | None]:
    return {one.booking_id for refusal in explanation.refusals for one in getattr(refusal, "blockers", ())}


Refuse = Callable[[BookingDesk, Actor | None, str | None], Explanation]


def _error_of(call: Callable[[], object]) -> Explanation:
    with pytest.raises(RefusedError) as refused:
        call()
    return refused.value.explanation


REFUSALS: dict[str, Refuse] = {
    "book": lambda desk, actor, key: _error_of(lambda: desk.book("wash", at(0), actor=actor, key=key)),
    "hold": lambda desk, actor, key: _error_of(lambda: desk.hold("wash", at(0), actor=actor, key=key)),
    "move": lambda desk, actor, key: _error_of(
        lambda: desk.reschedule("movable", at(0), actor=actor, key=key)
    ),
    "series": lambda desk, actor, key: _error_of(
        lambda: desk.book_series("wash", [at(3), at(0)], actor=actor, key=key)
    ),
    "part of a series": lambda desk, actor, key: desk.book_series(
        "wash", [at(0)], all_or_nothing=False, actor=actor, key=key
    ).refused[0],
    "explain": lambda desk, actor, _: desk.explain("wash", at(0), actor=actor),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_names_the_bookings_that_its_reader_may_read(name: str) -> None:
    desk = shop().desk
    made = desk.book("wash", at(0), customer_id=7)
    desk.book("wash", at(1), booking_id="movable", customer_id=8)
    for reader, ids in ((OWNER, {made.id}), (ADMIN, {made.id}), (None, {made.id}), (OTHER, {None})):
        found = REFUSALS[name](desk, reader, None)
        assert named(found) == ids
        assert str(made.interval) in str(found)


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_kept_of_a_refusal_is_what_was_told(name: str) -> None:
    desk = shop().desk
    desk.book("wash", at(0), customer_id=7)
    desk.book("wash", at(1), booking_id="movable", customer_id=8)
    first = REFUSALS[name](desk, OTHER, "k")
    assert named(first) == {None}
    assert REFUSALS[name](desk, OTHER, "k") == first

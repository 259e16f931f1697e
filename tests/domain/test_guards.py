from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.lifecycle_tables import (
    HOUR,
    VISIT,
    asking,
    nows,
    tables,
    times,
)

from slotkeeper.domain.actor import Actor
from slotkeeper.domain.guards import (
    BeforeEnd,
    BeforeStart,
    Circumstances,
    FromEnd,
    FromStart,
    HasRole,
    IsOwner,
    IsProvider,
    When,
    common_bounds,
)
from slotkeeper.domain.instant import TICK
from slotkeeper.domain.lifecycle_table import Transition
from slotkeeper.domain.standard_lifecycle import STANDARD, Action, Status
from slotkeeper.errors import (
    ForbiddenError,
    InvalidFieldError,
    TransitionTimeError,
)

if TYPE_CHECKING:
    from slotkeeper.domain.ids import Id
    from slotkeeper.domain.lifecycle import Lifecycle


@given(tables(), nows)
def test_guards_on_people_never_bind_the_host_itself(table: Lifecycle, now: dt.datetime) -> None:
    bare = attrs.evolve(
        table, transitions=[attrs.evolve(row, who=[], exempt=[]) for row in table.transitions]
    )
    for status in (None, *(state.name for state in table.states)):
        assert table.allowed(status, **asking(now=now)) == bare.allowed(
            status, **asking(now=now, actor=Actor(9))
        )


@given(st.lists(times, max_size=4), nows)
def test_an_act_is_allowed_exactly_within_the_bounds_that_its_refusal_names(
    when: list[When], now: dt.datetime
) -> None:
    earliest, latest = common_bounds(when, VISIT)
    case = Circumstances(actor=None, owner_id=None, resource_ids=(), interval=VISIT, now=now)
    each = [Transition(None, "go", "new", when=[guard]).refusal(case) is None for guard in when]
    inside = (earliest is None or now >= earliest) and (latest is None or now < latest)
    refusal = Transition(None, "go", "new", when=when).refusal(case)
    assert (refusal is None) == inside == all(each)
    if refusal is not None:
        assert refusal.args == ("go", earliest, latest, now)


@pytest.mark.parametrize(
    ("guard", "first", "last"),
    [
        (BeforeStart(), None, VISIT.start),
        (BeforeStart(2 * HOUR), None, VISIT.start - 2 * HOUR),
        (FromStart(), VISIT.start, None),
        (FromStart(-HOUR), VISIT.start - HOUR, None),
        (BeforeEnd(), None, VISIT.end),
        (FromEnd(HOUR), VISIT.end + HOUR, None),
    ],
)
def test_a_guard_on_time_opens_with_its_bound_and_closes_ahead_of_it(
    guard: When, first: dt.datetime | None, last: dt.datetime | None
) -> None:
    row = Transition(None, "go", "new", when=[guard])

    def passes(now: dt.datetime) -> bool:
        case = Circumstances(actor=None, owner_id=None, resource_ids=(), interval=VISIT, now=now)
        return row.refusal(case) is None

    assert guard.bounds(VISIT) == (first, last)
    if first is not None:
        assert (passes(first - TICK), passes(first)) == (False, True)
    if last is not None:
        assert (passes(last - TICK), passes(last)) == (True, False)


def test_ownership_compares_ids_type_for_type() -> None:
    table = STANDARD.with_guards(Action.CANCEL, who=[IsOwner()])
    assert Action.CANCEL in table.allowed("pending", **asking(actor=Actor(1), owner_id=1))
    others: list[Id | None] = ["1", 2, None]
    for owner in others:
        assert Action.CANCEL not in table.allowed("pending", **asking(actor=Actor(1), owner_id=owner))


def test_a_provider_is_one_of_the_resources() -> None:
    table = STANDARD.with_guards(Action.CONFIRM, who=[IsProvider(), HasRole({"admin", "boss"})])
    assert table.transition("pending", "confirm", **asking(actor=Actor(2))).target == Status.CONFIRMED
    assert (
        table.transition("pending", "confirm", **asking(actor=Actor(9, roles="boss"))).target == "confirmed"
    )
    with pytest.raises(ForbiddenError) as caught:
        table.transition("pending", "confirm", **asking(actor=Actor(9, roles="customer")))
    assert caught.value.args == (9, "confirm", ("provider", "role:admin", "role:boss"))


def test_the_exempt_act_at_any_time_but_still_need_permission() -> None:
    table = STANDARD.with_guards(
        Action.CANCEL,
        who=[IsOwner(), HasRole("admin")],
        when=[BeforeStart()],
        exempt=[HasRole({"admin", "guest"})],
    )
    admin, owner, guest = Actor(9, roles="admin"), Actor(1), Actor(9, roles="guest")
    late = VISIT.end
    assert table.transition("confirmed", "cancel", **asking(now=late, actor=admin)).target == "cancelled"
    with pytest.raises(TransitionTimeError):
        table.transition("confirmed", "cancel", **asking(now=late, actor=owner))
    with pytest.raises(ForbiddenError):
        table.transition("confirmed", "cancel", **asking(now=late, actor=guest))


def test_time_binds_the_host_itself() -> None:
    with pytest.raises(TransitionTimeError) as caught:
        STANDARD.transition("confirmed", Action.NO_SHOW, **asking(now=VISIT.start - TICK))
    assert (caught.value.earliest, caught.value.latest) == (VISIT.start, None)


def test_a_role_guard_must_name_a_role() -> None:
    with pytest.raises(InvalidFieldError):
        HasRole([])


@pytest.mark.parametrize(
    ("guard", "text"), [(FromStart(-HOUR), "from start - PT1H"), (BeforeEnd(-HOUR), "before end + PT1H")]
)
def test_a_guard_on_time_reads_as_an_offset_from_its_edge(guard: When, text: str) -> None:
    assert str(guard) == text


def test_the_longest_margin_there_is_can_be_read_and_asked() -> None:
    for guard in (BeforeStart(dt.timedelta.max), BeforeEnd(dt.timedelta.max)):
        assert "- PT23999999976H" in str(guard)

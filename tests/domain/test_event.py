from __future__ import annotations

import datetime as dt
import pickle

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper.domain.event import Event
from slotkeeper.errors import InvalidFieldError, NaiveDatetimeError
from slotkeeper.testing.strategies import events


@given(events())
def test_an_event_is_numbered_by_the_version_that_it_led_to(event: Event) -> None:
    assert event.booking_id == event.booking.id
    assert event.sequence == event.booking.version


@pytest.mark.parametrize(("field", "value"), [("id", ""), ("action", " "), ("action", None)])
@given(event=events())
def test_an_event_that_makes_no_sense_is_refused(field: str, value: object, event: Event) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        attrs.evolve(event, **{field: value})  # type: ignore[arg-type]

    assert caught.value.field == f"Event.{field}"


@given(events(), st.datetimes())
def test_it_happened_at_an_instant(event: Event, wall: dt.datetime) -> None:
    with pytest.raises(NaiveDatetimeError):
        attrs.evolve(event, at=wall)


@given(events())
def test_events_survive_pickling_and_hash_as_they_compare(event: Event) -> None:
    again = pickle.loads(pickle.dumps(event))

    assert again == event
    assert hash(again) == hash(event)

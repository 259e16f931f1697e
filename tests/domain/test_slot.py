from __future__ import annotations

import pickle

import attrs
import pytest
from hypothesis import given

from slotkeeper.domain.interval import Interval
from slotkeeper.domain.slot import Slot, Timeslot
from slotkeeper.errors import InvalidFieldError
from slotkeeper.testing.strategies import slots, timeslots

NOON = Interval.parse("2025-10-23T12:00Z/PT1H")


@given(slots())
def test_a_slot_reads_as_its_interval_on_its_leading_resource(slot: Slot) -> None:
    assert (slot.start, slot.end) == (slot.interval.start, slot.interval.end)
    assert slot.resource_id == slot.resource_ids[0]


def test_html_escapes_what_users_typed_and_names_the_zone() -> None:
    html = Slot("cut", NOON, ("<script>", "b&b"), 2)._repr_html_()

    assert "<script>" not in html
    assert html == "<code>2025-10-23 12:00–13:00 UTC</code> on &lt;script&gt;, b&amp;b, 2 free"


@pytest.mark.parametrize("field", ["free_units", "units"])
def test_a_slot_offers_at_least_one_unit(field: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        attrs.evolve(Slot("cut", NOON, (1,)), **{field: 0})  # type: ignore[arg-type]

    assert caught.value.field == f"Slot.{field}"


@pytest.mark.parametrize(("field", "value"), [("id", ""), ("resource_id", None), ("version", 0)])
def test_a_timeslot_that_makes_no_sense_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        attrs.evolve(Timeslot(1, 2, NOON), **{field: value})  # type: ignore[arg-type]

    assert caught.value.field == f"Timeslot.{field}"


@given(slots() | timeslots())
def test_slots_survive_pickling_and_hash_as_they_compare(slot: Slot | Timeslot) -> None:
    again = pickle.loads(pickle.dumps(slot))

    assert again == slot
    assert hash(again) == hash(slot)

"""Peaks, profiles and admission under capacity, answered by an independent oracle over every tick."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Final, TypeAlias

import pytest
from tests.corpus.cases import Case, cases

from slotkeeper.domain.interval import Interval
from slotkeeper.engine.load import Load
from slotkeeper.engine.timeline import Timeline

EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
TICK: Final = dt.timedelta(minutes=1)
Booking: TypeAlias = tuple[int, int, dict[str, int]]


def ticks(start: int, end: int) -> Interval:
    return Interval(EPOCH + start * TICK, EPOCH + end * TICK)


def load_by_resource(bookings: list[Booking]) -> dict[str, Load]:
    pairs: defaultdict[str, list[tuple[Interval, int]]] = defaultdict(list)
    for start, end, taken in bookings:
        for resource, units in taken.items():
            pairs[resource].append((ticks(start, end), units))
    return {resource: Load.of(spans) for resource, spans in pairs.items()}


def booked(timelines: dict[str, Timeline[int]], capacity: dict[str, int], event: Booking, key: int) -> bool:
    """Book on all the resources that the event names, or on none."""
    start, end, taken = event
    interval = ticks(start, end)
    for resource, units in taken.items():
        if not timelines[resource].fits(interval, units=units, capacity=capacity[resource]):
            return False
    return all(
        timelines[resource].book_if_free(interval, key, units=units, capacity=capacity[resource])
        for resource, units in taken.items()
    )


@pytest.mark.parametrize("case", cases("peak"))
def test_peaks(case: Case) -> None:
    loads = load_by_resource(case.given["bookings"])
    found = [
        loads.get(resource, Load()).peak(ticks(start, end)) for start, end, resource in case.given["windows"]
    ]
    assert found == case.expect["peaks"]


@pytest.mark.parametrize("case", cases("profile"))
def test_profiles(case: Case) -> None:
    found = {
        resource: [
            [(step.interval.start - EPOCH) // TICK, (step.interval.end - EPOCH) // TICK, step.units]
            for step in load.steps()
        ]
        for resource, load in load_by_resource(case.given["bookings"]).items()
    }
    assert found == {resource: steps for resource, steps in case.expect["profile"].items() if steps}


@pytest.mark.parametrize("case", cases("admit", "cancel"))
def test_admission_and_cancelling(case: Case) -> None:
    capacity = case.given["capacity"]
    timelines: dict[str, Timeline[int]] = {resource: Timeline() for resource in capacity}
    answers = []
    for key, event in enumerate(case.given["events"]):
        if event[0] == "cancel":
            freed = [timeline.discard(event[1]) for timeline in timelines.values()]
            answers.append(any(freed))
        else:
            answers.append(booked(timelines, capacity, event, key))
    assert "".join("1" if answer else "0" for answer in answers) == case.expect["accepted"]

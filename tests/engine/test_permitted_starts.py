"""Permitted starts and listed slots against an oracle that tries every instant and every combination."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from hypothesis import assume, given
from tests.engine.oracle import TICK, Oracle
from tests.engine.worlds import CELL, MINUTE, World, windows, worlds

from slotkeeper.domain.durations import WholeOpening
from slotkeeper.domain.ids import Id
from slotkeeper.domain.interval import Interval


def oracle_of(world: World) -> Oracle:
    offered = world.request.service.duration
    assert not isinstance(offered, WholeOpening)
    return Oracle(world, world.request.duration or offered.shortest)


def instants(window: Interval, step: dt.timedelta) -> Iterator[dt.datetime]:
    count = -((window.start - window.end) // step)
    return (window.start + number * step for number in range(count))


@given(worlds(), windows)
def test_permitted_starts_are_those_of_every_instant_tried(world: World, window: Interval) -> None:
    assume(not isinstance(world.request.service.duration, WholeOpening))
    oracle, found = oracle_of(world), world.evaluator.permitted(window)
    for bound in instants(window, CELL):
        for start in (bound, bound + TICK):
            assert (start in found) == oracle.is_permitted(start), start
    for start in (one for piece in found for one in (piece.start, piece.end - TICK)):
        assert oracle.is_permitted(start)


@given(worlds(), windows)
def test_listed_slots_are_those_of_every_minute_tried(world: World, window: Interval) -> None:
    assume(not isinstance(world.request.service.duration, WholeOpening))
    oracle = oracle_of(world)
    listed: dict[dt.datetime, set[Id | None]] = {}
    for slot in world.evaluator.slots(window):
        listed.setdefault(slot.start, set()).add(None if oracle.shared else slot.resource_id)
    found = {start: leads for start in instants(window, MINUTE) if (leads := oracle.listed(start))}
    assert listed == found

"""Rules that make bookings: by start, from the list, in series, on stored slots, and the same call again."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from slotkeeper.domain.ids import Id
from slotkeeper.errors import IdempotencyMismatchError, RefusedError
from slotkeeper.testing.contract.samples import HOUR, at
from slotkeeper.testing.machine.desk_driver import ANY, DAY, HALF_HOURS, SERVICE_IDS, STARTS, DeskDriver
from slotkeeper.testing.machine.desk_model import CREATED

CREATING = st.sampled_from(("hold", "hold", "request", "book"))


class MakingRules(DeskDriver):
    """Everything that makes bookings."""

    @rule(
        service_id=SERVICE_IDS,
        start=STARTS,
        units=st.sampled_from((1, 1, 2, 3)),
        named=st.sampled_from(((), (), (1,), (2,))),
        action=CREATING,
        keyed=st.booleans(),
    )
    def book(
        self,
        service_id: Id,
        start: dt.datetime,
        units: int,
        named: tuple[Id, ...],
        action: str,
        *,
        keyed: bool,
    ) -> None:
        self._book(service_id, start, units, named, action, keyed=keyed)

    @rule(service_id=SERVICE_IDS, which=ANY, action=CREATING)
    def book_what_is_free(self, service_id: Id, which: int, action: str) -> None:
        free = [one for one in HALF_HOURS if self.model.choices(service_id, one)]
        if free:
            self._book(service_id, free[which % len(free)], 1, (), action, keyed=bool(which % 2))

    def _book(
        self,
        service_id: Id,
        start: dt.datetime,
        units: int,
        named: tuple[Id, ...],
        action: str,
        *,
        keyed: bool,
    ) -> None:
        terms: dict[str, Any] = {"units": units, "resource_ids": named, "action": action}
        choices = self.model.choices(service_id, start, units, named=named)
        asked = {name: terms[name] for name in ("units", "resource_ids")}
        assert self.desk.explain(service_id, start, **asked).permitted is bool(choices)
        if keyed:
            terms["key"] = f"key {len(self.calls)}"
        terms |= {"service_id": service_id, "start": start}
        made = self._must(None if choices else RefusedError, lambda: self.desk.book(**terms))
        if keyed:
            self.calls.append((terms, made))
        if made is not None:
            assert (made.resource_ids, made.units, made.interval.start) == (choices[0], units, start)
            self._acknowledge_new(made, CREATED[action])

    @precondition(lambda self: self.calls)
    @rule(which=ANY, changed=st.booleans())
    def repeat(self, which: int, *, changed: bool) -> None:
        terms, first = self.calls[which % len(self.calls)]
        if changed:
            other = {**terms, "notes": "another request"}
            self._must(IdempotencyMismatchError, lambda: self.desk.book(**other))
        else:
            again = self._must(None if first else RefusedError, lambda: self.desk.book(**terms))
            assert again == first
            assert type(again) is type(first)

    @rule(service_id=SERVICE_IDS, units=st.sampled_from((1, 1, 2)), which=ANY)
    def list_and_book(self, service_id: Id, units: int, which: int) -> None:
        expected = [
            (start, one) for start in HALF_HOURS for one in self.model.choices(service_id, start, units)
        ]
        slots = self.desk.slots(service_id, DAY, units=units)
        assert [(one.start, one.resource_ids) for one in slots] == expected
        first = (
            self.desk.next_slot(service_id, units=units, within=at(24) - self.model.now) if slots else None
        )
        assert first == (slots[0] if slots else None)
        if slots:
            chosen = slots[which % len(slots)]
            made = self.desk.book_slot(chosen)
            assert (made.interval, made.resource_ids) == (chosen.interval, chosen.resource_ids)
            self._acknowledge_new(made, "confirmed")

    @rule(service_id=SERVICE_IDS, starts=st.lists(STARTS, min_size=1, max_size=3), strict=st.booleans())
    def book_series(self, service_id: Id, starts: list[dt.datetime], *, strict: bool) -> None:
        had = self.model.series(service_id, starts)
        refused = strict and len(had) < len(starts)
        series = self._must(
            RefusedError if refused else None,
            lambda: self.desk.book_series(service_id, starts, all_or_nothing=strict),
        )
        if series is not None:
            assert [one.interval.start for one in series.booked] == had
            assert len(series.refused) == len(starts) - len(had)
            for one in series.booked:
                assert one.series_id == series.id
                self._acknowledge_new(one, "confirmed")

    @rule(place=st.sampled_from(((1, "visit"), (3, "course"))), which=ANY)
    def book_stored_slot(self, place: tuple[Id, Id], which: int) -> None:
        resource_id, service_id = place
        self.desk.generate_timeslots(resource_id, DAY, HOUR)
        rows = self.desk.timeslots([resource_id], DAY, service_id=service_id, only_free=False)
        assert [one.timeslot.interval.start for one in rows] == [at(hour) for hour in range(8, 16)]
        row = rows[which % len(rows)]
        start = row.timeslot.interval.start
        fits = bool(self.model.choices(service_id, start, named=[resource_id], on_grid=False))
        assert bool(row.free_units) is fits
        made = self._must(
            None if fits else RefusedError,
            lambda: self.desk.book_timeslot(row.timeslot.id, service_id=service_id),
        )
        if made is not None:
            assert (made.timeslot_id, made.interval) == (row.timeslot.id, row.timeslot.interval)
            self._acknowledge_new(made, "confirmed")

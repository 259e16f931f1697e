"""Series: several bookings of one service in one unit of work, all of them or as many as can be had."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Unpack

import attrs

from slotkeeper.desk.arguments import check_several
from slotkeeper.desk.command import Command, Work
from slotkeeper.desk.making import Making
from slotkeeper.desk.results import Series
from slotkeeper.desk.terms import SeriesFacts, Wish
from slotkeeper.domain.actor import Actor
from slotkeeper.domain.booking import Booking
from slotkeeper.domain.explanation import Explanation
from slotkeeper.domain.ids import Id
from slotkeeper.domain.instant import as_utc
from slotkeeper.engine.preference import Preference
from slotkeeper.errors import InvalidFieldError


class BookingSeries(Making):
    """Everything that creates several bookings at once."""

    def book_series(
        self,
        service_id: Id,
        starts: Iterable[dt.datetime],
        *,
        all_or_nothing: bool = True,
        prefer: Preference | None = None,
        actor: Actor | None = None,
        key: str | None = None,
        **facts: Unpack[SeriesFacts],
    ) -> Series:
        """Book the same service at several starts, in one unit of work.

        Every start is judged as `book` judges it, the earlier bookings of the series included.

        Args:
            service_id: What is booked.
            starts: When; taken in order of time, at least one.
            all_or_nothing: Raise at the first start that is refused, and keep none; otherwise book the others
                and return the explanations.
            prefer: Which resources to take; None is the desk's own preference.
            actor: Who asks.
            key: Makes a repeat give the same series.
            facts: What holds for each of the bookings, as for `book`.

        Raises:
            InvalidInputError: An argument makes no sense, such as no start at all.
            NotFoundError: There is no such service or resource.
            ForbiddenError: The actor may not make it.
            RefusedError: A start is refused, and it is all or nothing.
            IdempotencyMismatchError: The key belongs to another request.
        """
        check_several("starts", starts)
        wanted = sorted(map(as_utc, starts))
        if not wanted:
            raise InvalidFieldError("starts", wanted, "must name at least one start")
        wish = Wish(service_id=service_id, prefer=prefer, **facts)

        def act(work: Work) -> Series:
            return self._make_series(work, wish, wanted, actor, all_or_nothing=all_or_nothing)

        content = {"starts": wanted, "wish": wish.content, "all_or_nothing": all_or_nothing}
        return self._run(Command("book_series", actor, key, content), Series, act)

    def _make_series(
        self,
        work: Work,
        wish: Wish,
        starts: Iterable[dt.datetime],
        actor: Actor | None,
        *,
        all_or_nothing: bool,
    ) -> Series:
        series_id = self.new_id()
        member = attrs.evolve(wish, series_id=series_id)
        make = self._make if all_or_nothing else self._try
        found = [make(work, member, start, actor) for start in starts]
        booked = [one for one in found if isinstance(one, Booking)]
        refused = [self._shown(work.unit, one, actor) for one in found if isinstance(one, Explanation)]
        return Series(series_id, booked, refused)

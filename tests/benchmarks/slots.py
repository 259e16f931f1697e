"""Half hours out of the free time of years, from bookings to slots: value objects in and out.

Each size is so many resources with the same hours and each with bookings of its own.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

import attrs
from tests.benchmarks.free_time import YEAR, ZONE, portion_set
from tests.benchmarks.harness import OURS, Contest, Foreign, Goal, Rival, kept
from tests.benchmarks.workloads import EPOCH, Span, interval_set, working_year

from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.domain.resource import Resource
from slotkeeper.domain.schedule import Schedule
from slotkeeper.domain.service import Service
from slotkeeper.engine.evaluator import Evaluator
from slotkeeper.engine.question import Request, Snapshot

HALF: Final = dt.timedelta(minutes=30)
HALF_IN_SECONDS: Final = 1_800
BOOKED: Final = 400
SECOND: Final = dt.timedelta(seconds=1)
EVALUATOR: Final = f"{OURS}, all rules of a service"
NAIVE_EPOCH: Final = EPOCH.replace(tzinfo=None)


@cache
def _bookings(number: int) -> tuple[Span, ...]:
    """Return a resource's bookings, half hours at random."""
    starts = [start for opens, closes in working_year() for start in range(opens, closes, HALF_IN_SECONDS)]
    chosen = sorted(random.Random(100 + number).sample(starts, BOOKED))
    return tuple((start, start + HALF_IN_SECONDS) for start in chosen)


def _free(number: int) -> IntervalSet:
    return interval_set(working_year()) - interval_set(_bookings(number))


def _ours(free: Sequence[IntervalSet]) -> list[Any]:
    return [list(one.split(HALF)) for one in free]


def _starts(found: Sequence[Sequence[Any]]) -> list[list[int]]:
    return [[(one.start - EPOCH) // SECOND for one in slots] for slots in found]


# -- with all rules ----------------------------------------------------------------------------------


def _evaluators(size: int) -> list[Evaluator]:
    """Prepare the whole question: schedule, service and bookings as stored."""
    schedule = Schedule(ZONE, {"MO-FR": "09:00-12:00, 12:30-17:00"})
    request = Request(Service("half", HALF))
    return [
        Evaluator(Snapshot(YEAR.start, [Resource(f"r{one}", schedule)], _stored(one)), request)
        for one in range(size)
    ]


def _stored(number: int) -> list[Any]:
    from tests.benchmarks.desk import stored_booking

    return [stored_booking(f"r{number}", span) for span in _bookings(number)]


def _by_all_rules(evaluators: Sequence[Evaluator]) -> list[Any]:
    return [list(one.slots(YEAR)) for one in evaluators]


# -- peers -------------------------------------------------------------------------------------------


@attrs.frozen
class _Appointment:
    """What django-appointment asks of a stored appointment."""

    start: dt.datetime
    end: dt.datetime

    def get_start_time(self) -> dt.datetime:
        """Return its start."""
        return self.start

    def get_end_time(self) -> dt.datetime:
        """Return its end."""
        return self.end


_Day = tuple[dt.datetime, dt.datetime, list[_Appointment]]


def _set_up_django() -> None:
    import django
    from django.conf import settings

    if not settings.configured:
        settings.configure(
            SECRET_KEY="none",  # noqa: S106 - nothing is signed
            USE_TZ=True,
            INSTALLED_APPS=[
                "django.contrib.auth",
                "django.contrib.contenttypes",
                "django.contrib.sessions",
                "django.contrib.messages",
                "phonenumber_field",
                "appointment",
            ],
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        )
        django.setup()


def _days(number: int) -> list[_Day]:
    """Return each opening with the appointments of its day, as its views collect them."""
    of_day: defaultdict[dt.date, list[_Appointment]] = defaultdict(list)
    for span in _bookings(number):
        start, end = (NAIVE_EPOCH + one * SECOND for one in span)
        of_day[start.date()].append(_Appointment(start, end))
    opened = [tuple(NAIVE_EPOCH + one * SECOND for one in span) for span in working_year()]
    return [(start, end, of_day[start.date()]) for start, end in opened]


def _prepared_for_django(size: int) -> list[list[_Day]]:
    _set_up_django()
    return list(map(_days, range(size)))


def _by_django_appointment(given: Sequence[Sequence[_Day]]) -> list[list[dt.datetime]]:
    """Generate the starts of each opening and exclude the booked ones, without its database."""
    from appointment.utils.db_helpers import calculate_slots, exclude_unavailable_slots

    def of(days: Sequence[_Day]) -> list[dt.datetime]:
        found: list[dt.datetime] = []
        for start, end, booked in days:
            found += exclude_unavailable_slots(
                calculate_slots(start, end, start, HALF, HALF),
                appointments=booked,
                slot_duration=HALF,
                service_duration=HALF,
            )
        return found

    return list(map(of, given))


def _by_portion(given: Sequence[Foreign]) -> list[list[int]]:
    """Iterate over the starts; each that has no room for the whole slot is left out."""
    import portion

    return [
        [
            start
            for atom in free
            for start in portion.iterate(atom, HALF_IN_SECONDS)
            if start + HALF_IN_SECONDS <= atom.upper
        ]
        for free in given
    ]


def _slots(size: int) -> list[Rival]:
    def peer(
        name: str,
        prepare: Callable[[], Any],
        work: Callable[[Any], Any],
        answer: Callable[[Any], Any],
        module: str,
    ) -> Rival:
        return Rival(name, kept(prepare), work, answer=answer, module=module)

    return [
        Rival(OURS, kept(lambda: list(map(_free, range(size)))), _ours, answer=_starts),
        Rival(EVALUATOR, lambda: _evaluators(size), _by_all_rules, answer=_starts, rounds=3),
        peer(
            "django-appointment",
            lambda: _prepared_for_django(size),
            _by_django_appointment,
            lambda found: [[(one - NAIVE_EPOCH) // SECOND for one in starts] for starts in found],
            "appointment",
        ),
        peer(
            "portion",
            lambda: [portion_set(working_year()) - portion_set(_bookings(one)) for one in range(size)],
            _by_portion,
            list,
            "portion",
        ),
    ]


CONTESTS: Final = (
    Contest(
        "slots of half an hour out of free years",
        _slots,
        (10,),
        1,
        growth=(1, 3, 10, 30),
        goals=(Goal("django-appointment", 10), Goal("portion", 25)),
    ),
)

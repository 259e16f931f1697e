"""The checker: holds what the callers were told against what is there, and returns what does not agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from tests.chaos.journal import ACKNOWLEDGED, FAILED, Asked
from tests.chaos.room import fits, peak
from tests.chaos.rows import Contents, Happened, Taking

Change = tuple[str, str, int]
"""An action on a booking, and the version that it led to."""
_ALWAYS = 10**18


def violations(asked: Sequence[Asked], there: Contents) -> list[str]:
    """Return every sign that a promise was broken; none if all were kept."""
    checks = [
        (f"the file is damaged: {one}" for one in there.damage),
        _raw_faults(asked),
        _unanswered(asked),
        _overbooked(there),
        _trespasses(there),
        _holes(there),
        _disagreements(there),
        _lost(asked, there),
        _unasked(asked, there),
        _untrue(asked, there),
        _forgotten_keys(asked, there),
        _unlike_repeats(asked),
    ]
    return [one for check in checks for one in check]


def _raw_faults(asked: Sequence[Asked]) -> Iterator[str]:
    for one in asked:
        for answer in one.answers:
            if answer["told"] == FAILED:
                yield f"a raw fault reached the caller of {one.command.key}: {answer['code']}"


def _unanswered(asked: Sequence[Asked]) -> Iterator[str]:
    """Find commands that had no answer even when they were repeated after all faults."""
    for one in asked:
        if one.final is None and one.command.action != "expire":
            yield f"{one.command.key} was never answered: {one.answers}"


# -- no double booking ---------------------------------------------------------------------------------------


def _overbooked(there: Contents) -> Iterator[str]:
    """Sweep over what is taken in the end."""
    loads = defaultdict(list)
    for row in there.bookings.values():
        for taking in row.takings if row.occupies else ():
            loads[taking.resource_id].append((*taking.occupied, taking.units))
    for resource_id, spans in loads.items():
        if peak(spans, -_ALWAYS, _ALWAYS) > there.capacities[resource_id]:
            yield f"{resource_id} is overbooked in the end"


def _trespasses(there: Contents) -> Iterator[str]:
    """Replay the events in the order of their writing, which is that of the locks on each resource."""
    now: dict[str, dict[str, Taking]] = defaultdict(dict)
    before: dict[str, Happened] = {}
    for event in there.events:
        earlier = before.get(event.booking_id)
        moved = earlier is None or earlier.takings != event.takings
        for taking in event.takings:
            others = [one for key, one in now[taking.resource_id].items() if key != event.booking_id]
            if event.occupies and moved and not fits(taking, others, there.capacities[taking.resource_id]):
                yield f"{event.action} of {event.booking_id} took what was taken on {taking.resource_id}"
        for taking in earlier.takings if earlier else ():
            now[taking.resource_id].pop(event.booking_id, None)
        for taking in event.takings if event.occupies else ():
            now[taking.resource_id][event.booking_id] = taking
        before[event.booking_id] = event


# -- no lost booking -----------------------------------------------------------------------------------------


def _histories(there: Contents) -> dict[str, list[Happened]]:
    found: dict[str, list[Happened]] = defaultdict(list)
    for event in there.events:
        found[event.booking_id].append(event)
    return found


def _holes(there: Contents) -> Iterator[str]:
    """Find bookings whose events are not one for each version, in order."""
    histories = _histories(there)
    for booking_id in histories.keys() | there.bookings.keys():
        versions = [event.version for event in histories.get(booking_id, [])]
        row = there.bookings.get(booking_id)
        if row is None or versions != list(range(1, row.version + 1)):
            yield f"{booking_id} is at version {row and row.version}, its events at {versions}"


def _disagreements(there: Contents) -> Iterator[str]:
    """Find bookings that are not as their last event left them, and holds that expired too early."""
    for booking_id, history in _histories(there).items():
        last, row = history[-1], there.bookings.get(booking_id)
        if row and (row.status, row.occupies, row.takings) != (last.status, last.occupies, last.takings):
            yield f"{booking_id} is {row}, its last event says {last}"
        for earlier, event in pairwise(history):
            if event.action == "expire" and (earlier.expires is None or earlier.expires > event.at):
                yield f"{booking_id} expired at {event.at}, before {earlier.expires}"


def _changes(asked: Iterable[Asked]) -> Iterator[Change]:
    """Yield what callers were told that they have done."""
    for one in asked:
        final, command = one.final, one.command
        if final is None or final["told"] != ACKNOWLEDGED:
            continue
        if command.action == "expire":
            yield from (("expire", booking_id, version) for booking_id, version in final["expired"])
        else:
            yield command.action, command.booking_id, final["version"]


def _happened(there: Contents) -> Counter[Change]:
    return Counter((event.action, event.booking_id, event.version) for event in there.events)


def _lost(asked: Sequence[Asked], there: Contents) -> Iterator[str]:
    for change, count in (Counter(_changes(asked)) - _happened(there)).items():
        yield f"{change} was acknowledged {count} times more than it happened"


def _unasked(asked: Sequence[Asked], there: Contents) -> Iterator[str]:
    """Find changes whose callers were told of none; any command expires what has lapsed."""
    open_ones = {(one.command.action, one.command.booking_id) for one in asked if one.final is None}
    for change, count in (_happened(there) - Counter(_changes(asked))).items():
        if change[0] != "expire" and change[:2] not in open_ones:
            yield f"{change} happened {count} times more than it was acknowledged"


def _untrue(asked: Sequence[Asked], there: Contents) -> Iterator[str]:
    """Find acknowledgements that say something else than the event of the same version."""
    events = {(event.booking_id, event.version): event for event in there.events}
    for one in asked:
        final = one.final
        if final is None or "version" not in final:
            continue
        event = events.get((one.command.booking_id, final["version"]))
        said = (final["status"], final["start"], final["expires"])
        if event and said != (event.status, event.takings[0].start, event.expires):
            yield f"{one.command.key} was told {final}, and what happened is {event}"


# -- safe retries --------------------------------------------------------------------------------------------


def _forgotten_keys(asked: Sequence[Asked], there: Contents) -> Iterator[str]:
    for one in asked:
        if one.final and "digest" in one.final and one.command.key not in there.keys:
            yield f"the result of {one.command.key} is not kept"


def _unlike_repeats(asked: Sequence[Asked]) -> Iterator[str]:
    for one in asked:
        told = {answer["digest"] for answer in one.answers if "digest" in answer}
        if len(told) > 1:
            yield f"{one.command.key} was told different results: {one.answers}"
        answers = {answer["told"] for answer in one.answers if answer["told"] in {ACKNOWLEDGED, "refused"}}
        if len(answers) > 1:
            yield f"{one.command.key} was acknowledged and refused: {one.answers}"

from __future__ import annotations

import datetime as dt
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from slotkeeper.domain.instant import EARLIEST, LATEST
from slotkeeper.domain.interval import Interval
from slotkeeper.domain.interval_set import IntervalSet
from slotkeeper.engine.load import Load
from slotkeeper.engine.steps import Steps
from slotkeeper.engine.timeline import Entry, Timeline
from slotkeeper.errors import DuplicateIdError, InvalidFieldError, NotFoundError

EPOCH: Final = dt.datetime(2025, 10, 23, tzinfo=dt.UTC)
STEP: Final = dt.timedelta(hours=3)  # eight steps a day, so that midnight is a bound now and then
SIZE: Final = 80
ALL: Final = Interval(EPOCH - STEP, EPOCH + 2 * SIZE * STEP)


def steps(start: int, end: int) -> Interval:
    return Interval(EPOCH + start * STEP, EPOCH + end * STEP)


lengths = st.sampled_from([1, 1, 1, 2, 3, 8, 11, 60])
intervals = st.tuples(st.integers(0, SIZE), lengths).map(lambda pair: steps(pair[0], sum(pair)))
units = st.integers(1, 3)
entries = st.lists(st.tuples(intervals, units), max_size=12).map(
    lambda rows: [Entry(interval, key, units=taken) for key, (interval, taken) in enumerate(rows)]
)


def in_order(found: list[Entry[int]]) -> list[Entry[int]]:
    return sorted(found, key=lambda entry: entry.interval)


class TimelineAgainstAList(RuleBasedStateMachine):
    """Whatever is added, booked and removed, every answer is that of a plain list of entries."""

    def __init__(self) -> None:
        super().__init__()
        self.timeline: Timeline[int] = Timeline()
        self.listed: list[Entry[int]] = []
        self.keys = 0

    def keep(self, interval: Interval, taken: int) -> None:
        self.listed.append(Entry(interval, self.keys, units=taken))

    def load(self) -> Load:
        return Load.of((entry.interval, entry.units) for entry in self.listed)

    @initialize(given_=entries)
    def begin(self, given_: list[Entry[int]]) -> None:
        self.timeline = Timeline(given_)
        self.listed, self.keys = list(given_), len(given_)

    @rule(interval=intervals, taken=units)
    def add(self, interval: Interval, taken: int) -> None:
        self.timeline.add(interval, self.keys, units=taken)
        self.keep(interval, taken)
        self.keys += 1

    @rule(interval=intervals, taken=units, capacity=st.integers(1, 4))
    def book(self, interval: Interval, taken: int, capacity: int) -> None:
        room = self.load().peak(interval) + taken <= capacity
        assert self.timeline.fits(interval, units=taken, capacity=capacity) is room
        assert self.timeline.book_if_free(interval, self.keys, units=taken, capacity=capacity) is room
        if room:
            self.keep(interval, taken)
        self.keys += 1

    @rule(interval=intervals)
    def book_alone(self, interval: Interval) -> None:
        free = not any(entry.interval.overlaps(interval) for entry in self.listed)
        assert self.timeline.book_if_free(interval, self.keys) is free
        if free:
            self.keep(interval, 1)
        self.keys += 1

    @rule(rows=st.lists(st.tuples(intervals, units), max_size=30))
    def extend(self, rows: list[tuple[Interval, int]]) -> None:
        arriving = [Entry(interval, self.keys + at, units=taken) for at, (interval, taken) in enumerate(rows)]
        self.timeline.extend(arriving)
        self.listed += arriving
        self.keys += len(arriving)

    @rule(pick=st.integers(0))
    def remove(self, pick: int) -> None:
        if self.listed:
            entry = self.listed.pop(pick % len(self.listed))
            assert entry.key in self.timeline
            assert self.timeline.remove(entry.key) == entry
            assert not self.timeline.discard(entry.key)

    @rule(window=intervals)
    def list_overlapping(self, window: Interval) -> None:
        found = in_order([entry for entry in self.listed if entry.interval.overlaps(window)])
        assert self.timeline.overlapping(window) == found
        assert self.timeline.any_overlap(window) is bool(found)

    @rule(window=intervals, taken=units, capacity=st.integers(1, 4))
    def measure(self, window: Interval, taken: int, capacity: int) -> None:
        load = self.load()
        assert self.timeline.peak(window) == load.peak(window)
        assert self.timeline.load(window) == load.clip(window)
        assert self.timeline.busy(window) == load.clip(window).at_least(1)
        free = self.timeline.free(window, units=taken, capacity=capacity)
        assert [EPOCH + at * STEP in free for at in range(2 * SIZE)] == [
            (instant := EPOCH + at * STEP) in window and load.at(instant) + taken <= capacity
            for at in range(2 * SIZE)
        ]

    @rule(start=st.integers(0, SIZE), span=st.integers(0, SIZE), length=lengths, taken=units)
    def next_gap(self, start: int, span: int, length: int, taken: int) -> None:
        load = self.load()
        fitting = [
            EPOCH + at * STEP
            for at in range(start, start + span - length + 1)
            if load.peak(steps(at, at + length)) + taken <= 3
        ]
        window = steps(start, start + span + 1)
        found = {
            self.timeline.next_gap(
                window.start, length * STEP, until=window.end - STEP, units=taken, capacity=3
            )
            for _ in range(5)  # walked at first, then looked up
        }
        assert found == {next(iter(fitting), None)}

    @invariant()
    def holds_the_same_entries(self) -> None:
        assert len(self.timeline) == len(self.listed)
        assert self.timeline.load(ALL) == self.load()

    def teardown(self) -> None:
        assert list(self.timeline) == in_order(self.listed)


TestTimelineAgainstAList = TimelineAgainstAList.TestCase
TestTimelineAgainstAList.settings = settings(max_examples=40, stateful_step_count=30)


def many(count: int) -> list[Entry[int]]:
    """Return entries that fill many chunks, with ties in start, a few two-week ones and one of a year."""
    short = [Entry(steps(7 * key % 997, 7 * key % 997 + 1 + key % 3), key) for key in range(count)]
    long = [Entry(steps(100 * at, 100 * at + 112), count + at) for at in range(5)]
    return [*short, *long, Entry(steps(0, 2_920), count + 5)]


@pytest.mark.parametrize("in_bulk", [0, 1_500, 3_006])
def test_many_entries_are_listed_in_order_whichever_way_they_came(in_bulk: int) -> None:
    given_ = many(3_000)
    timeline = Timeline(given_[:in_bulk])
    for at, entry in enumerate(given_[in_bulk:]):
        timeline.add(entry.interval, entry.key)
        if not at % 50:
            timeline.overlapping(entry.interval)
    window = steps(500, 503)
    assert timeline.overlapping(window) == in_order([one for one in given_ if one.interval.overlaps(window)])
    assert list(timeline) == in_order(given_)
    assert timeline.load(steps(-1, 3_000)) == Load.of((one.interval, 1) for one in given_)


def test_nothing_is_left_when_everything_is_removed() -> None:
    timeline = Timeline(many(2_000))
    for entry in many(2_000)[::-1]:
        timeline.remove(entry.key)
    everything = Interval(EARLIEST, LATEST)
    assert (len(timeline), list(timeline), timeline.overlapping(everything)) == (0, [], [])
    assert timeline.free(everything) == IntervalSet([everything])
    assert timeline.book_if_free(everything, 1)


@given(entries)
def test_extending_by_little_and_by_much_are_the_same(given_: list[Entry[int]]) -> None:
    scattered = [Entry(steps(20 * at, 20 * at + 1), 100 + at) for at in range(60)]
    one, other = Timeline([*scattered, *given_]), Timeline(scattered)
    other.extend(given_)
    assert list(one) == list(other)
    assert one.load(ALL) == other.load(ALL)


def test_entries_that_touch_do_not_overlap() -> None:
    timeline = Timeline([Entry(steps(1, 2), "a"), Entry(steps(3, 4), "b")])
    assert not timeline.any_overlap(steps(2, 3))
    assert timeline.book_if_free(steps(2, 3), "c")
    assert timeline.load(ALL) == Load.of([(steps(1, 4), 1)])


def test_the_gap_may_begin_before_the_first_entry_and_after_the_last() -> None:
    timeline = Timeline([Entry(steps(2, 4), "a")])
    assert timeline.next_gap(EPOCH, 2 * STEP) == EPOCH
    assert timeline.next_gap(EPOCH, 3 * STEP) == EPOCH + 4 * STEP
    assert timeline.next_gap(EPOCH, 3 * STEP, until=EPOCH + 6 * STEP) is None


def test_gaps_asked_for_often_are_found_but_once(monkeypatch: pytest.MonkeyPatch) -> None:
    timeline = Timeline(Entry(steps(3 * at, 3 * at + 2), at) for at in range(500))
    walks = 0
    walk = Steps.first_fit

    def counting(
        own: Steps, start: dt.datetime, until: dt.datetime, duration: dt.timedelta, room: int
    ) -> dt.datetime | None:
        nonlocal walks
        walks += 1
        return walk(own, start, until, duration, room)

    monkeypatch.setattr(Steps, "first_fit", counting)
    end = EPOCH + 1_499 * STEP
    assert {timeline.next_gap(EPOCH, 2 * STEP) for _ in range(20)} == {end}
    assert walks == 1
    assert {timeline.next_gap(EPOCH, length * STEP) for length in range(2, 40)} == {end}
    timeline.remove(250)
    assert timeline.next_gap(EPOCH, 2 * STEP) == EPOCH + 749 * STEP
    assert walks == 2


def test_a_key_in_use_is_refused_and_nothing_changes() -> None:
    timeline = Timeline([Entry(steps(0, 1), "a")])
    timeline.add(steps(1, 2), "b")
    for key in ("a", "b"):
        with pytest.raises(DuplicateIdError):
            timeline.add(steps(4, 5), key)
        with pytest.raises(DuplicateIdError):
            timeline.book_if_free(steps(4, 5), key)
        with pytest.raises(DuplicateIdError):
            timeline.extend([Entry(steps(4, 5), "new"), Entry(steps(4, 5), key)])
    with pytest.raises(DuplicateIdError):
        timeline.extend([Entry(steps(4, 5), "twice"), Entry(steps(4, 5), "twice")])
    assert [entry.key for entry in timeline] == ["a", "b"]
    assert not timeline.any_overlap(steps(4, 5))


def test_removing_an_unknown_key_is_an_error_and_discarding_it_is_none() -> None:
    timeline: Timeline[str] = Timeline()
    with pytest.raises(NotFoundError):
        timeline.remove("a")
    assert not timeline.discard("a")
    timeline.add(steps(0, 1), "a")
    assert timeline.discard("a")


@pytest.mark.parametrize("bad", [0, -1])
def test_units_are_at_least_one(bad: int) -> None:
    timeline: Timeline[str] = Timeline()
    with pytest.raises(InvalidFieldError):
        timeline.add(steps(0, 1), "a", units=bad)
    with pytest.raises(InvalidFieldError):
        timeline.book_if_free(steps(0, 1), "a", units=bad)
    with pytest.raises(InvalidFieldError):
        Entry(steps(0, 1), "a", units=bad)
    assert not timeline


def test_more_units_than_the_capacity_never_fit() -> None:
    timeline: Timeline[str] = Timeline()
    assert not timeline.book_if_free(steps(0, 1), "a", units=3, capacity=2)
    assert not timeline.free(ALL, units=3, capacity=2)
    assert timeline.next_gap(EPOCH, STEP, until=ALL.end, units=3, capacity=2) is None


def test_a_gap_has_a_positive_duration() -> None:
    with pytest.raises(InvalidFieldError):
        Timeline[str]().next_gap(EPOCH, 0 * STEP)


def test_it_says_how_much_it_holds() -> None:
    assert repr(Timeline([Entry(steps(0, 1), "a")])) == "<Timeline of 1 entries>"


def test_a_peak_inside_the_interval_refuses_though_its_start_is_free() -> None:
    timeline = Timeline([Entry(steps(2, 4), "low"), Entry(steps(3, 4), "high"), Entry(steps(5, 6), "later")])
    assert not timeline.book_if_free(steps(1, 4), "new", capacity=2)
    assert timeline.book_if_free(steps(1, 3), "new", capacity=2)

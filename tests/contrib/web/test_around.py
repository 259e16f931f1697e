"""Around requests: repeats, channels, the relay's thread, the cache of days and tallies."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotkeeper import (
    Actor,
    BookingDesk,
    Event,
    ForbiddenError,
    IdempotencyMismatchError,
    IdempotencyPendingError,
    Interval,
    InvalidFieldError,
    MemoryStore,
    Money,
    NotFoundError,
    Resource,
    RetryableError,
    Service,
    SlotkeeperError,
    ThreadedStore,
)
from slotkeeper.adapters.sql import SqlStore
from slotkeeper.contrib.web import (
    Answer,
    AnswerError,
    AsyncRepeats,
    Channels,
    DayCache,
    FakeGateway,
    Fanout,
    Message,
    Rating,
    RelayThread,
    Repeats,
    Tally,
)

NOW = dt.datetime(2025, 10, 22, 8, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def desk(**options: Any) -> BookingDesk:  # noqa: ANN401 - those of a desk
    found = BookingDesk(MemoryStore(), clock=lambda: NOW, **options)
    found.add_resource(Resource("bay"))
    found.add_service(Service("wash", HOUR))
    return found


@attrs.define
class Work:
    """What a request does; it counts how often."""

    answers: list[Answer | Exception]
    times: int = 0

    def __call__(self) -> Answer:
        self.times += 1
        answer = self.answers[min(self.times, len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


# -- repeats -------------------------------------------------------------------------------------------------


def test_the_hosts_own_refusal_is_kept_like_any_answer(store: Any) -> None:  # noqa: ANN401
    work = Work([AnswerError(Answer(403, {"error": "not yours"})), Answer(200)])
    for _ in range(2):
        assert Repeats(store).once("key", "a", b"{}", work) == Answer(403, {"error": "not yours"})
    with pytest.raises(IdempotencyMismatchError):
        Repeats(store).once("key", "a", b'{"other": 1}', work)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest) -> Iterator[MemoryStore | SqlStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    found = SqlStore.from_url("sqlite://")
    found.create_all()
    yield found
    found.close()


def test_a_repeat_is_answered_as_the_first_and_not_carried_out(store: Any) -> None:  # noqa: ANN401
    work = Work([Answer(201, {"id": 1}, {"Location": "/1"}), Answer(500)])
    answers = [Repeats(store).once("key", "anna POST /", {"a": 1, "b": [2]}, work) for _ in range(3)]
    assert answers == [Answer(201, {"id": 1}, {"Location": "/1"})] * 3
    assert answers[2].body == {"id": 1}
    assert work.times == 1


def test_keys_are_apart_by_scope_and_do_nothing_where_none_is_given(store: Any) -> None:  # noqa: ANN401
    work = Work([Answer(201)])
    for key, scope in ((None, "a"), (None, "a"), ("key", "a"), ("key", "b"), ("other", "a"), ("key", "a")):
        Repeats(store).once(key, scope, b"{}", work)
    assert work.times == 5


def test_another_body_under_the_key_is_an_error_and_its_order_is_not_another(store: Any) -> None:  # noqa: ANN401
    repeats, work = Repeats(store), Work([Answer(201)])
    repeats.once("key", "a", {"a": 1, "b": 2}, work)
    repeats.once("key", "a", {"b": 2, "a": 1}, work)
    with pytest.raises(IdempotencyMismatchError):
        repeats.once("key", "a", {"a": 1}, work)
    assert work.times == 1


@pytest.mark.parametrize(
    "first", [Answer(500), Answer(503), Answer(429), NotFoundError("booking", 1), ZeroDivisionError()]
)
def test_what_is_not_final_is_tried_anew(store: Any, first: Answer | Exception) -> None:  # noqa: ANN401
    repeats, work = Repeats(store), Work([first, Answer(200)])
    if isinstance(first, Answer):
        assert repeats.once("key", "a", "", work) == first
    else:
        with pytest.raises(type(first)):
            repeats.once("key", "a", "", work)
    assert [repeats.once("key", "a", "", work).status for _ in range(2)] == [200, 200]
    assert work.times == 2


def told(error: SlotkeeperError) -> Answer:
    return Answer(404, error.code)


def test_an_error_that_has_an_answer_is_kept_and_a_passing_fault_is_not(store: Any) -> None:  # noqa: ANN401
    repeats = Repeats(store, answer=told)
    work = Work([RetryableError("busy"), NotFoundError("booking", 1), Answer(200)])
    with pytest.raises(RetryableError):
        repeats.once("key", "a", "", work)
    assert [repeats.once("key", "a", "", work).status for _ in range(2)] == [404, 404]
    assert repeats.once(None, "a", "", Work([NotFoundError("booking", 1)])).body == "not_found"


def test_while_the_first_runs_a_repeat_is_refused_and_after_its_lease_it_takes_over(store: Any) -> None:  # noqa: ANN401
    now = [NOW]
    repeats = Repeats(store, clock=lambda: now[0])
    assert not isinstance(repeats.begin("key", "a", ""), Answer)
    with pytest.raises(IdempotencyPendingError):
        repeats.once("key", "a", "", Work([Answer(200)]))
    now[0] += dt.timedelta(minutes=1)
    assert repeats.once("key", "a", "", Work([Answer(200)])).status == 200


@pytest.mark.parametrize("key", ["", " ", "x" * 256])
def test_a_key_that_says_nothing_is_refused(key: str) -> None:
    with pytest.raises(InvalidFieldError, match="Idempotency-Key"):
        Repeats(MemoryStore()).once(key, "a", "", Work([Answer(200)]))


@given(st.text(min_size=1, max_size=255).filter(str.strip), st.text(), st.text())
def test_any_key_scope_and_body_can_be_kept(key: str, scope: str, body: str) -> None:
    work = Work([Answer(200, body)])
    repeats = Repeats(MemoryStore())
    assert [repeats.once(key, scope, body, work).body for _ in range(2)] == [body, body]
    assert work.times == 1


def test_within_a_hosts_transaction_the_answer_is_kept_with_what_was_done() -> None:
    store = SqlStore.from_url("sqlite://")
    store.create_all()

    def request(work: Work) -> Answer:
        return store.transact(lambda on: Repeats(SqlStore.on(on)).once("key", "a", "", work))

    with pytest.raises(ZeroDivisionError):
        request(Work([ZeroDivisionError()]))
    work = Work([Answer(200)])
    assert [request(work).status for _ in range(2)] == [200, 200]
    assert work.times == 1
    store.close()


def test_repeats_can_be_awaited() -> None:
    work = Work([ZeroDivisionError(), NotFoundError("booking", 1), Answer(200)])
    repeats = AsyncRepeats(ThreadedStore(MemoryStore()), answer=told)

    async def act() -> Answer:
        await asyncio.sleep(0)
        return work()

    async def three_times() -> list[int]:
        with pytest.raises(ZeroDivisionError):
            await repeats.once("key", "a", "", act)
        return [(await repeats.once(key, "a", "", act)).status for key in ("key", "key", None)]

    assert asyncio.run(three_times()) == [404, 404, 200]


# -- channels and the relay ----------------------------------------------------------------------------------


def test_an_event_is_told_on_every_channel() -> None:
    sent: list[Message] = []
    here = desk()
    booking = here.book("wash", NOW + HOUR)
    fanout = Fanout(
        sent.append,
        [lambda event: [Message(f"booking:{event.booking_id}", event.action)], lambda _: ()],
    )
    assert here.relay(fanout) == 1
    assert sent == [Message(f"booking:{booking.id}", "book")]


@pytest.mark.parametrize(
    "name", ["user:8", "user", "user:", "user:x", "user:\u0667", "room:7", "", None, 7, "user:" + "9" * 30]
)
def test_who_may_not_listen_is_told_the_same_as_of_what_is_not_there(name: object) -> None:
    channels = Channels({"user": lambda actor, number: actor.id == number})
    assert channels.check("user:007", Actor(7)) == "user:7"
    with pytest.raises(ForbiddenError):
        channels.check(name, Actor(7))


def test_the_thread_relays_what_is_committed_and_goes_on_after_a_failure() -> None:
    heard, failed, done = list[str](), threading.Event(), threading.Event()

    def notify(event: Event) -> None:
        if not failed.is_set():
            failed.set()
            raise ConnectionError
        heard.append(event.action)
        if len(heard) == 2:
            done.set()

    relay = RelayThread(notify, every=dt.timedelta(milliseconds=20))
    begun = time.monotonic()
    here = attrs.evolve(desk(), clock=lambda: NOW + (time.monotonic() - begun) * HOUR, subscribers=[relay])
    with relay.start(here):
        booking = here.book("wash", NOW + 90 * DAY)
        assert failed.wait(10)
        relay.wake()
        here.cancel(booking.id)
        assert done.wait(10)
    assert heard == ["book", "cancel"]


def test_a_store_that_fails_does_not_end_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    tried = threading.Event()

    class Broken(MemoryStore):
        def begin(self, *, write: bool = True) -> Any:  # noqa: ANN401 - never returns
            del write
            tried.set()
            raise RetryableError("gone")

    with RelayThread(lambda _: None, every=dt.timedelta(milliseconds=5)).start(BookingDesk(Broken())):
        assert tried.wait(10)
        tried.clear()
        assert tried.wait(10)
    assert "goes on" in caplog.text


# -- the cache of days ---------------------------------------------------------------------------------------


class Dict(dict[str, Any]):
    """A cache that forgets nothing."""

    def set(self, key: str, value: Any, timeout: float | None, /) -> None:  # noqa: ANN401
        del timeout
        self[key] = value

    def add(self, key: str, value: Any, timeout: float | None, /) -> None:  # noqa: ANN401
        del timeout
        self.setdefault(key, value)


@given(
    st.lists(st.tuples(st.sampled_from(["look", "book", "move", "cancel"]), st.integers(1, 60)), max_size=30)
)
def test_what_is_cached_is_what_would_be_worked_out(steps: list[tuple[str, int]]) -> None:
    cache = DayCache(Dict())
    here = desk(subscribers=[cache])
    made = list[Any]()
    for what, hours in steps:
        start = NOW + hours * HOUR
        try:
            if what == "book":
                made.append(here.book("wash", start).id)
            elif what == "move" and made:
                here.reschedule(made[-1], start)
            elif what == "cancel" and made:
                here.cancel(made.pop())
        except SlotkeeperError:
            pass
        for offset in range(4):
            midnight = (NOW + offset * DAY).replace(hour=0)
            window = Interval(midnight, midnight + DAY)
            free = cache.get("bay", midnight.date(), "", partial(here.free_time, "bay", window))
            assert free == here.free_time("bay", window)


def test_a_day_is_worked_out_once_until_it_is_touched_and_each_question_apart() -> None:
    cache, here, worked = DayCache(Dict()), desk(), Counter[str]()

    def ask(about: str, date: dt.date) -> int:
        def work_out() -> int:
            worked[f"{about} {date}"] += 1
            return 1

        return cache.get("bay", date, about, work_out)

    today, later = NOW.date(), NOW.date() + 3 * DAY
    for _ in range(3):
        assert ask("wash", today) + ask("wax", today) + ask("wash", later) == 3
    assert set(worked.values()) == {1}
    booking = here.book("wash", NOW + HOUR)
    cache(here.history(booking.id)[0])
    ask("wash", today)
    ask("wash", later)
    assert (worked[f"wash {today}"], worked[f"wash {later}"]) == (2, 1)


def test_a_result_that_was_worked_out_before_a_change_is_not_read_after_it() -> None:
    cache, here = DayCache(Dict()), desk()
    booking = here.book("wash", NOW + HOUR)

    def overtaken() -> str:
        cache(here.history(booking.id)[0])
        return "old"

    assert cache.get("bay", NOW.date(), "", overtaken) == "old"
    assert cache.get("bay", NOW.date(), "", lambda: "new") == "new"


# -- tallies -------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["book", "cancel", "start", "complete", "update"]), max_size=25))
def test_a_tally_kept_by_events_is_what_a_count_gives(actions: list[str]) -> None:
    here = desk()
    for number, action in enumerate(actions):
        ids = [one.id for one in here.find().items]
        try:
            if action == "book":
                here.book("wash", NOW + (number + 1) * HOUR)
            elif action == "update" and ids:
                here.update(ids[-1], notes="more")
            elif ids:
                here.act(ids[number % len(ids)], action)
        except SlotkeeperError:
            pass
    tally = Tally()
    for booking in here.find().items:
        for event in here.history(booking.id):
            tally = tally.after(event)
    counted = Counter(one.status for one in here.find().items)
    assert dict(tally.by_status) == dict(counted)
    assert tally.total == len(here.find().items)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=30))
def test_a_rating_kept_by_reviews_is_their_mean(given: list[int]) -> None:
    rating = Rating()
    for one in given:
        rating = rating.after(one)
    assert rating.count == len(given)
    assert rating.mean == pytest.approx(sum(given) / len(given))
    with pytest.raises(InvalidFieldError):
        Rating(3, -1)


@given(st.integers(1, 10**18), st.text(max_size=60))
def test_a_fake_gateway_knows_its_own_checkouts_and_no_others(number: int, other: str) -> None:
    gateway = FakeGateway()
    checkout = gateway.charge(number, Money.of("1", "EUR"))
    assert gateway.charge(number, Money.of("1", "EUR")) == checkout
    assert gateway.booking_of(checkout) == number
    for wrong in (
        other,
        checkout[:-1],
        f"0{checkout}",
        f"{number + 1}-{checkout.partition('-')[2]}",
        "9" * 5000,
        *(gateway.charge(forged, Money.of("1", "EUR")) for forged in ("9" * 5000, f"0{number}", "²")),
    ):
        with pytest.raises(NotFoundError):
            gateway.booking_of(wrong)


@given(st.integers(0, 50), st.integers(0, 50))
def test_reliability_lies_between_nothing_and_all_and_grows_with_what_went_well(good: int, bad: int) -> None:
    tally = Tally({"completed": good, "no_show": bad})
    assert 0 < tally.reliability() < 1
    assert Tally({"completed": good + 1, "no_show": bad}).reliability() > tally.reliability()
    assert Tally().reliability() == 0.5

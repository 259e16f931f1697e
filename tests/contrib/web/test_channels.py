"""Who may listen to a channel, and what events are told as, for threads and for event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from tests.contrib.web.loops import HOUR, NOW, an_async_desk, in_a_loop

from slotkeeper import (
    Actor,
    AsyncBookingDesk,
    BookingDesk,
    Event,
    ForbiddenError,
    InvalidFieldError,
    MemoryStore,
    NotFoundError,
    Resource,
    Service,
)
from slotkeeper.contrib.web import AsyncChannels, Channels, Fanout, Message

ANNA = Actor(7)


# -- who may listen ------------------------------------------------------------------------------------------


async def nobody(_: Actor, __: int) -> bool:
    return False


async def own(actor: Actor, number: int) -> bool:
    await asyncio.sleep(0)
    return actor.id == number


def gone(_: Actor, number: int) -> bool:
    raise NotFoundError("booking", number)


class Listener:
    """What can be called, and must be awaited."""

    async def __call__(self, actor: Actor, number: int) -> bool:
        return await nobody(actor, number)


@pytest.mark.parametrize("listener", [nobody, partial(nobody), Listener()])
def test_a_coroutine_function_is_no_listener_for_threads(listener: Any) -> None:  # noqa: ANN401 - of a wrong type
    with pytest.raises(InvalidFieldError, match="AsyncChannels"):
        Channels({"bookings": listener})


class Later:
    """What must be awaited, and is no coroutine."""

    def __await__(self) -> Any:  # noqa: ANN401 - never asked for
        raise NotImplementedError


@pytest.mark.parametrize("answer", [partial(nobody, ANNA, 7), Later])
def test_a_listener_that_must_be_awaited_lets_nobody_listen(answer: Callable[[], Any]) -> None:
    channels = Channels({"bookings": lambda _, __: answer()})
    with pytest.raises(InvalidFieldError, match="AsyncChannels awaits it"):
        channels.check("bookings:7", ANNA)


@pytest.mark.parametrize("answer", [False, None, 0, 1, "yes", [7]])
def test_only_true_is_a_permission(answer: Any) -> None:  # noqa: ANN401 - whatever a listener says
    async def say(_: Actor, __: int) -> Any:  # noqa: ANN401 - the same
        return answer

    with pytest.raises(ForbiddenError):
        Channels({"bookings": lambda _, __: answer}).check("bookings:7", ANNA)
    with pytest.raises(ForbiddenError):
        asyncio.run(AsyncChannels({"bookings": say}).check("bookings:7", ANNA))


def forbidden(_: Actor, __: int) -> bool:
    return False


@pytest.mark.parametrize("may", [forbidden, gone])
def test_what_is_unknown_is_told_the_same_as_what_is_forbidden(may: Callable[[Actor, int], bool]) -> None:
    with pytest.raises(ForbiddenError) as told:
        Channels({"bookings": may}).check("bookings:7", ANNA)
    with pytest.raises(ForbiddenError) as awaited:
        asyncio.run(AsyncChannels({"bookings": may}).check("bookings:7", ANNA))
    for error in (told.value, awaited.value):
        assert error.details() == {"actor_id": 7, "action": "listen", "needs": ()}
        assert error.__context__ is None


@pytest.mark.parametrize("name", ["user:8", "user", "user:x", "room:7", None])
def test_in_an_event_loop_the_same_may_listen(name: object) -> None:
    channels = AsyncChannels({"user": own, "plain": lambda actor, number: actor.id == number})

    async def checked() -> tuple[str, str]:
        with pytest.raises(ForbiddenError):
            await channels.check(name, ANNA)
        return await channels.check("user:007", ANNA), await channels.check("plain:7", ANNA)

    assert asyncio.run(checked()) == ("user:7", "plain:7")


# -- what events are told as ---------------------------------------------------------------------------------


def messages(event: Event) -> list[Message]:
    return [Message(f"bookings:{event.booking_id}", event.action), Message("all", event.action)]


async def awaited_messages(event: Event) -> list[Message]:
    await asyncio.sleep(0)
    return messages(event)


class Sender:
    """Sends after a while, or fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.sent = failures, list[str]()

    async def __call__(self, message: Message) -> None:
        await asyncio.sleep(0)
        if message.channel == "all" and self.failures:
            self.failures -= 1
            raise ConnectionError
        self.sent.append(message.channel)


@pytest.mark.parametrize("channel", [messages, awaited_messages])
def test_what_is_sent_in_an_event_loop_is_awaited_in_order(channel: Any) -> None:  # noqa: ANN401 - of both kinds
    send = Sender()

    async def work(desk: AsyncBookingDesk) -> int:
        await desk.book("wash", NOW + HOUR, booking_id=1)
        return await desk.relay(Fanout(send, [channel, lambda _: []]))

    assert in_a_loop(work) == 1
    assert send.sent == ["bookings:1", "all"]


def test_a_channel_may_be_awaited_and_its_sender_plain() -> None:
    sent: list[Message] = []

    async def work(desk: AsyncBookingDesk) -> int:
        await desk.book("wash", NOW + HOUR, booking_id=1)
        return await desk.relay(Fanout(sent.append, [awaited_messages]))

    assert in_a_loop(work) == 1
    assert [message.channel for message in sent] == ["bookings:1", "all"]


@pytest.mark.parametrize("fanout", [Fanout(Sender(), [lambda _: []]), Fanout(print, [awaited_messages])])
def test_it_can_be_awaited_by_a_receiver_of_the_hosts_whatever_there_is_to_tell(
    fanout: Fanout, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work(desk: AsyncBookingDesk) -> int:
        async def notify(event: Event) -> None:
            await fanout(event)

        await desk.book("wash", NOW + HOUR, booking_id=1)
        return await desk.relay(notify)

    assert in_a_loop(work) == 1
    assert capsys.readouterr().out.count("Message") in {0, 2}


def test_an_event_whose_awaited_sending_fails_is_not_delivered_and_comes_again() -> None:
    send, now = Sender(failures=1), [NOW]

    async def work(desk: AsyncBookingDesk) -> list[int]:
        await desk.book("wash", NOW + HOUR, booking_id=1)
        first = await desk.relay(Fanout(send, [messages]))
        now[0] += HOUR
        return [first, await desk.relay(Fanout(send, [messages])), await desk.relay(Fanout(send, [messages]))]

    assert in_a_loop(work, clock=lambda: now[0]) == [0, 1, 0]
    assert send.sent == ["bookings:1", "bookings:1", "all"]


def test_it_can_be_a_subscriber_in_an_event_loop() -> None:
    send = Sender()

    async def work(_: AsyncBookingDesk) -> None:
        told = an_async_desk(subscribers=[Fanout(send, [messages])])
        await told.add_resource(Resource("bay"))
        await told.add_service(Service("wash", HOUR))
        await told.book("wash", NOW + HOUR, booking_id=1)

    in_a_loop(work)
    assert send.sent == ["bookings:1", "all"]


# -- where nobody awaits -------------------------------------------------------------------------------------


def plain_desk(**options: Any) -> BookingDesk:  # noqa: ANN401 - those of a desk
    desk = BookingDesk(MemoryStore(), clock=lambda: NOW, **options)
    desk.add_resource(Resource("bay"))
    desk.add_service(Service("wash", HOUR))
    desk.book("wash", NOW + HOUR, booking_id=1)
    return desk


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize(
    "disguise",
    [lambda send: Fanout(send, [messages]), lambda send: lambda event: send(event)],  # noqa: PLW0108 - hides what it is
)
def test_a_plain_desk_loses_nothing_where_sending_must_be_awaited(
    disguise: Callable[[Callable[[Any], Awaitable[None]]], Any],
) -> None:
    desk, heard = plain_desk(), list[str]()
    for _ in range(20):
        with pytest.raises(InvalidFieldError, match="AsyncBookingDesk awaits it"):
            desk.relay(disguise(Sender()))
    assert desk.parked_events() == []
    assert desk.relay(lambda event: heard.append(event.action)) == 1
    assert heard == ["book"]


def test_a_plain_desk_refuses_a_coroutine_function_at_once() -> None:
    async def notify(_: Event) -> None:
        """Take no notice."""

    desk, wrong = plain_desk(), notify
    with pytest.raises(InvalidFieldError, match="AsyncBookingDesk takes it"):
        desk.relay(wrong)  # type: ignore[arg-type] # the checker knows it too
    assert desk.relay(lambda _: None) == 1


def test_a_subscriber_that_must_be_awaited_is_logged_where_nobody_awaits(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def notify(_: Event) -> None:
        """Take no notice."""

    plain_desk(subscribers=[notify])
    assert "AsyncBookingDesk awaits it" in caplog.text

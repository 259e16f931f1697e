"""A marketplace of services: ranked providers, days of availability, statuses, and channels to listen to.

python docs/examples/marketplace/app.py --port 8004 --demo
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from contextlib import suppress
from functools import partial
from typing import Any, Final

import django
import pymysql
import sqlalchemy as sa
import uvicorn
from django.conf import settings
from django.core.management import call_command

import slotkeeper as sk
from slotkeeper.adapters.sql import SqlStore, Tables
from slotkeeper.contrib import web

TABLES: Final = Tables()
BACKENDS: Final = {"sqlite": "sqlite3", "postgresql": "postgresql", "mysql": "mysql"}


def database(url: sa.URL) -> dict[str, Any]:
    """Return the database as Django has it."""
    backend = url.get_backend_name()
    facts = {"HOST": url.host, "PORT": url.port, "USER": url.username, "PASSWORD": url.password}
    options = {"transaction_mode": "IMMEDIATE", "timeout": 30, "init_command": "PRAGMA journal_mode=WAL"}
    return {
        "ENGINE": f"django.db.backends.{BACKENDS[backend]}",
        "NAME": url.database,
        "OPTIONS": options if backend == "sqlite" else {},
        **{name: value or "" for name, value in facts.items()},
    }


def channel_layer(given: web.Serving) -> dict[str, Any]:
    """Return what carries news to sockets: a Redis that processes share, or the memory of this one."""
    if given.redis is None:
        return {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    host = {"address": given.redis, "socket_timeout": None}  # it waits for news, however long there are none
    shared = {"hosts": [host], "prefix": given.shared_name}
    return {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": shared}


def configure(given: web.Serving, relay: web.RelayThread) -> None:
    """Set Django up for this process."""
    pymysql.version_info = (2, 2, 7, "final", 0)  # as Django asks of the other driver
    pymysql.install_as_MySQLdb()
    url = sa.make_url(given.url)
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        CACHES={
            "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "market_cache"}
        },
        CHANNEL_LAYERS={"default": channel_layer(given)},
        CLOCK=staticmethod(given.clock),
        DATABASES={"default": database(url)},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["channels", "rest_framework", "market"],
        MIDDLEWARE=[],
        RELAY=relay,
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": [],
            "DEFAULT_PERMISSION_CLASSES": [],
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
            "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
            "EXCEPTION_HANDLER": "market.api.failed",
            "UNAUTHENTICATED_USER": None,
            "URL_FORMAT_OVERRIDE": None,
        },
        ROOT_URLCONF="market.api",
        STORE=SqlStore.from_url(given.url, tables=TABLES),
        TABLES=TABLES,
        URL=url,
        USE_TZ=True,
    )
    django.setup()


def set_up(*, with_demo: bool) -> None:
    """Make the tables and the demo data, again where another process was at it."""
    settings.STORE.create_all()
    for attempt in range(20):
        try:
            call_command("migrate", verbosity=0)
            call_command("createcachetable", verbosity=0)
            if with_demo:
                demo()
        except (django.db.Error, sk.ConcurrencyError, sk.DuplicateIdError):
            if attempt == 19:
                raise
            time.sleep(0.25)
        else:
            return


def demo() -> None:
    """Put the demo data into an empty database, all of it or nothing."""
    from market import shop  # noqa: PLC0415 - only once Django is set up
    from market.models import Person  # noqa: PLC0415 - the same

    half, euros = dt.timedelta(minutes=30), partial(sk.Money.of, currency="EUR")
    with shop.in_our_transaction() as desk:
        if Person.objects.exists():
            return
        hours = sk.Schedule.weekly_hours("UTC", {"MO-SA": "08:00-18:00"})
        places = [("p1", "Warsaw", 4.9), ("p2", "Warsaw", 4.5), ("p3", "Krakow", 4.1)]
        for number, (name, location, rating) in enumerate(places, 1):
            known = {"location": location, "rating": rating, "ratings": 20}
            Person.objects.create(id=number, name=name, token=f"demo-{name}", role="provider", **known)
            desk.add_resource(sk.Resource(number, hours, name=name))
        for number, name, role in (
            (11, "carol", "customer"),
            (12, "dave", "customer"),
            (21, "admin", "admin"),
        ):
            Person.objects.create(id=number, name=name, token=f"demo-{name}", role=role)
        offers = [
            (shop.ANY_VISIT, "Visit", "", 30, [1, 2, 3], None),
            (1, "House cleaning", "cleaning", 120, [1, 2], sk.HourlyPrice(euros(30))),
            (2, "Plumbing", "plumbing", 60, [2, 3], sk.HourlyPrice(euros(45))),
        ]
        for number, name, category, minutes, providers, price in offers:
            shortest = dt.timedelta(minutes=minutes)
            desk.add_service(
                sk.Service(
                    number,
                    sk.DurationRange(shortest, dt.timedelta(hours=10), half),
                    name=name,
                    needs=[sk.Requirement(among=providers)],
                    grid=half,
                    accept=sk.ClockGrid(dt.timedelta(minutes=1)),
                    notice=dt.timedelta(microseconds=1),
                    action="request",
                    price=price,
                    attributes={"category": category},
                )
            )


class Server(uvicorn.Server):
    """Says when it can be talked to, and keeps the loop in which sockets are served."""

    loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: Any = None) -> None:
        Server.loop = asyncio.get_running_loop()
        await super().startup(sockets)
        print(f"ready http://127.0.0.1:{self.config.port}", flush=True)


def send(message: web.Message) -> None:
    """Tell those who listen to a channel, in the loop of the server."""
    from channels.layers import get_channel_layer  # noqa: PLC0415 - only once Django is set up
    from market.live import group  # noqa: PLC0415 - the same

    if Server.loop is not None:
        told = {"type": "told", "event": message.event, "payload": dict(message.payload)}
        sending = get_channel_layer().group_send(group(message.channel), told)
        asyncio.run_coroutine_threadsafe(sending, Server.loop).result(30)


def tell(event: sk.Event) -> None:
    """Tell of an event on every channel that it concerns, once the cache of days knows of it."""
    from market import shop  # noqa: PLC0415 - only once Django is set up

    shop.DAYS(event)
    web.Fanout(send, [shop.messages])(event)


def main() -> None:
    given = web.serving("A marketplace.", database="sqlite:///marketplace.sqlite3")
    relay = web.RelayThread(tell)
    configure(given, relay)
    from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: PLC0415 - only once Django is set up
    from django.core.asgi import get_asgi_application  # noqa: PLC0415 - the same
    from django.urls import path, re_path  # noqa: PLC0415 - the same
    from market import live, shop  # noqa: PLC0415 - the same

    set_up(with_demo=given.demo)
    sockets = URLRouter([path("ws/", live.Listener.as_asgi()), re_path("", live.Nowhere.as_asgi())])
    served = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": sockets})
    with relay.start(shop.desk()), suppress(KeyboardInterrupt):
        Server(uvicorn.Config(served, port=given.port, log_level="warning", lifespan="off")).run()


if __name__ == "__main__":
    main()

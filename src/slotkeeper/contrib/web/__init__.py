"""What every web application needs between HTTP and the desk; none of it knows a framework.

Reading requests (`Fields`, `Parameters`, `expected_version`), writing answers (`Problem`, `etag`,
`booking_facts`, `picked`), and what goes on around them: repeats of requests, relays in the background,
channels, a cache of days, what providers are ranked by.
"""

from slotkeeper.contrib.web.booking_facts import booking_facts, instant_text, local_text
from slotkeeper.contrib.web.channels import AsyncChannels, Channels
from slotkeeper.contrib.web.command_line import Serving, serving
from slotkeeper.contrib.web.day_cache import AsyncDayCache, Cache, DayCache
from slotkeeper.contrib.web.etags import etag, expected_version
from slotkeeper.contrib.web.fake_gateway import FakeGateway
from slotkeeper.contrib.web.fanout import Channel, Fanout, Message
from slotkeeper.contrib.web.fields import NEEDED, Fields
from slotkeeper.contrib.web.parameters import Parameters
from slotkeeper.contrib.web.picking import picked
from slotkeeper.contrib.web.problems import STATUSES, Problem, problem
from slotkeeper.contrib.web.rating import Rating
from slotkeeper.contrib.web.relay_task import RelayTask
from slotkeeper.contrib.web.relay_thread import RelayThread
from slotkeeper.contrib.web.repeats import Answer, AnswerError, AsyncRepeats, Repeats
from slotkeeper.contrib.web.tally import Tally
from slotkeeper.contrib.web.tokens import bearer_token, plain_token
from slotkeeper.contrib.web.touched_days import touched_days
from slotkeeper.contrib.web.windows import day, day_of, days, window

__all__ = [
    "NEEDED",
    "STATUSES",
    "Answer",
    "AnswerError",
    "AsyncChannels",
    "AsyncDayCache",
    "AsyncRepeats",
    "Cache",
    "Channel",
    "Channels",
    "DayCache",
    "FakeGateway",
    "Fanout",
    "Fields",
    "Message",
    "Parameters",
    "Problem",
    "Rating",
    "RelayTask",
    "RelayThread",
    "Repeats",
    "Serving",
    "Tally",
    "bearer_token",
    "booking_facts",
    "day",
    "day_of",
    "days",
    "etag",
    "expected_version",
    "instant_text",
    "local_text",
    "picked",
    "plain_token",
    "problem",
    "serving",
    "touched_days",
    "window",
]

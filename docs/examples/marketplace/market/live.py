"""The socket: who asks may listen to a channel, or is told that it is not theirs."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

import slotkeeper as sk
from market import shop
from market.api import user_of
from slotkeeper.contrib import web


def group(channel: str) -> str:
    """Return a channel's name as channel layers allow it."""
    return channel.replace(":", ".")


class Nowhere(AsyncJsonWebsocketConsumer):
    """Whatever else is asked for as a socket: refused."""

    async def connect(self) -> None:
        """Close, before anything is accepted."""
        await self.close()


class Listener(AsyncJsonWebsocketConsumer):
    """One connection of a user's."""

    async def connect(self) -> None:
        """Let those in who are known."""
        token = parse_qs(self.scope["query_string"].decode()).get("token", [""])[0]
        self.actor = await database_sync_to_async(user_of)(token)
        if self.actor is None:
            await self.close(4401)
        else:
            await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any) -> None:
        """Subscribe to a channel; whatever else is sent is answered as if it were not theirs."""
        del bytes_data
        try:
            name = web.Fields.of_json(text_data or "").members.get("subscribe")
        except sk.ParseError:
            name = None
        try:
            channel = await database_sync_to_async(shop.CHANNELS.check)(name, self.actor)
        except sk.ForbiddenError:
            await self.send_json({"error": "forbidden", "channel": name})
        else:
            await self.channel_layer.group_add(group(channel), self.channel_name)
            await self.send_json({"subscribed": channel})

    async def told(self, message: dict[str, Any]) -> None:
        """Pass on what is told on a channel."""
        await self.send_json({"event": message["event"], "payload": message["payload"]})

"""Forgetting: idempotency keys that are too old for anybody to repeat their request."""

from __future__ import annotations

import datetime as dt

from slotkeeper.desk.arguments import check_count, check_length
from slotkeeper.desk.command import Command, Work
from slotkeeper.desk.core import DeskCore
from slotkeeper.domain.actor import SYSTEM
from slotkeeper.domain.instant import later, negated


class Forgetting(DeskCore):
    """What need not be kept for ever."""

    def forget_keys(self, older_than: dt.timedelta, *, limit: int = 1000) -> int:
        """Forget the results of keys kept longer ago, the oldest first, at most ``limit``; return how many.

        A request that comes again after that is carried out as a new one, so keep them for longer than any
        client repeats. It is a sweep, to be run again and again, so it takes no idempotency key.

        Raises:
            InvalidFieldError: The time or the limit is not positive.
        """
        check_length("older_than", older_than)
        check_count("limit", limit)

        def sweep(work: Work) -> int:
            return work.unit.keys.forget(later(work.now, negated(older_than)), limit=limit)

        return self._run(Command("forget_keys", SYSTEM), int, sweep)

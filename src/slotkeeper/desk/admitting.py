"""Admitting: attempts, counted against a rate limit before anything else is done for them."""

from __future__ import annotations

from slotkeeper.desk.arguments import check_kind
from slotkeeper.desk.command import Command, Work
from slotkeeper.desk.core import DeskCore
from slotkeeper.domain.actor import SYSTEM
from slotkeeper.domain.ids import Id, check_id, id_to_text
from slotkeeper.domain.rate import RateLimit
from slotkeeper.errors import RateLimitedError


class Admitting(DeskCore):
    """Who may go on."""

    def admit(self, limit: RateLimit, subject: Id) -> None:
        """Count an attempt of a subject, such as a customer; the limit holds across processes.

        On a desk whose store commits it is counted in a unit of work of its own, whatever comes after it;
        within a host's transaction, together with what that does, so call it outside of a savepoint that is
        rolled back. One that is refused is not counted. To try again is another attempt, so it takes no
        idempotency key; ask for a repeat's first result before it.

        Args:
            limit: What is allowed.
            subject: Whose attempts are counted together.

        Raises:
            InvalidFieldError: An argument is of the wrong kind.
            RateLimitedError: The limit is reached; nothing is counted.
        """
        check_kind("limit", limit, RateLimit)
        check_id("subject", subject)

        def act(work: Work) -> bool:
            again = work.unit.hits.take(
                f"{limit.name}/{id_to_text(subject)}", now=work.now, count=limit.count, per=limit.per
            )
            if again is not None:
                raise RateLimitedError(limit.name, limit.count, limit.per, again - work.now)
            return True

        self._run(Command("admit", SYSTEM), bool, act)

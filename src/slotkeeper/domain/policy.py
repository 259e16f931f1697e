"""Policies: what cancelling, moving or missing a booking costs, as pure quotes that an action then applies.

A bound belongs to the customer: exactly 24 hours ahead still has the terms of 24 hours ahead.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import attrs

from slotkeeper.domain.actor import role_names
from slotkeeper.domain.fee import Fee, FixedFee, Quote, as_share, part_of_one, settle
from slotkeeper.domain.fields import at_least, if_given, instance_of, not_negative
from slotkeeper.domain.instant import as_utc, later, negated
from slotkeeper.domain.money import Money
from slotkeeper.errors import InvalidFieldError, PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slotkeeper.domain.actor import Actor

ALL = Fraction(1)
NOTHING = Fraction(0)


@attrs.frozen
class CancellationTier:
    """Up to and including ``until`` ahead of the start, this share of what was paid is refunded.

    Args:
        until: How long ahead of the start the tier ends; negative is after it, None never.
        refund: The share, 0 to 1, exact: a fraction, a decimal or text such as ``"1/2"``.
    """

    until: dt.timedelta | None
    refund: Fraction = attrs.field(converter=as_share, validator=part_of_one)

    def last(self, start: dt.datetime) -> dt.datetime | None:
        """Return the last instant of the tier for a booking that starts then; None: it never ends."""
        return None if self.until is None else later(start, negated(self.until))

    def covers(self, start: dt.datetime, now: dt.datetime) -> bool:
        """Tell whether the tier has not ended."""
        last = self.last(start)
        return last is None or now <= last


@attrs.frozen(kw_only=True)
class CancellationQuote(Quote):
    """What cancelling would give back.

    Args:
        share: The share of what was paid that is refunded.
        until: The last instant with these terms; None where they stay.
    """

    share: Fraction
    until: dt.datetime | None


def _earliest_ending_first(tiers: Iterable[CancellationTier]) -> tuple[CancellationTier, ...]:
    def reach(tier: CancellationTier) -> tuple[bool, dt.timedelta]:
        return tier.until is not None, tier.until or dt.timedelta(0)

    return tuple(sorted(tiers, key=reach, reverse=True))


@attrs.frozen
class CancellationPolicy:
    """How much of what was paid goes back, by how long ahead of the start a booking is cancelled.

    After the last tier nothing is refunded.

    Args:
        tiers: In any order; the refund must not grow as the start nears.
        exempt_roles: Actors with one of these roles cancel with a full refund at any time.
        late_fee: What a cancellation after the last tier costs at least: all that was paid is kept, and what
            that lacks of the fee is due.

    Raises:
        InvalidFieldError: Two tiers end together, or a later one refunds more.

    >>> policy = CancellationPolicy(
    ...     [
    ...         CancellationTier(dt.timedelta(hours=24), 1),
    ...         CancellationTier(dt.timedelta(hours=2), "1/2"),
    ...     ]
    ... )
    >>> start = dt.datetime(2025, 10, 23, 9, tzinfo=dt.UTC)
    >>> quote = policy.quote(
    ...     paid=Money.of(40, "EUR"), start=start, now=start - dt.timedelta(hours=3)
    ... )
    >>> print(quote.refund, quote.fee)
    20.00 EUR 20.00 EUR
    """

    tiers: tuple[CancellationTier, ...] = attrs.field(converter=_earliest_ending_first)
    exempt_roles: frozenset[str] = attrs.field(default=frozenset(), converter=role_names, kw_only=True)
    late_fee: Fee | None = attrs.field(default=None, kw_only=True)

    @tiers.validator
    def _never_grow(self, _: object, tiers: tuple[CancellationTier, ...]) -> None:
        for before, after in pairwise(tiers):
            if before.until == after.until or before.refund < after.refund:
                raise InvalidFieldError(
                    "CancellationPolicy.tiers", tiers, "must refund less the later each ends"
                )

    def tier_at(self, *, start: dt.datetime, now: dt.datetime) -> CancellationTier | None:
        """Return the tier in force, or None after the last one."""
        return next((tier for tier in self.tiers if tier.covers(start, now)), None)

    def quote(
        self,
        *,
        paid: Money | None,
        price: Money | None = None,
        start: dt.datetime,
        now: dt.datetime,
        actor: Actor | None = None,
    ) -> CancellationQuote:
        """Return what cancelling at ``now`` would give back; a refund is rounded half up to minor units.

        Args:
            paid: What the customer has paid and not got back; None where nothing.
            price: What the booking costs, the base of a late fee; what was paid, where it is None.
            start: The booking's start.
            now: The instant of cancelling.
            actor: Who cancels; None is the host itself, which the tiers bind like anyone.

        Raises:
            InvalidFieldError: What was paid is less than nothing.
            CurrencyMismatchError: The amounts are in different currencies.
        """
        start, now = as_utc(start), as_utc(now)
        tier = self._tier_for(actor, start=start, now=now)
        share = NOTHING if tier is None else tier.refund
        late = self.late_fee if tier is None else None
        base = paid if price is None else price
        refund, fee, due = settle(_or_zero(paid, base), _owed(paid, share, late.owed(base) if late else None))
        until = tier.last(start) if tier else None
        return CancellationQuote(at=now, refund=refund, fee=fee, due=due, share=share, until=until)

    def _tier_for(
        self, actor: Actor | None, *, start: dt.datetime, now: dt.datetime
    ) -> CancellationTier | None:
        return _WITHOUT_LIMIT if _is_exempt(self.exempt_roles, actor) else self.tier_at(start=start, now=now)


_WITHOUT_LIMIT = CancellationTier(None, ALL)

FREE_CANCELLATION = CancellationPolicy([_WITHOUT_LIMIT])
"""Everything goes back, whenever the booking is cancelled."""


@attrs.frozen(kw_only=True)
class NoShowPolicy:
    """What a customer owes who does not come.

    Args:
        fee: What it costs in all: what was paid beyond it goes back, what was not is due. Without one, what
            was paid is kept and no more is asked.
    """

    fee: Fee | None = None

    def quote(self, *, paid: Money | None, price: Money | None = None, now: dt.datetime) -> Quote:
        """Return what not having come costs.

        Args:
            paid: What the customer has paid and not got back; None where nothing.
            price: What the booking costs, the base of a fee; what was paid, where it is None.
            now: The instant of marking it.

        Raises:
            InvalidFieldError: What was paid is less than nothing.
            CurrencyMismatchError: The amounts are in different currencies.
        """
        base = paid if price is None else price
        owed = paid if self.fee is None else self.fee.owed(base)
        refund, fee, due = settle(_or_zero(paid, base), owed)
        return Quote(at=now, refund=refund, fee=fee, due=due)


@attrs.frozen(kw_only=True)
class RescheduleQuote:
    """What moving a booking would cost; what was paid for it moves along.

    Args:
        at: The instant for which it holds.
        due: What is owed for the move; None where nothing.
        until: The last instant at which it may be moved; None where that never ends.
    """

    at: dt.datetime = attrs.field(converter=as_utc)
    due: Money | None
    until: dt.datetime | None


@attrs.frozen(kw_only=True)
class ReschedulePolicy:
    """Until when and how often a booking may be moved, and for what fee.

    Args:
        notice: The booking may be moved up to and including this long ahead of its start; None: at any time.
        max_times: How often in all; None: without limit.
        fee: What each move costs.
        exempt_roles: Actors with one of these roles move bookings at any time, without limit, for nothing.
    """

    notice: dt.timedelta | None = attrs.field(default=None, validator=if_given(not_negative))
    max_times: int | None = attrs.field(default=None, validator=if_given(at_least(0)))
    fee: Fee | None = None
    exempt_roles: frozenset[str] = attrs.field(default=frozenset(), converter=role_names)

    def quote(
        self,
        *,
        price: Money | None,
        start: dt.datetime,
        now: dt.datetime,
        moved: int = 0,
        actor: Actor | None = None,
    ) -> RescheduleQuote:
        """Return what moving the booking at ``now`` would cost.

        Args:
            price: What the booking costs, the base of a fee.
            start: Where it starts before the move.
            now: The instant of moving it.
            moved: How often it was moved before.
            actor: Who moves it; None is the host itself, which the policy binds like anyone.

        Raises:
            PolicyError: The notice has run out (rule ``reschedule_notice``), or it was moved as often as is
                allowed (rule ``reschedule_limit``).
        """
        now = as_utc(now)
        if _is_exempt(self.exempt_roles, actor):
            return RescheduleQuote(at=now, due=None, until=None)
        until = self._last(as_utc(start))
        if until is not None and now > until:
            raise PolicyError("reschedule_notice", until, now)
        if self.max_times is not None and moved >= self.max_times:
            raise PolicyError("reschedule_limit", None, now, self.max_times, moved)
        return RescheduleQuote(at=now, due=self.fee.owed(price) if self.fee else None, until=until)

    def _last(self, start: dt.datetime) -> dt.datetime | None:
        return None if self.notice is None else later(start, negated(self.notice))


@attrs.frozen(kw_only=True)
class Policy:
    """What a service's customers agree to; by default they cancel and move freely at any time."""

    cancellation: CancellationPolicy = attrs.field(
        default=FREE_CANCELLATION, validator=instance_of(CancellationPolicy)
    )
    reschedule: ReschedulePolicy = attrs.field(
        default=ReschedulePolicy(), validator=instance_of(ReschedulePolicy)
    )
    no_show: NoShowPolicy = attrs.field(default=NoShowPolicy(), validator=instance_of(NoShowPolicy))

    @property
    def fixed_fees(self) -> tuple[FixedFee, ...]:
        """The fees that are amounts, and so have a currency."""
        fees = (self.cancellation.late_fee, self.reschedule.fee, self.no_show.fee)
        return tuple(fee for fee in fees if isinstance(fee, FixedFee))


def _is_exempt(roles: frozenset[str], actor: Actor | None) -> bool:
    return actor is not None and not roles.isdisjoint(actor.roles)


def _or_zero(paid: Money | None, base: Money | None) -> Money | None:
    if paid is not None and paid.amount < 0:
        raise InvalidFieldError("paid", paid, "must be zero or more")
    return Money.zero(base.currency) if paid is None and base is not None else paid


def _owed(paid: Money | None, share: Fraction, late: Money | None) -> Money | None:
    """Return what a cancellation costs in all: what the share leaves of the payment, or a larger late fee."""
    if paid is None:
        return late
    kept = paid if share == NOTHING else paid - _refund(paid, share)
    return kept if late is None else max(kept, late)


def _refund(paid: Money, share: Fraction) -> Money:
    """Return the share in minor units, and never more than was paid, should that be finer than they are."""
    return paid if share == ALL else min(paid, paid.share(share))

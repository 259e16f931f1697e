"""`Rating`: the mean of what customers gave, kept up by reviews one at a time instead of being counted."""

from __future__ import annotations

from typing import Self

import attrs

from slotkeeper.errors import InvalidFieldError


@attrs.frozen
class Rating:
    """The mean of ratings.

    Args:
        mean: Of all ratings so far, or what is assumed before there is one.
        count: How many ratings the mean stands for, imagined ones included: with a count of 20, one more
            moves it by a twenty-first of the difference.

    Raises:
        InvalidFieldError: The count is below zero.

    >>> Rating(4, count=1).after(5)
    Rating(mean=4.5, count=2)
    """

    mean: float = attrs.field(default=0)
    count: int = attrs.field(default=0)

    @count.validator
    def _is_not_negative(self, _: object, count: int) -> None:
        if count < 0:
            raise InvalidFieldError("Rating.count", count, "must not be negative")

    def after(self, given: float) -> Self:
        """Return the rating once one more was given."""
        count = self.count + 1
        return attrs.evolve(self, mean=self.mean + (given - self.mean) / count, count=count)

"""Requirements: which resources a service takes at once, and how many of which kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from slotkeeper.domain.fields import at_least, if_given
from slotkeeper.domain.ids import Id, id_tuple
from slotkeeper.errors import InvalidFieldError

if TYPE_CHECKING:
    from slotkeeper.domain.resource import Resource


@attrs.frozen
class Requirement:
    """So many resources out of those with a role, out of named ones, or out of all.

    The candidates are the active resources that have ``role`` (where given) and are named in ``among`` (where
    given). ``count`` of them are taken together; ``None`` takes every one. Each gives the booking's units.

    >>> Requirement.all_of("room-1", "projector").count is None
    True
    """

    role: str | None = None
    among: tuple[Id, ...] = attrs.field(default=(), converter=id_tuple, kw_only=True)
    count: int | None = attrs.field(default=1, validator=if_given(at_least(1)), kw_only=True)

    @among.validator
    def _different_ids(self, _: object, value: tuple[Id, ...]) -> None:
        if len(set(value)) < len(value):
            raise InvalidFieldError("Requirement.among", value, "must name each resource once")

    @count.validator
    def _not_more_than_there_are(self, _: object, value: int | None) -> None:
        if value is not None and self.among and value > len(self.among):
            raise InvalidFieldError(
                "Requirement.count", value, f"exceeds the {len(self.among)} resources named"
            )
        if value is None and not self.among and self.role is None:
            raise InvalidFieldError("Requirement.count", value, "cannot mean every resource there is")

    @classmethod
    def any_of(cls, *ids: Id) -> Requirement:
        """Return the requirement of one of these resources."""
        return cls(among=ids)

    @classmethod
    def all_of(cls, *ids: Id) -> Requirement:
        """Return the requirement of these resources together."""
        return cls(among=ids, count=None)

    @classmethod
    def some_of(cls, count: int, *ids: Id) -> Requirement:
        """Return the requirement of ``count`` of these resources together."""
        return cls(among=ids, count=count)

    def admits(self, resource: Resource) -> bool:
        """Tell whether the resource is a candidate, active or not."""
        if self.role is not None and self.role not in resource.roles:
            return False
        return not self.among or resource.id in self.among

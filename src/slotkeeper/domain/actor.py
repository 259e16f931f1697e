"""Who asks and for whom: references to people whom the host, not slotkeeper, keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from slotkeeper.domain.attributes import Attributes, attributes_field
from slotkeeper.domain.fields import several
from slotkeeper.domain.ids import Id, id_validator
from slotkeeper.errors import InvalidFieldError

if TYPE_CHECKING:
    from collections.abc import Iterable


def role_names(roles: str | Iterable[str]) -> frozenset[str]:
    """Return the set of role names that one name, or several, make up.

    Raises:
        InvalidFieldError: A name is empty or no text.

    >>> role_names("admin")
    frozenset({'admin'})
    """
    names = several("roles", (roles,) if isinstance(roles, str) else roles, str)
    if not all(names):
        raise InvalidFieldError("roles", roles, "must be names of roles")
    return frozenset(map(str, names))


@attrs.frozen
class Actor:
    """The one on whose behalf a command is given: an id and the roles that the host vouches for.

    Where a call takes ``Actor | None``, None means that the host itself asks: rules about who may do
    something are not applied, rules about time are.

    Args:
        id: The host's own id; compared with a booking's customer and with its resources' ids.
        roles: One name or several, without order.

    >>> "secretariat" in Actor("sek", roles="secretariat").roles
    True
    """

    id: Id = attrs.field(validator=id_validator("Actor.id"))
    roles: frozenset[str] = attrs.field(default=frozenset(), converter=role_names, kw_only=True)


SYSTEM = Actor("system", roles="system")
"""The actor of sweepers, such as the one that expires holds; a table may ask for its role, ``system``."""


@attrs.frozen
class Customer:
    """The one for whom a booking is made.

    Args:
        id: The host's own id; an `Actor` with this id owns the booking.
        name: What to call them in listings; may be empty.
        attributes: Whatever else the host wants to carry along; copied, and left out of the hash.
    """

    id: Id = attrs.field(validator=id_validator("Customer.id"))
    name: str = attrs.field(default="", kw_only=True)
    attributes: Attributes = attributes_field()

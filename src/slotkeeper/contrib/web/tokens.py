"""Bearer tokens: the credentials of a request as RFC 6750 has them, in the Authorization header or not."""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = "[A-Za-z0-9._~+/-]+=*"  # noqa: S105 - the form of a token, not one
_BEARER: Final = re.compile(f"Bearer +(?P<token>{_TOKEN}) *", re.IGNORECASE)


def bearer_token(authorization: str | None) -> str | None:
    """Return the token of an Authorization header (RFC 6750, section 2.1), or None where it holds none.

    >>> bearer_token("Bearer demo-alice")
    'demo-alice'
    """
    match = _BEARER.fullmatch(authorization or "")
    return match["token"] if match else None


def plain_token(given: object) -> str | None:
    """Return a token that comes without a header, as in a query or a socket's greeting, or None.

    >>> plain_token("demo-alice"), plain_token("demo alice"), plain_token(None)
    ('demo-alice', None, None)
    """
    return given if isinstance(given, str) and re.fullmatch(_TOKEN, given) else None

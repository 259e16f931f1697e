"""Bearer tokens: the credentials of a request, as RFC 6750 has them in the Authorization header."""

from __future__ import annotations

import re
from typing import Final

_BEARER: Final = re.compile(r"Bearer +(?P<token>[A-Za-z0-9._~+/-]+=*) *", re.IGNORECASE)


def bearer_token(authorization: str | None) -> str | None:
    """Return the token of an Authorization header (RFC 6750, section 2.1), or None where it holds none.

    >>> bearer_token("Bearer demo-alice")
    'demo-alice'
    """
    match = _BEARER.fullmatch(authorization or "")
    return match["token"] if match else None

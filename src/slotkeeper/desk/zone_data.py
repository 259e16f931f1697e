"""The version of the zone data that this process reads, zone by zone.

`zoneinfo` looks for a zone in the folders of `zoneinfo.TZPATH` first, which are the system's, and in the
package ``tzdata`` where it is in none of them (PEP 615). The two may be of different releases.
"""

from __future__ import annotations

import hashlib
import zoneinfo
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from importlib import import_module, resources
from pathlib import Path
from typing import Final

_FIRST_LINE: Final = "# version "


@lru_cache(maxsize=1024)
def installed_zone_data(zone: str) -> str | None:
    """Return the release of the zone data that a zone is read from, such as ``2025b``.

    Where the data do not tell their release, it is a digest of the zone's own rules, ``sha256:…``; None where
    the zone is not found. What was found for a zone stays as long as the process, as the zone itself does.

    Args:
        zone: An IANA name.
    """
    for folder in map(Path, zoneinfo.TZPATH):
        path = folder.joinpath(*zone.split("/"))
        if path.is_file():
            return _release_of(folder) or _digest(path.read_bytes())
    return _packaged(zone)


def _release_of(folder: Path) -> str | None:
    return next(_releases(folder), None)


def _releases(folder: Path) -> Iterator[str]:
    """Yield what the files that come with zone data say of their release."""
    for name in ("tzdata.zi", "+VERSION", "VERSION"):
        with suppress(OSError, UnicodeDecodeError), folder.joinpath(name).open(encoding="utf-8") as file:
            said = file.readline().strip().removeprefix(_FIRST_LINE)
            if said:
                yield said


def _packaged(zone: str) -> str | None:
    with suppress(ModuleNotFoundError, AttributeError):
        release: str = import_module("tzdata").IANA_VERSION
        package, _, name = f"tzdata.zoneinfo/{zone}".replace("/", ".").rpartition(".")
        with suppress(OSError, ModuleNotFoundError, TypeError):
            if resources.files(package).joinpath(name).is_file():
                return release
    return None


def _digest(rules: bytes) -> str:
    return f"sha256:{hashlib.sha256(rules).hexdigest()[:16]}"

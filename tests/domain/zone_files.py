"""Zone data of our own making: files in the form of RFC 9636, in a folder that `zoneinfo` is pointed to."""

from __future__ import annotations

import datetime as dt
import struct
import tempfile
import zoneinfo
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from slotkeeper.desk.zone_data import installed_zone_data

Change = tuple[dt.datetime, int]
"""An instant, and the offset from then on in hours."""


def zone_file(first: int, changes: Sequence[Change]) -> bytes:
    """Return the rules of a zone that begins at an offset of hours and changes it at instants."""
    offsets = sorted({first, *(offset for _, offset in changes)})
    offsets.insert(0, offsets.pop(offsets.index(first)))  # the first type holds before the first change
    names = b"".join(b"%+03d\0" % one for one in offsets)
    counts = (0, 0, 0, len(changes), len(offsets), len(names))
    head = struct.pack(">4sc15x6l", b"TZif", b"2", *counts)
    empty = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, 0, 1, 1) + struct.pack(">lbb", 0, 0, 0) + b"\0"
    times = b"".join(struct.pack(">q", int(when.timestamp())) for when, _ in changes)
    kinds = bytes(offsets.index(offset) for _, offset in changes)
    rules = b"".join(struct.pack(">lbb", one * 3600, 0, 4 * at) for at, one in enumerate(offsets))
    last = changes[-1][1] if changes else first
    return empty + head + times + kinds + rules + names + b"\n<%+03d>%d\n" % (last, -last)


@contextmanager
def zone_data(release: str, **zones: bytes) -> Iterator[None]:
    """Have this process read zones ``Test/NAME`` from a release of zone data, as after a restart."""
    before = zoneinfo.TZPATH
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tzdata.zi").write_text(f"# version {release}\n" if release else "")
        Path(folder, "Test").mkdir()
        for name, rules in zones.items():
            Path(folder, "Test", name).write_bytes(rules)
        names = [f"Test/{name}" for name in zones]
        _read_from([folder], names)
        try:
            yield
        finally:
            _read_from(before, names)


def _read_from(folders: Sequence[str], names: Sequence[str]) -> None:
    """Forget the zones of these names; others stay the objects they are, by which zones are told apart."""
    zoneinfo.reset_tzpath(folders)
    zoneinfo.ZoneInfo.clear_cache(only_keys=names)
    installed_zone_data.cache_clear()

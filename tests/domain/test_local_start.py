from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

import pytest
from hypothesis import given
from tests.domain.zone_files import zone_data, zone_file

from slotkeeper import GapPolicy, InvalidFieldError, InvalidZoneError, LocalStart, NonexistentTimeError
from slotkeeper.desk.zone_data import installed_zone_data
from slotkeeper.domain.codec import from_json, to_json
from slotkeeper.testing.strategies import instants, zones

SPRING = dt.datetime(2025, 3, 30, 2, 30)
AUTUMN = dt.datetime(2025, 10, 26, 2, 30)
WARSAW = zoneinfo.ZoneInfo("Europe/Warsaw")


@given(instants(), zones())
def test_the_local_time_of_an_instant_stands_for_it(instant: dt.datetime, zone: zoneinfo.ZoneInfo) -> None:
    kept = LocalStart.at(instant, zone, zone_data="x")
    if kept is None:
        assert zone.utcoffset(None) is not None
    else:
        assert kept.instant(gap=GapPolicy.RAISE) == instant
        assert kept.exists
        assert from_json(LocalStart, to_json(kept)) == kept


def test_the_pass_says_which_of_two_instants_it_is() -> None:
    both = (LocalStart(AUTUMN, "Europe/Warsaw", fold) for fold in (0, 1))
    first, second = (one.instant(gap=GapPolicy.RAISE) for one in both)
    assert second - first == dt.timedelta(hours=1)
    assert LocalStart.at(second, WARSAW, zone_data=None) == LocalStart(AUTUMN, "Europe/Warsaw", 1)


def test_a_time_that_is_skipped_does_not_exist_and_goes_where_the_policy_says() -> None:
    skipped = LocalStart(SPRING, "Europe/Warsaw")
    assert not skipped.exists
    for policy in (GapPolicy.RAISE, GapPolicy.SKIP):
        with pytest.raises(NonexistentTimeError):
            skipped.instant(gap=policy)
    assert skipped.instant(gap=GapPolicy.TRANSITION) == dt.datetime(2025, 3, 30, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "given",
    [
        {"wall": dt.datetime(2025, 1, 1, tzinfo=dt.UTC)},
        {"wall": "2025-01-01"},
        {"zone": " "},
        {"zone": None},
        {"fold": 2},
        {"fold": True},
        {"zone_data": ""},
        {"zone_data": 2025},
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidFieldError):
        LocalStart(**{"wall": SPRING, "zone": "Europe/Warsaw", **given})


def test_a_zone_that_is_unknown_here_is_told_when_its_instant_is_asked_for() -> None:
    abroad = LocalStart(SPRING, "Mars/Olympus")
    with pytest.raises(InvalidZoneError):
        abroad.instant(gap=GapPolicy.LATER)


def test_a_zone_without_a_name_keeps_nothing() -> None:
    with zone_data("x", Place=zone_file(1, [(dt.datetime(2025, 1, 1, tzinfo=dt.UTC), 2)])):
        folder = zoneinfo.TZPATH[0]
        with open(f"{folder}/Test/Place", "rb") as file:  # noqa: PTH123 - the file object is what is tried
            nameless = zoneinfo.ZoneInfo.from_file(file)
    assert LocalStart.at(dt.datetime(2025, 2, 1, tzinfo=dt.UTC), nameless, zone_data=None) is None


# -- the version of the data ---------------------------------------------------------------------------------


def test_the_release_is_that_of_the_folder_that_the_zone_is_read_from() -> None:
    with zone_data("2031a", Place=zone_file(1, [])):
        assert installed_zone_data("Test/Place") == "2031a"
        assert installed_zone_data("Europe/Warsaw") != "2031a"


def test_without_folders_of_the_systems_it_is_that_of_the_package() -> None:
    tzdata = pytest.importorskip("tzdata")
    with zone_data("2031a"):
        assert installed_zone_data("Europe/Warsaw") == tzdata.IANA_VERSION
        assert installed_zone_data("America/Argentina/Ushuaia") == tzdata.IANA_VERSION


def test_data_that_do_not_tell_their_release_are_told_apart_by_their_rules() -> None:
    found = []
    for offset in (1, 2, 1):
        with zone_data("", Place=zone_file(offset, [])):
            found.append(installed_zone_data("Test/Place"))
    assert found[0] == found[2] != found[1]
    assert all(one is not None and one.startswith("sha256:") for one in found)


def test_of_a_zone_that_is_nowhere_nothing_is_known() -> None:
    assert installed_zone_data("Mars/Olympus") is None
    assert installed_zone_data("Europe") is None

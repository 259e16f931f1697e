import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.domain.strategies import instants

from slotkeeper.domain import iso8601
from slotkeeper.domain.instant import EARLIEST, LATEST, TICK, ZERO
from slotkeeper.errors import NaiveDatetimeError, ParseError

NINE = dt.datetime(2025, 10, 23, 9, tzinfo=dt.UTC)
TEN = NINE + dt.timedelta(hours=1)
UNITS = {"W": 7 * 86_400, "D": 86_400, "H": 3_600, "M": 60, "S": 1}
almost_iso = st.text("0123456789PTHMSDWZ:+-.,/ ", max_size=45)
any_text = st.text(max_size=20) | almost_iso | st.tuples(almost_iso, almost_iso).map("/".join)


@given(instants)
@example(EARLIEST)
@example(LATEST)
def test_instants_are_read_back_exactly(instant: dt.datetime) -> None:
    assert iso8601.parse_instant(iso8601.format_instant(instant)) == instant


@given(instants)
def test_written_instants_can_be_read_by_the_standard_library(instant: dt.datetime) -> None:
    assert dt.datetime.fromisoformat(iso8601.format_instant(instant)) == instant


@given(st.timedeltas())
@example(dt.timedelta.min)
@example(dt.timedelta.max)
@example(ZERO)
@example(-TICK)
def test_durations_are_read_back_exactly(duration: dt.timedelta) -> None:
    assert iso8601.parse_duration(iso8601.format_duration(duration)) == duration


@given(
    st.dictionaries(st.sampled_from("WDHMS"), st.tuples(st.integers(0, 999), st.integers(0, 999)), min_size=1)
)
def test_a_duration_is_the_sum_of_its_parts(parts: dict[str, tuple[int, int]]) -> None:
    written = {unit: f"{whole}.{thousandths:03d}{unit}" for unit, (whole, thousandths) in parts.items()}
    days, times = ("".join(written.get(unit, "") for unit in units) for units in ("WD", "HMS"))
    expected = sum(UNITS[unit] * (whole + Fraction(part, 1000)) for unit, (whole, part) in parts.items())
    found = iso8601.parse_duration(f"P{days}{'T' if times else ''}{times}")
    assert Fraction(found // TICK, 1_000_000) == expected


@given(any_text)
@example("P" + "9" * 5000 + "D")
@example("PT0." + "9" * 5000 + "S")
@example("P999999999999999999W")
@example("PT0.0000001S")
@example("9999-12-31T24:00Z")
@example("9999-12-31T23:59-01:00")
@example("0001-01-01T00:00+01:00")
@example("0001-01-01T00:00Z/PT-1S")
@example("PT1H/0001-01-01T00:30Z")
@example("P999999999DT24H/0001-01-01T00:30Z")
@example("9999-12-31T23:30Z/PT1H")
@example("2025-10-23T09:00Z/P999999999D")
def test_text_is_read_or_refused_but_nothing_else_goes_wrong(text: str) -> None:
    reads: list[Callable[[str], object]] = [
        iso8601.parse_instant,
        iso8601.parse_duration,
        iso8601.parse_interval,
    ]
    for read in reads:
        with suppress(ParseError):
            read(text)


@pytest.mark.parametrize("text", [None, 5, b"2025-10-23T09:00Z", NINE])
@pytest.mark.parametrize("read", [iso8601.parse_instant, iso8601.parse_duration, iso8601.parse_interval])
def test_what_is_no_text_is_refused(read: Callable[[object], object], text: object) -> None:
    with pytest.raises(ParseError):
        read(text)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (NINE, "2025-10-23T09:00Z"),
        (NINE + dt.timedelta(seconds=5), "2025-10-23T09:00:05Z"),
        (NINE + dt.timedelta(milliseconds=50), "2025-10-23T09:00:00.05Z"),
        (NINE + TICK, "2025-10-23T09:00:00.000001Z"),
        (NINE.astimezone(dt.timezone(dt.timedelta(hours=2))), "2025-10-23T09:00Z"),
        (EARLIEST, "0001-01-01T00:00Z"),
        (LATEST, "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_instants_are_written_as_short_as_their_precision_allows(instant: dt.datetime, text: str) -> None:
    assert iso8601.format_instant(instant) == text


def test_a_naive_datetime_is_not_written() -> None:
    with pytest.raises(NaiveDatetimeError):
        iso8601.format_instant(NINE.replace(tzinfo=None))


@pytest.mark.parametrize(
    "text",
    [
        "2025-10-23T09:00Z",
        "2025-10-23 09:00+00:00",
        "2025-10-23T11:00:00.000+02:00",
        "20251023T0900Z",
        "20251023T110000+0200",
        "2025-W43-4T09:00Z",
        "2025-10-23T09Z",
        "2025-10-23T09:00:00,0Z",
        "2025-10-22T24:00-09:00",
        "20251022T2400-0900",
        "2025-10-22T24:00:00.000-09:00",
        "2025-10-22T24-09",
    ],
)
def test_instants_are_read_in_the_forms_of_the_standard(text: str) -> None:
    assert iso8601.parse_instant(text) == NINE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025-10-23",
        "2025-10-23T09:00",
        "2025-10-23T24:00",
        "2025-10-23T24:01Z",
        "2025-10-23T24:00:01Z",
        "2025-10-23T24:00:00.1Z",
        "2025-10-23T2430Z",
        "2025-10-23T25:00Z",
        "2025-10-23T09:00:60Z",
        "2025-02-29T09:00Z",
        "0000-01-01T00:00Z",
        " 2025-10-23T09:00Z",
        "2025-10-23T09:00Z\n",
        "2025-10-23T24:00Z\n",
        "2025-10-23T09:00 Europe/Berlin",
    ],
)
def test_other_text_is_no_instant(text: str) -> None:
    with pytest.raises(ParseError):
        iso8601.parse_instant(text)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (ZERO, "PT0S"),
        (dt.timedelta(minutes=90), "PT1H30M"),
        (dt.timedelta(days=2, seconds=1), "PT48H1S"),
        (dt.timedelta(milliseconds=1500), "PT1.5S"),
        (TICK, "PT0.000001S"),
        (-dt.timedelta(hours=1, seconds=1), "-PT1H1S"),
    ],
)
def test_durations_are_written_in_hours_minutes_and_seconds(duration: dt.timedelta, text: str) -> None:
    assert iso8601.format_duration(duration) == text


@pytest.mark.parametrize(
    "text", ["PT90M", "PT1H30M", "PT1.5H", "PT1,5H", "P0DT5400S", "+PT90M", "PT0001H30M"]
)
def test_durations_are_read_in_any_fixed_unit(text: str) -> None:
    assert iso8601.parse_duration(text) == dt.timedelta(minutes=90)


@pytest.mark.parametrize("text", ["P2W", "P14D", "P1W7D", "PT336H"])
def test_weeks_and_days_are_read_as_absolute_time(text: str) -> None:
    assert iso8601.parse_duration(text) == dt.timedelta(days=14)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "-P",
        "P1",
        "P1Y",
        "P1M",
        "P1Y2M",
        "P1DT",
        "PT1D",
        "P1H",
        "PT1M1H",
        "PT.5S",
        "PT1.S",
        "pt1h",
        "PT1H ",
        "PT1H\n",
        "P-1D",
        "PT\u0661H",
        "01:30",
    ],
)
def test_other_text_is_no_duration(text: str) -> None:
    with pytest.raises(ParseError):
        iso8601.parse_duration(text)


@pytest.mark.parametrize(
    "text",
    [
        "2025-10-23T09:00Z/2025-10-23T10:00Z",
        "2025-10-23T09:00Z/PT1H",
        "PT1H/2025-10-23T10:00Z",
        "2025-10-23T09:00Z/10:00Z",
        "2025-10-23T11:00+02:00/10:00Z",
        "2025-10-23T11:00+02:00/07:00-03:00",
        "20251023T0900Z/1000Z",
        "20251023T090000Z/070000-0300",
        "2025-10-23 09:00Z/10:00Z",
        "2025-W43-4T09:00Z/10:00Z",
        "2025-10-23T09:00Z/2025-W43-4T10:00Z",
        " 2025-10-23T09:00Z / PT60M ",
        "2025-10-22T24:00-09:00/2025-10-23T10:00Z",
    ],
)
def test_intervals_are_read_in_the_forms_of_the_standard(text: str) -> None:
    assert iso8601.parse_interval(text) == (NINE, TEN)


def test_an_interval_may_end_with_the_day() -> None:
    assert iso8601.parse_interval("2025-10-23T09:00Z/24:00Z")[1] == dt.datetime(2025, 10, 24, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "2025-10-23T09:00Z",
        "2025-10-23T09:00Z/",
        "/2025-10-23T09:00Z",
        "2025-10-23T09:00/2025-10-23T10:00",
        "2025-10-23T09:00Z/2025-10-23T10:00",
        "2025-10-23T09:00Z/10:00",
        "2025-10-23T09:00Z/-PT1H",
        "PT1H/PT1H",
        "2025-10-23T09:00Z/PT1H/PT1H",
        "R5/2025-10-23T09:00Z/PT1H",
        "2025-10-23T09:00Z--2025-10-23T10:00Z",
    ],
)
def test_other_text_is_no_interval(text: str) -> None:
    with pytest.raises(ParseError):
        iso8601.parse_interval(text)


def test_spans_for_people_name_the_second_date_only_where_it_differs() -> None:
    assert iso8601.format_span(NINE, TEN) == "2025-10-23 09:00–10:00"
    assert iso8601.format_span(NINE, NINE + dt.timedelta(days=1)) == "2025-10-23 09:00–2025-10-24 09:00"

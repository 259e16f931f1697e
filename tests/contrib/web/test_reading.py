"""Reading requests: fields, parameters and windows are read strictly, and every misfit names its field."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotkeeper import InvalidFieldError, InvalidInputError, ParseError
from slotkeeper.contrib.web import Fields, Parameters, day, day_of, days, window

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
READERS: dict[str, Callable[[Fields, str], object]] = {
    "integer": Fields.integer,
    "number": Fields.number,
    "text": Fields.text,
    "flag": Fields.flag,
    "instant": Fields.instant,
    "date": Fields.date,
    "time": Fields.time,
    "uuid": Fields.uuid,
    "object": Fields.object,
    "choice": lambda fields, name: fields.choice(name, ["a", "b"]),
    "items": Fields.items,
    "day": day_of,
}


@given(st.binary() | st.text().map(str.encode) | JSON.map(json.dumps).map(str.encode))
@example(b"[" * 5000)
@example(b'{"a":' * 5000)
@example(b'{"a": 1e999}')
@example(b'{"a": "\\ud800"}')
@example(b'{"a": NaN}')
@example(b'{"a": ' + b"9" * 5000 + b"}")
def test_a_body_is_an_object_or_is_refused(body: bytes) -> None:
    with suppress(ParseError):
        found = Fields.of_json(body).members
        assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("name", READERS)
@given(value=JSON | st.sampled_from(["2025-10-23", "9:30", "2025-10-23T09:00Z", "a", "2025-10-23T24:00"]))
def test_a_field_is_read_as_its_type_or_refused_by_its_name(name: str, value: Any) -> None:  # noqa: ANN401
    misfits = []
    try:
        READERS[name](Fields({"field": value}), "field")
    except InvalidFieldError as error:
        misfits.append(error.field)
    assert set(misfits) <= {"field"}


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("integer", [0, -3], ["1", True, 1.0, 2**53, [1]]),
        ("number", [0, 1.5], ["1", True]),
        ("text", ["", "ą"], [1, True, "\x00", "x" * 10_001]),
        ("flag", [True, False], [0, "true"]),
        ("date", ["2025-10-23"], ["20251023", "2025-W43-4", "2025-02-29", 20251023]),
        ("time", ["9:30", "09:30", "23:59"], ["24:00", "9:60", "09:30:00", "9"]),
        ("uuid", ["550e8400-e29b-41d4-a716-446655440000"], ["550e8400e29b41d4a716446655440000", "x", 1]),
        ("instant", ["2025-10-23T09:00Z", "2025-10-23T09:00:00.5+02:00"], ["2025-10-23T09:00", "2025-10-23"]),
        ("object", [{}], [[], "x"]),
        ("choice", ["a"], ["c", 1]),
    ],
)
def test_what_looks_like_a_type_is_not_it(name: str, right: list[Any], wrong: list[Any]) -> None:
    for value in right:
        READERS[name](Fields({"field": value}), "field")
    for value in [*wrong, None]:
        with pytest.raises(InvalidFieldError, match="field"):
            READERS[name](Fields({"field": value}), "field")


def test_what_is_not_given_has_its_default() -> None:
    empty = Fields({"null": None})
    assert (empty.integer("a", 7), empty.text("null", None), empty.flag("a", False)) == (7, None, False)  # noqa: FBT003
    assert (empty.instant("a", None), empty.uuid("a", None), empty.items("a")) == (None, None, [])
    assert not empty.has("null")
    with pytest.raises(InvalidFieldError, match=r"a or one of b must be given"):
        empty.one_of("a", "b")


def test_values_come_as_python_has_them() -> None:
    fields = Fields(
        {"at": "2025-10-23T11:00+02:00", "id": "550E8400-E29B-41D4-A716-446655440000", "t": "9:05"}
    )
    assert fields.instant("at") == dt.datetime(2025, 10, 23, 9, tzinfo=dt.UTC)
    assert fields.uuid("id") == UUID("550e8400-e29b-41d4-a716-446655440000")
    assert fields.time("t") == dt.time(9, 5)
    assert [one.integer("n") for one in Fields({"n": [1, 2]}).items("n")] == [1, 2]
    assert Fields({"o": {"n": 1}}).object("o").integer("n") == 1


@given(st.text())
@example("1")
@example("٣")
@example("-0")
@example(" 1")
def test_a_parameter_is_a_number_of_ascii_digits_or_refused(text: str) -> None:
    with suppress(InvalidFieldError):
        assert str(Parameters({"n": text}).integer("n")).lstrip("0") == text.lstrip("0")


def test_a_size_beyond_the_largest_is_refused_or_capped() -> None:
    asked = Parameters({"limit": "101", "page": "3"})
    assert asked.page(cap=True).offset == 200
    for size in (10**18 - 1, 10**18, 10**1000):
        assert Parameters({"limit": str(size)}).page(cap=True).limit == 100
    with pytest.raises(InvalidFieldError, match="limit must be at most 100"):
        asked.page()
    for wrong in ("0", "-1", "x", "", "9" * 40):
        for name in ("page", "limit"):
            with pytest.raises(InvalidFieldError, match=name):
                Parameters({name: wrong}).page()


def test_a_plus_that_was_not_encoded_is_put_back() -> None:
    assert Parameters({"at": "2025-10-23T11:00:00 02:00"}).instant("at").hour == 9
    assert Parameters({"at": "2025-10-23 11:00:00Z"}).instant("at").hour == 11


def test_a_flag_is_true_or_false_in_any_case() -> None:
    assert [Parameters({"f": one}).flag("f") for one in ("true", "False", "TRUE")] == [True, False, True]
    with pytest.raises(InvalidFieldError, match="true or false"):
        Parameters({"f": "1"}).flag("f")


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2025-10-23", "2025-10-23", "2025-10-22T22:00Z/2025-10-23T22:00Z"),
        ("2025-10-26", "2025-10-26", "2025-10-25T22:00Z/2025-10-26T23:00Z"),
        ("2025-10-23T09:00", "2025-10-23T10:00:00Z", "2025-10-23T07:00Z/2025-10-23T10:00:00.000001Z"),
        ("2025-10-23T07:00:00Z", "2025-10-23T07:00:00Z", "2025-10-23T07:00Z/2025-10-23T07:00:00.000001Z"),
    ],
)
def test_a_window_has_both_its_ends(first: str, last: str, expected: str) -> None:
    assert str(window(Fields({"from": first, "to": last}), "from", "to", "Europe/Warsaw")) == expected


def test_a_window_may_be_open_at_an_end_and_is_none_without_both() -> None:
    assert window(Fields({}), "from", "to") is None
    late = window(Fields({"from": "2025-10-23"}), "from", "to")
    assert late is not None
    assert (late.start.year, late.end.year) == (2025, 9999)


@pytest.mark.parametrize(
    "last", ["2025-10-22", "2025-10-22T23:59:59Z", "soon", "2025-02-30", "2025-10-23T25:00"]
)
def test_a_window_that_ends_before_it_starts_or_cannot_be_read_is_refused(last: str) -> None:
    with pytest.raises(InvalidInputError, match="to"):
        window(Fields({"from": "2025-10-23", "to": last}), "from", "to")


def test_days_are_whole_whatever_time_is_named() -> None:
    fields = Fields({"a": "2025-10-23T10:00:00", "b": "2025-10-23T23:30:00Z", "c": "2011-12-30"})
    assert str(days(fields, "a", "b")) == "2025-10-23T00:00Z/2025-10-24T00:00Z"
    assert str(day(fields, "b", "Europe/Warsaw")) == "2025-10-23T22:00Z/2025-10-24T22:00Z"
    with pytest.raises(InvalidFieldError, match="a day that the zone has"):
        day(fields, "c", "Pacific/Apia")

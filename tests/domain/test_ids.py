import enum
import uuid
from contextlib import suppress
from uuid import UUID

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotkeeper.domain.ids import Id, check_id, id_from_text, id_to_text, id_validator
from slotkeeper.errors import InvalidFieldError, ParseError

prefixes = st.sampled_from(["", "int:", "str:", "urn:uuid:", "int", "urn:"])
texts = st.tuples(prefixes, st.text()).map("".join).filter(bool)
ids = st.integers() | st.uuids() | texts


class Room(enum.IntEnum):
    BLUE = 3


@given(ids)
@example("int:a7")
@example("str:")
@example("urn:uuid:00000000-0000-0000-0000-000000000000")
@example("\n")
def test_an_id_is_read_back_with_its_type(value: Id) -> None:
    found = id_from_text(id_to_text(value))
    assert found == value
    assert type(found) is type(value)


@given(ids, ids)
def test_different_ids_have_different_texts(one: Id, other: Id) -> None:
    assert (id_to_text(one) == id_to_text(other)) is (one == other)


def test_numbers_text_and_uuids_that_look_alike_stay_apart() -> None:
    namesake = uuid.uuid5(uuid.NAMESPACE_URL, "room")
    values: list[Id] = [1, "1", "int:1", namesake, str(namesake), namesake.urn, namesake.int]
    assert len({id_to_text(value) for value in values}) == len(values)


def test_plain_text_is_written_as_it_is() -> None:
    assert id_to_text("room-1") == "room-1"


@given(st.integers(0, 10**249), st.integers(0, 10**249))
@example(9, 10)
@example(10**24, 10**25)
@example(10**26 - 1, 10**26)
def test_the_texts_of_numbers_sort_as_the_numbers_do(one: int, other: int) -> None:
    assert (id_to_text(one) < id_to_text(other)) is (one < other)


def test_an_enumerated_number_is_written_as_its_number() -> None:
    assert id_to_text(Room.BLUE) == "int:a3"


@given(st.text())
@example("int:")
@example("int:1_0")
@example("int:7")
@example("int:b7")
@example("int:a-7")
@example("int:\u0667")
@example("urn:uuid:7")
@example("int:" + "9" * 5000)
def test_text_is_read_as_an_id_or_refused(text: str) -> None:
    with suppress(ParseError):
        check_id("id", id_from_text(text))


@pytest.mark.parametrize(
    "text", ["", "str:", "int:", "int:x", "int:7.0", "int: 7", "urn:uuid:", "urn:uuid:room", 7, None]
)
def test_text_that_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        id_from_text(text)


@pytest.mark.parametrize("value", [None, "", True, 1.0, b"room", ("room",)])
def test_other_values_are_no_ids(value: Id) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        check_id("Resource.id", value)
    assert (caught.value.field, caught.value.value) == ("Resource.id", value)
    with pytest.raises(InvalidFieldError):
        id_to_text(value)


def test_the_validator_names_the_field() -> None:
    @attrs.frozen
    class Bay:
        id: Id = attrs.field(validator=id_validator("Bay.id"))

    assert Bay(UUID(int=0)).id == UUID(int=0)
    with pytest.raises(InvalidFieldError, match=r"^Bay\.id "):
        Bay("")


@pytest.mark.parametrize("sign", [1, -1])
def test_numbers_too_long_to_be_written_are_no_ids(sign: int) -> None:
    assert id_from_text(id_to_text(sign * (10**250 - 1))) == sign * (10**250 - 1)
    for value in (sign * 10**250, sign * 10**5000):
        with pytest.raises(InvalidFieldError, match="at most 250 digits"):
            check_id("Booking.id", value)

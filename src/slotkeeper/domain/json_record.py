"""The JSON form of an attrs class: an object with a member for each field; ``type`` names a subclass."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import attrs

from slotkeeper.domain.json_form import REFUSALS, Data, Form, MisfitError, Value, within
from slotkeeper.errors import InvalidFieldError

_TAG: Final = "type"


@attrs.frozen
class _Member:
    """One field: its name in JSON and as an argument, its form, and the value that is left out."""

    attribute: str
    argument: str
    form: Form
    required: bool
    default: Value

    def at_default(self, value: Value) -> bool:
        """Tell whether reading would restore the value from nothing."""
        return type(value) is type(self.default) and bool(value == self.default)


@attrs.frozen(eq=False)
class Record:
    """The form of one attrs class; its members are worked out when first needed, so that classes may nest.

    Args:
        cls: The class. Fields that are no arguments, or whose metadata say ``transient``, are left out.
        form_of: Finds the form of a field's declared type.
    """

    cls: type[attrs.AttrsInstance]
    form_of: Callable[[Any], Form]

    @property
    def expected(self) -> str:
        """The class's name as a phrase."""
        return f"an object that holds a {self.cls.__name__}"

    @property
    def python(self) -> tuple[type, ...]:
        """The class."""
        return (self.cls,)

    @property
    def json(self) -> tuple[type, ...]:
        """An object."""
        return (dict,)

    @cached_property
    def _members(self) -> dict[str, _Member]:
        hints = typing.get_type_hints(self.cls)
        fields = (
            field for field in attrs.fields(self.cls) if field.init and not field.metadata.get("transient")
        )
        return {field.alias.rstrip("_"): _member(field, self.form_of(hints[field.name])) for field in fields}

    @cached_property
    def _is_tagged(self) -> bool:
        return any(map(_is_own, self.cls.__mro__[1:]))

    def encode(self, value: Value) -> dict[str, Data]:
        """Write an instance; one of a subclass is written in the subclass's form."""
        if type(value) is not self.cls:
            return self._of_subclass(value)
        written: dict[str, Any] = {_TAG: self.cls.__name__} if self._is_tagged else {}
        for name, member in self._members.items():
            given = getattr(value, member.attribute)
            if given is not member.default and not member.at_default(given):
                try:
                    written[name] = member.form.encode(given)
                except (MisfitError, *REFUSALS) as error:
                    raise within(f".{name}", given, error) from error.__cause__
        return written

    def _of_subclass(self, value: Value) -> dict[str, Data]:
        if not isinstance(value, self.cls):
            raise MisfitError(value, f"a {self.cls.__name__}")
        return dict(self.form_of(type(value)).encode(value))

    def decode(self, data: Data) -> Value:
        """Read an instance, of the subclass that ``type`` names where it names one."""
        if not isinstance(data, dict):
            raise MisfitError(data, self.expected)
        tag = data.get(_TAG, self.cls.__name__)
        if tag != self.cls.__name__:
            return self.form_of(self.subclass(tag)).decode(data)
        arguments = dict(self._arguments(data))
        for name, member in self._members.items():
            if member.required and member.argument not in arguments:
                raise MisfitError(data, "a member that must be given", f".{name}")
        return self._construct(data, arguments)

    def subclass(self, tag: object) -> type:
        """Return the subclass of that name."""
        for cls in _descendants(self.cls):
            if cls.__name__ == tag:
                return cls
        raise MisfitError(tag, f"the name of a {self.cls.__name__}", f".{_TAG}")

    def _arguments(self, data: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
        for name, given in data.items():
            member = self._members.get(name)
            if member is not None:
                try:
                    yield member.argument, member.form.decode(given)
                except (MisfitError, *REFUSALS) as error:
                    raise within(f".{name}", given, error) from error.__cause__
            elif name != _TAG:
                raise MisfitError(given, f"a member of {self.cls.__name__}", f".{name}")

    def _construct(self, data: Data, arguments: dict[str, Value]) -> Value:
        try:
            return self.cls(**arguments)
        except REFUSALS as error:
            step = self._blamed(error, arguments)
            raise within(step, data.get(step.removeprefix("."), data), error) from error

    def _blamed(self, error: Exception, arguments: dict[str, Any]) -> str:
        """Return the step to the field that the class refuses, if the error tells which."""
        if isinstance(error, InvalidFieldError) and error.field.startswith(f"{self.cls.__name__}."):
            return error.field.removeprefix(self.cls.__name__)
        names = (name for name, value in arguments.items() if any(value is fact for fact in error.args))
        return next((f".{name}" for name in names), "")


def _member(field: attrs.Attribute[Any], form: Form) -> _Member:
    default: Any = field.default
    if hasattr(default, "takes_self"):
        default = attrs.NOTHING if default.takes_self else default.factory()
    name = field.alias or field.name
    return _Member(field.name, name, form, field.default is attrs.NOTHING, default)


def _is_own(cls: type) -> bool:
    """Tell whether attrs made the class itself, not just its base, nor the one that slots replaced."""
    return "__attrs_attrs__" in vars(cls)


def _descendants(cls: type) -> Iterator[type]:
    below: list[type] = cls.__subclasses__()
    for one in below:
        if _is_own(one):
            yield one
        yield from _descendants(one)


@attrs.frozen(eq=False)
class Tagged:
    """One of several attrs classes: the object names its class under ``type``."""

    records: tuple[Record, ...]

    @property
    def expected(self) -> str:
        """The names to choose from."""
        return f"an object whose type is one of {', '.join(record.cls.__name__ for record in self.records)}"

    @property
    def python(self) -> tuple[type, ...]:
        """The classes."""
        return tuple(record.cls for record in self.records)

    @property
    def json(self) -> tuple[type, ...]:
        """An object."""
        return (dict,)

    def encode(self, value: Value) -> dict[str, Data]:
        """Write an instance of one of the classes, and which."""
        for record in self.records:
            if isinstance(value, record.cls):
                return {_TAG: type(value).__name__, **record.encode(value)}
        raise MisfitError(value, self.expected)

    def decode(self, data: Data) -> Value:
        """Read an instance of the class that is named."""
        tag = data.get(_TAG) if isinstance(data, dict) else None
        for record in self.records:
            if tag in {record.cls.__name__, *(cls.__name__ for cls in _descendants(record.cls))}:
                return record.decode(data)
        raise MisfitError(data, self.expected)

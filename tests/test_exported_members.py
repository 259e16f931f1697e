"""The public surface: what `slotkeeper` exports, and that it costs no optional package."""

import inspect
import subprocess
import sys

import slotkeeper
from slotkeeper import errors

OPTIONAL = {"sqlalchemy", "hypothesis", "pytest", "holidays"}


def constants_then_classes_then_functions(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def test_the_names_are_sorted_and_unique() -> None:
    assert list(slotkeeper.__all__) == sorted(
        set(slotkeeper.__all__), key=constants_then_classes_then_functions
    )


def test_every_name_is_there_and_nothing_else_is_public() -> None:
    modules = {name for name, value in vars(slotkeeper).items() if inspect.ismodule(value)}
    public = {name for name in vars(slotkeeper) if not name.startswith("_")} - modules
    assert public == set(slotkeeper.__all__)


def test_every_error_is_exported() -> None:
    found = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, Exception)
    }
    assert found <= set(slotkeeper.__all__)


def test_every_exported_class_and_function_has_a_docstring() -> None:
    values = [getattr(slotkeeper, name) for name in slotkeeper.__all__]
    bare = [one for one in values if (inspect.isclass(one) or inspect.isfunction(one)) and not one.__doc__]
    assert bare == []


def test_importing_the_package_imports_no_optional_package() -> None:
    code = "import sys, slotkeeper; print(' '.join({name.partition('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert OPTIONAL.isdisjoint(run.stdout.split())


def test_importing_the_package_leaves_the_event_loop_out() -> None:
    code = "import slotkeeper, sys; sys.exit('asyncio' in sys.modules)"
    assert subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == 0

"""Running a machine over the stores of a factory, in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from slotkeeper.ports import Store
from slotkeeper.testing.machine.base import StoreDriver
from slotkeeper.testing.machine.desk import DeskMachine
from slotkeeper.testing.machine.store import StoreMachine

S = TypeVar("S", bound=Store)
_CALM = settings(
    deadline=None,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def run_store_machine(
    make_store: Callable[[], S],
    *,
    dispose: Callable[[S], object] | None = None,
    settings: settings | None = None,
) -> None:
    """Do whatever can be done to a store, in any order, and compare it with dicts and lists after each step.

    Args:
        make_store: Returns a new and empty store, one for each run.
        dispose: Lets go of it.
        settings: How many runs of how many steps.

    Raises:
        AssertionError: The store and the model differ; hypothesis prints the shortest way there.
    """
    _run(StoreMachine, make_store, dispose, settings)


def run_desk_machine(
    make_store: Callable[[], S],
    *,
    dispose: Callable[[S], object] | None = None,
    settings: settings | None = None,
) -> None:
    """Do whatever can be done at a desk while its clock goes on, and compare it with a plain model.

    Takes and raises what `run_store_machine` does.
    """
    _run(DeskMachine, make_store, dispose, settings)


def _run(
    machine: type[StoreDriver],
    make_store: Callable[[], Any],
    dispose: Callable[[Any], object] | None,
    chosen: settings | None,
) -> None:
    facts = {"make_store": staticmethod(make_store), "dispose": staticmethod(dispose or _nothing)}
    run_state_machine_as_test(type(machine.__name__, (machine,), facts), settings=chosen or _CALM)


def _nothing(_store: Store) -> None:
    """Let a store go by itself."""

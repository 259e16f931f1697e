"""How the suite meets a store: through a factory, with flags for what the store can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ClassVar, TypeAlias

import attrs
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis.strategies import SearchStrategy

from slotkeeper.ports import Store

Test: TypeAlias = Callable[[Any], None]
"""A test of the contract, given the suite that it belongs to."""


@attrs.frozen(kw_only=True)
class Capabilities:
    """What a store can do, beyond what all stores must.

    Args:
        commits: A unit of work that ends is committed; false where the transaction is the host's to end.
        threads: It may be used by several threads at once.
        concurrent_units: A unit that only reads is not held up by one that writes.
        survives_restart: What was committed is there after `StoreSuite.reopen`.
        any_text: Text may hold every character, the one of code zero included.
    """

    commits: bool = True
    threads: bool = True
    concurrent_units: bool = False
    survives_restart: bool = False
    any_text: bool = True


class StoreSuite:
    """The base of every chapter of the contract.

    Attributes:
        capabilities: What the store under test can do.
        examples: How many examples each property tries; None leaves that to hypothesis' own settings.
        patience: How many seconds to wait for another thread before a test fails.
    """

    capabilities: ClassVar[Capabilities] = Capabilities()
    examples: ClassVar[int | None] = None
    patience: ClassVar[float] = 20.0

    def make_store(self) -> Store:
        """Return a new and empty store; called many times in one test."""
        message = f"{type(self).__name__} must define make_store"
        raise NotImplementedError(message)

    def dispose(self, store: Any) -> None:  # noqa: ANN401 - the subclass knows its store's type
        """Let go of a store that `make_store` or `reopen` returned; nothing to do, unless overridden."""

    def reopen(self, store: Any) -> Store:  # noqa: ANN401 - as above
        """Return a store over what ``store`` has kept, as after a restart of the process."""
        message = f"{type(self).__name__} has survives_restart but no reopen for {store!r}"
        raise NotImplementedError(message)

    @contextmanager
    def fresh(self) -> Iterator[Store]:
        """Make a store, and dispose of it at the end of the block."""
        store = self.make_store()
        try:
            yield store
        finally:
            self.dispose(store)

    def settings(self) -> settings:
        """Return how hard the properties look; no deadline, since a store's speed is not what is tested."""
        calm = settings(
            deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
        )
        return calm if self.examples is None else settings(calm, max_examples=self.examples)

    def assume_storable(self, value: object) -> None:
        """Pass over an example that holds U+0000 where the store is declared not to hold that."""
        if not self.capabilities.any_text:
            assume("\\x00" not in repr(_facts(value)))


def _facts(value: Any) -> Any:  # noqa: ANN401 - plain data of any shape
    """Return a value with what its representation leaves out."""
    if isinstance(value, list):
        return [_facts(one) for one in value]
    return attrs.asdict(value) if attrs.has(type(value)) else value


def for_all(**strategies: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Test]:
    """Make a test of the contract a property, tried on examples drawn from a strategy for each argument.

    Unlike a bare ``given`` it may be inherited by any number of subclasses.
    """

    def decorate(test: Callable[..., None]) -> Test:
        @wraps(test)
        def run(self: StoreSuite) -> None:
            def check(**drawn: Any) -> None:  # noqa: ANN401 - whatever the strategies give
                test(self, **drawn)

            check.__name__ = check.__qualname__ = test.__name__
            self.settings()(given(**strategies)(check))()

        del run.__dict__["__wrapped__"]  # pytest would take the drawn arguments for fixtures
        return run

    return decorate


def needs(flag: str) -> Callable[[Test], Test]:
    """Skip a test of the contract, naming the flag, for stores whose capabilities lack it."""

    def decorate(test: Test) -> Test:
        @wraps(test)
        def run(self: StoreSuite) -> None:
            if not getattr(self.capabilities, flag):
                pytest.skip(f"the store is declared with Capabilities({flag}=False)")
            test(self)

        return run

    return decorate

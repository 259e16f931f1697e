"""One cluster for all tests of it, whole again before each, and empty tables on it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from tests.galera.cluster import Cluster, ClusterMissingError, started
from tests.galera.patience import patience

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def _cluster() -> Iterator[Cluster]:
    try:
        with started() as cluster:
            yield cluster
    except ClusterMissingError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def cluster(_cluster: Cluster) -> Iterator[Cluster]:
    """A cluster with all its nodes, of which no test waits for longer than minutes."""
    with patience(_cluster):
        for node in _cluster.nodes:
            if not node.runs:
                _cluster.bring_back(node)
        _cluster.wait_until_synced()
        yield _cluster


@pytest.fixture
def database(cluster: Cluster) -> str:
    """The name of an empty database, which goes with the cluster."""
    name = f"test_{next(_NUMBERS)}"
    cluster.nodes[0].ask(f"CREATE DATABASE {name}")
    return name

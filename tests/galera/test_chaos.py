"""A crowd on a cluster whose nodes are killed and rejoin, judged by the checker of `tests.chaos`."""

from __future__ import annotations

import random

import pytest
from tests.chaos.breaking import Faults
from tests.chaos.campaign import Campaign
from tests.chaos.running import LONGEST, run
from tests.chaos.stores import ON_A_NODE
from tests.chaos.verdict import table
from tests.galera.arena import KillableCluster, LaggingCluster
from tests.galera.cluster import Cluster
from tests.galera.patience import patience

pytestmark = pytest.mark.galera
FAULTS = Faults(workers=0.7, connections=0.5, commits=0.7, servers=6)
LEAST_KILLS = 4


def test_nodes_are_killed_and_rejoin_amid_a_crowd(
    cluster: Cluster, database: str, capfd: pytest.CaptureFixture[str]
) -> None:
    campaign = Campaign.of_the_environment()
    server = KillableCluster(cluster, database, random.Random(campaign.seed))
    with patience(cluster, campaign.seconds + 2 * LONGEST):
        verdict = run(
            "Galera, portable",
            server,
            store=ON_A_NODE,
            portable=True,
            faults=FAULTS,
            seed=campaign.seed,
            processes=16,
            resources=20,
            attempts=int(min(campaign.attempts, 1_000_000)),
            seconds=campaign.seconds,
        )
    with capfd.disabled():
        rejoined = f"{server.rejoined[True]} sent what they missed, {server.rejoined[False]} everything"
        print(f"\n{table([verdict])}\n{verdict.seconds:.0f} s, seed {campaign.seed}; nodes: {rejoined}")  # noqa: T201
    assert verdict.violations == ()
    assert verdict.acknowledged, "nothing was booked"
    assert verdict.refused, "nobody was ever in anybody's way"
    assert verdict.server_kills >= LEAST_KILLS


def test_nodes_lag_behind_amid_a_crowd(cluster: Cluster, database: str) -> None:
    server = LaggingCluster(cluster, database, random.Random(0))
    verdict = run(
        "Galera, lagging",
        server,
        store=ON_A_NODE,
        portable=True,
        faults=Faults(servers=0.2),
        seed="lag",
        processes=9,
        resources=2,
        attempts=100_000,
        seconds=8,
    )
    assert verdict.violations == ()
    assert verdict.acknowledged
    assert server.lags

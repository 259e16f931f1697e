"""Every store under all faults, for as long as one likes: ``make chaos``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.chaos.campaign import ARENAS, Campaign
from tests.chaos.verdict import Verdict, table


@pytest.fixture(scope="module")
def campaign(request: pytest.FixtureRequest) -> Iterator[tuple[Campaign, list[Verdict]]]:
    """Lend a campaign and a list for its verdicts; at the end the table of all of them is printed."""
    made = Campaign.of_the_environment()
    verdicts = made.kept()
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\nSLOTKEEPER_CHAOS_SEED={made.seed}")  # noqa: T201 - what it is for
    yield made, verdicts
    with capture.global_and_fixture_disabled():
        print(f"\n\n{table(verdicts)}")  # noqa: T201 - what it is for


@pytest.mark.chaos
@pytest.mark.parametrize("name", ARENAS)
def test_a_store_keeps_its_promises_under_all_faults(
    campaign: tuple[Campaign, list[Verdict]], name: str
) -> None:
    fight, verdicts = campaign
    for verdict in fight.fight(name):
        verdicts.append(verdict)
        assert verdict.violations == ()

"""Whether the harness and the contests are sound, at sizes that take a moment; ``make bench-check``."""

from __future__ import annotations

import pytest
from tests.benchmarks.contests import CONTESTS
from tests.benchmarks.growth import slope
from tests.benchmarks.harness import OURS, Contest, Goal, Rival, measure, nothing
from tests.benchmarks.report import table

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize("contest", CONTESTS, ids=lambda one: one.name)
def test_all_rivals_agree_where_it_is_quick(contest: Contest) -> None:
    rows = measure(contest, contest.tiny, rounds=1)
    assert rows[0].rival == OURS
    assert all(row.figure > 0 for row in rows if row.unit == "ms")


def test_goals_name_those_who_take_part() -> None:
    for contest in CONTESTS:
        names = {rival.name for rival in contest.enter(contest.tiny)}
        assert names >= {goal.rival for goal in contest.goals}, contest.name


def of_two(answer: int, *, module: str | None = None, largest: int | None = None) -> Contest:
    """Return a contest of ours, which answers one, and somebody else."""
    other = Rival("other", nothing, lambda _: answer, module=module, largest=largest)
    return Contest(
        "nothing",
        lambda _: [Rival(OURS, nothing, lambda _: 1), other],
        (1, 10),
        1,
        goals=(Goal("other", 0),),
    )


def test_another_answer_fails() -> None:
    with pytest.raises(AssertionError, match="other answers otherwise at 'nothing'"):
        measure(of_two(2), 1)


def test_a_missing_peer_is_reported_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    rows = measure(of_two(1, module="no_such_peer"), 1)
    assert [row.rival for row in rows] == [OURS]
    assert capsys.readouterr().out == "nothing: other is missing, as no_such_peer is not installed\n"


def test_a_goal_counts_at_the_largest_size_at_which_the_rival_takes_part() -> None:
    assert [row.goal for row in measure(of_two(1, largest=5), 1)] == [None, 0]
    assert [row.goal for row in measure(of_two(1), 1)] == [None, None]
    assert [row.rival for row in measure(of_two(1, largest=5), 10)] == [OURS]


def test_the_table_has_a_line_for_each_row() -> None:
    head, ours, other = table(measure(of_two(1), 10)).splitlines()
    assert head.split() == ["workload", "size", "rival", "rounds", "figure", "ratio", "goal"]
    assert ours.split()[:3] == ["nothing", "10", OURS]
    assert other.endswith("met")


def test_the_slope_of_a_square_is_two() -> None:
    assert slope([(10, 100.0), (100, 10_000.0), (1_000, 1_000_000.0)]) == pytest.approx(2)

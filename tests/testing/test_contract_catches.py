"""The contract and the machine can fail: each planted bug is found, by the test that is about it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, settings
from tests.testing import planted_bugs as bugs

from slotkeeper.adapters.memory import MemoryBookings, MemoryHits, MemoryKeys, MemoryStore
from slotkeeper.adapters.memory_outbox import MemoryOutbox
from slotkeeper.ports import Store
from slotkeeper.testing.contract import StoreContract
from slotkeeper.testing.machine import run_store_machine

pytest_plugins = ["pytester"]

FOUND_BY: dict[type, str] = {
    bugs.LosesUpdates: "test_a_booking_is_replaced_by_its_next_version_only",
    bugs.OverwritesBookings: "test_an_id_is_given_once_whatever_became_of_its_booking",
    bugs.GuardsAddsOnly: "test_a_booking_is_not_moved_onto_another",
    bugs.TakesEndsForTaken: "test_what_is_stored_is_exactly_what_fits_beside_what_is_there",
    bugs.LeavesGaps: "test_sum_buffers_are_occupied",
    bugs.MissesAStatus: "test_a_booking_blocks_by_its_flag_whatever_its_status_is_called",
    bugs.IgnoresBuffers: "test_sum_buffers_are_occupied",
    bugs.ChecksTheFirstResourceOnly: "test_of_several_resources_all_are_taken_or_none",
    bugs.LetsLapsedHoldsBlock: "test_a_hold_blocks_until_its_expiry_and_not_from_then_on",
    bugs.AddsUpInsteadOfPeaking: "test_the_peak_counts_and_not_the_sum_of_what_overlaps",
    bugs.FindsByBareIntervals: "test_the_bookings_near_a_time_are_those_that_occupy_or_count_there",
    bugs.ForgetsWhatOnlyCounts: "test_the_bookings_near_a_time_are_those_that_occupy_or_count_there",
    bugs.IgnoresOffsets: "test_pages_by_number_cover_each_booking_once",
    bugs.LeavesTiesToChance: "test_what_is_found_is_what_the_filter_admits_in_order",
    bugs.RepeatsTheCursor: "test_pages_by_cursor_cover_each_booking_once",
    bugs.CountsThePage: "test_pages_by_number_cover_each_booking_once",
    bugs.DropsMicroseconds: "test_a_booking_comes_back_equal",
    bugs.TurnsHoldsIntoBookings: "test_a_booking_comes_back_equal",
    bugs.TakesIdsForText: "test_ids_that_look_alike_are_apart",
    bugs.KeepsEventsOfWhatFailed: "test_a_unit_of_work_that_raises_leaves_everything_as_it_was",
    bugs.TellsEventsByTheirId: "test_events_wait_in_the_order_of_their_appending_until_they_are_marked",
    bugs.ForgetsWhatWasSent: "test_events_wait_in_the_order_of_their_appending_until_they_are_marked",
    bugs.GivesEventsToAll: "test_what_waits_is_given_in_order_and_to_one_claim_only",
    bugs.LetsEventsOvertake: "test_what_was_put_off_pauses_and_the_rest_of_its_booking_waits",
    bugs.HearsLateClaims: "test_a_claim_that_has_lost_an_event_changes_nothing",
    bugs.GivesSuspectsTogether: "test_a_claim_ends_at_its_instant_and_what_it_had_is_given_alone",
    bugs.ForgetsYoungKeys: "test_what_was_kept_before_an_instant_is_forgotten_the_oldest_first",
    bugs.RemindsOfWhatLapsed: (
        "test_nobody_is_reminded_twice_or_of_what_is_off_or_lapsed_or_starts_at_another_time"
    ),
    bugs.KeepsTheLastResult: "test_a_key_is_kept_once",
    bugs.CountsRefusedHits: "test_a_hit_that_is_refused_is_not_counted",
    bugs.CountsHitsByTheHour: "test_no_stretch_of_time_has_more_hits_than_are_allowed",
    bugs.BringsNoSlotBack: "test_a_unit_of_work_that_raises_leaves_everything_as_it_was",
}
PARAMETERS = {FOUND_BY[bugs.MissesAStatus]: {"status": "in_progress"}}
PART_OF = {MemoryBookings: "bookings", MemoryOutbox: "outbox", MemoryKeys: "keys", MemoryHits: "hits"}
BEYOND_THE_MACHINE: set[type] = {  # it draws neither these values nor pages, or seldom
    bugs.AddsUpInsteadOfPeaking,
    bugs.IgnoresBuffers,
    bugs.MissesAStatus,
    bugs.IgnoresOffsets,
    bugs.LeavesTiesToChance,
    bugs.RepeatsTheCursor,
    bugs.DropsMicroseconds,
    bugs.TurnsHoldsIntoBookings,
    bugs.TakesIdsForText,
    bugs.CountsThePage,
    bugs.LeavesGaps,
    bugs.ForgetsYoungKeys,
}
SURE = settings(
    settings(),
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def store_with(bug: type) -> MemoryStore:
    part = next((name for kind, name in PART_OF.items() if issubclass(bug, kind)), "timeslots")
    return bugs.wrong(**{part: bug})


def contract_of(make_store: Callable[[], Store], *, tries: int = 200) -> StoreContract:
    class Contract(StoreContract):
        def make_store(self) -> Store:
            return make_store()

        def settings(self) -> settings:
            return settings(SURE, max_examples=tries)

    return Contract()


@pytest.mark.parametrize(("bug", "test"), FOUND_BY.items(), ids=[one.__name__ for one in FOUND_BY])
def test_a_planted_bug_is_found_by_the_test_that_is_about_it(bug: type, test: str) -> None:
    facts = PARAMETERS.get(test, {})
    getattr(contract_of(MemoryStore, tries=20), test)(**facts)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - an assertion, or whatever the bug led to
        getattr(contract_of(partial(store_with, bug)), test)(**facts)


@pytest.mark.parametrize("bug", [one for one in FOUND_BY if one not in BEYOND_THE_MACHINE])
def test_a_planted_bug_is_found_by_the_machine(bug: type) -> None:
    thorough = settings(SURE, max_examples=300, stateful_step_count=40)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - as above
        run_store_machine(partial(store_with, bug), settings=thorough)


def test_an_author_subclasses_the_contract_and_declares_what_the_store_cannot_do(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        from slotkeeper.adapters.memory import MemoryBookings, MemoryKeys, MemoryStore
        from slotkeeper.adapters.memory_outbox import MemoryOutbox
        from slotkeeper.testing import Capabilities, StoreContract


        class TestMine(StoreContract):
            capabilities = Capabilities(threads=False)
            examples = 5

            def make_store(self):
                return MemoryStore()


        class TestMissing(StoreContract):
            examples = 5
        """
    )
    result = pytester.runpytest_subprocess(
        "-rs", "-p", "no:cacheprovider", "-k", "lock or cursor_of_another_order"
    )
    result.stdout.fnmatch_lines(["*the store is declared with Capabilities(threads=False)*"])
    result.stdout.fnmatch_lines(["*TestMissing must define make_store*"])
    assert result.parseoutcomes()["passed"] >= 2

"""The time line: never back, across clock steps, restarts and reboots."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.service.timeline import CONFIRM_NS, HOLDOVER_NS, PATIENCE_NS, TimeLine
from tests.agent.service.fakes import T0, FakeClock, FakeSync, S


def test_a_first_start_is_anchored_to_utc() -> None:
    clock = FakeClock()
    line = TimeLine(clock, FakeSync(), None)
    assert line.now_ns() == T0
    assert line.offset_ns == 0
    assert line.synchronised


@pytest.mark.parametrize("step_s", [3600, -3600])
def test_a_clock_set_wrong_for_a_moment_changes_nothing(step_s: int) -> None:
    clock = FakeClock()
    line = TimeLine(clock, FakeSync(), None)
    before = line.now_utc_ns()
    clock.utc += step_s * S
    for _ in range(20):
        clock.pass_s(1)
        line.poll()
    clock.utc -= step_s * S
    line.poll()
    assert line.now_utc_ns() - before == 20 * S
    assert line.synchronised


def test_a_step_forward_that_stands_is_taken() -> None:
    clock = FakeClock()
    line = TimeLine(clock, FakeSync(), None)
    clock.utc += 3600 * S
    for _ in range(CONFIRM_NS // S + 2):
        clock.pass_s(1)
        line.poll()
    assert line.now_utc_ns() == clock.utc
    assert line.stepped_ns == 3600 * S
    assert line.synchronised


def test_a_step_back_that_stands_is_taken_but_not_trusted_before_what_was_told() -> None:
    clock = FakeClock()
    line = TimeLine(clock, FakeSync(), None)
    line.told_until(line.now_utc_ns())
    clock.utc -= 3600 * S
    for _ in range(CONFIRM_NS // S + 2):
        clock.pass_s(1)
        line.poll()
    assert line.now_utc_ns() == clock.utc
    assert not line.synchronised
    clock.pass_s(3600)
    line.poll()
    assert line.synchronised


def test_small_changes_are_followed_slowly() -> None:
    clock = FakeClock()
    line = TimeLine(clock, FakeSync(), None)
    clock.utc += 20_000_000
    clock.pass_s(1)
    line.poll()
    assert 0 < line.offset_ns <= 500_000
    for _ in range(60):
        clock.pass_s(1)
        line.poll()
    assert line.now_utc_ns() == clock.utc


def test_without_a_battery_clock_it_waits_then_goes_on_unsynchronised() -> None:
    clock, sync = FakeClock(utc_ns=1000 * S), FakeSync(False)
    line = TimeLine(clock, sync, None)
    assert not line.synchronised and not line.patience_is_over
    clock.pass_s(PATIENCE_NS / S + 1)
    assert line.patience_is_over
    clock.utc, sync.right = T0, True
    line.poll()
    assert line.synchronised and line.now_utc_ns() == T0


def test_holdover_lasts_an_hour_without_the_time_service() -> None:
    clock, sync = FakeClock(), FakeSync()
    line = TimeLine(clock, sync, None)
    sync.right = False
    clock.pass_s(HOLDOVER_NS / S - 1)
    line.poll()
    assert line.synchronised
    clock.pass_s(2)
    line.poll()
    assert not line.synchronised


def test_a_restart_in_the_same_boot_goes_on_exactly() -> None:
    clock = FakeClock()
    first = TimeLine(clock, FakeSync(), None)
    clock.utc += 40_000_000
    clock.pass_s(1)
    first.poll()
    saved, at = first.saved(), first.now_ns()
    clock.pass_s(7)
    clock.utc += 3600 * S  # somebody steps the clock meanwhile
    second = TimeLine(clock, FakeSync(False), saved)
    assert second.now_ns() == at + 7 * S
    assert second.offset_ns == first.offset_ns
    assert second.synchronised


@given(
    down_s=st.integers(-100_000, 100_000),
    offset_s=st.integers(-5000, 5000),
    mono_s=st.integers(0, 1000),
)
def test_over_a_reboot_the_line_never_goes_back(down_s: int, offset_s: int, mono_s: int) -> None:
    clock, sync = FakeClock(), FakeSync(False)
    first = TimeLine(clock, sync, None)
    clock.utc += offset_s * S
    sync.right = True
    first.poll()
    saved = first.saved()
    clock.boot, clock.mono = "boot-2", mono_s * S
    clock.utc += down_s * S
    second = TimeLine(clock, FakeSync(False), saved)
    assert second.now_ns() > saved.line_ns
    if down_s > 0:
        assert second.now_ns() - saved.line_ns == down_s * S
        assert second.now_utc_ns() == clock.utc


def test_an_instant_that_stands_still_keeps_its_utc_while_the_clock_is_slewed_back() -> None:
    clock = FakeClock()
    line = TimeLine(clock, FakeSync(), None)
    horizon_ns = line.now_ns()
    told_utc_ns = line.horizon_utc_ns(horizon_ns)
    clock.utc -= 20_000_000
    clock.pass_s(1)
    line.poll()
    assert line.offset_ns < 0
    assert line.horizon_utc_ns(horizon_ns) == told_utc_ns
    assert line.horizon_utc_ns(horizon_ns + S) == told_utc_ns + S + line.offset_ns

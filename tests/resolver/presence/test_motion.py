"""When hands may change before a shelf, and when somebody may leave."""

from __future__ import annotations

import pytest

from resolver.inbox import SECOND_NS
from resolver.presence import motion

MOVED = [10 * SECOND_NS, 12 * SECOND_NS, 60 * SECOND_NS]


def test_hands_change_once_between_two_movements_of_an_encounter() -> None:
    step_ns = SECOND_NS // 4
    turns = [motion.turns(at, at + step_ns, MOVED) for at in range(0, 80 * SECOND_NS, step_ns)]
    assert sum(turns) == 1
    assert motion.turns(10 * SECOND_NS, 11 * SECOND_NS, MOVED) == 1
    assert motion.turns(11 * SECOND_NS, 12 * SECOND_NS, MOVED) == 0


def test_nobody_leaves_while_his_hand_is_about_a_movement() -> None:
    second = SECOND_NS
    assert motion.free_ns(20 * second, 30 * second, MOVED) == 10 * second
    reaching = motion.free_ns(10 * second, 11 * second, MOVED)
    assert reaching == pytest.approx(motion.LEAVES_REACHING * second)
    assert motion.free_ns(8 * second, 14 * second, MOVED) == 2 * second + 4 * reaching
    assert motion.free_ns(5 * second, 5 * second, MOVED) == 0

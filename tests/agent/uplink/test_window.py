"""The window: at most 20 on their way, in order, acknowledged by good PUBACKs only."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.journal import Row
from agent.uplink.window import LIMIT, RESERVED, Window

ROWS = [Row(no, "old" if no <= 5 else "new", no if no <= 5 else no - 5, f"body {no}") for no in range(1, 41)]


def after(no: int, limit: int) -> list[Row]:
    return [row for row in ROWS if row.no > no][:limit]


class FakeBroker:
    """Confirms, refuses or loses what is on its way, in any order."""

    def __init__(self, window: Window) -> None:
        self.window, self.mids, self.mid = window, {}, 0
        self.confirmed: list[int] = []

    def send(self) -> list[Row]:
        rows = self.window.next_rows(after)
        for row in rows:
            self.mid += 1
            self.mids[self.mid] = row
            self.window.sent(self.mid, row)
        return rows

    def confirm(self, mid: int) -> None:
        self.confirmed.append(self.mids.pop(mid).no)
        assert self.window.confirmed(mid)


def test_rows_go_out_once_in_order_and_leave_room_for_status_and_replies() -> None:
    broker = FakeBroker(Window(0, 5))
    assert [row.no for row in broker.send()] == list(range(1, LIMIT - RESERVED + 1))
    assert broker.send() == []
    assert broker.window.free == RESERVED
    broker.confirm(1)
    assert [row.no for row in broker.send()] == [LIMIT - RESERVED + 1]


def test_acknowledged_only_without_a_gap() -> None:
    broker = FakeBroker(Window(0, 5))
    broker.send()
    for mid in (2, 3, 4):
        broker.confirm(mid)
    assert broker.window.acknowledged == 0
    assert broker.window.acknowledged_sequence("new") is None
    broker.confirm(1)
    assert broker.window.acknowledged == 4
    broker.confirm(5)
    assert broker.window.acknowledged_sequence("new") == 0
    broker.confirm(6)
    broker.confirm(8)
    assert broker.window.acknowledged_sequence("new") == 1


def test_nothing_is_known_of_the_new_epoch_before_the_old_one_is_out() -> None:
    window = Window(3, 5)
    assert window.acknowledged_sequence("new") is None
    assert Window(5, 5).acknowledged_sequence("new") == 0


def test_what_is_refused_goes_out_again_first() -> None:
    broker = FakeBroker(Window(0, 0))
    broker.send()
    assert broker.window.refused(3)
    assert broker.window.refused(1)
    assert [row.no for row in broker.send()] == [1, 3]
    assert not broker.window.refused(3)


def test_probing_sends_the_oldest_alone() -> None:
    broker = FakeBroker(Window(0, 0))
    broker.send()
    for mid in (2, 1, 3):
        broker.mids.pop(mid)
        broker.window.refused(mid)
    assert broker.window.next_rows(after, probing=True) == []
    for mid in list(broker.mids):
        broker.confirm(mid)
    (row,) = broker.window.next_rows(after, probing=True)
    assert row.no == 1
    broker.window.sent(99, row)
    assert broker.window.next_rows(after, probing=True) == []


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10_000), acknowledged=st.integers(0, 10))
def test_whatever_the_broker_does_everything_is_acknowledged_in_the_end(seed: int, acknowledged: int) -> None:
    chance = random.Random(seed)
    window = Window(acknowledged, 5)
    broker = FakeBroker(window)
    for _ in range(2000):
        broker.send()
        assert window.in_flight <= LIMIT
        held = {row.no for row in broker.mids.values()}
        assert all(no > window.acknowledged for no in held)
        assert set(range(acknowledged + 1, window.acknowledged + 1)) <= set(broker.confirmed)
        if not broker.mids:
            break
        mid = chance.choice(list(broker.mids))
        luck = chance.random()
        if luck < 0.7:
            broker.confirm(mid)
        elif luck < 0.97:
            broker.mids.pop(mid)
            window.refused(mid)
        else:
            broker.mids.clear()
            window.lost()
    assert window.acknowledged == 40
    assert window.acknowledged_sequence("new") == 35
    assert sorted(broker.confirmed) == list(range(acknowledged + 1, 41))

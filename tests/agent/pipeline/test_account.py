"""No weight is absorbed silently: whatever stops in between, what was told adds up to what the plate lost or gained."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.messages import Movement
from agent.messages.events import CHANGE, PICK
from agent.pipeline import Chunk, Pipeline, Progress, Told
from agent.pipeline.unseen import LEAST_G
from tests.agent.pipeline.feeding import BOARD, Board, S, fed, small_store, told_g

UNIT_G = 350.0
AT_LAST_S = 4.0
SURE = 0.99
TOGETHER = 4  # chunks, 0.1 s


@dataclass(frozen=True)
class Turn:
    """Something stops for `seconds`; `units` move meanwhile, or (`after`) when it goes on; then the plate rests."""

    what: str
    seconds: float
    units: int
    after: bool
    rest_s: float


turns = st.builds(
    Turn,
    st.sampled_from(["nothing", "frames", "cell", "agent"]),
    st.floats(0.05, 2.5),
    st.sampled_from([-3, -1, 0, 1, 2]),
    st.booleans(),
    st.floats(0.2, 2.5),
)


class Shelf:
    """A plate of one cell, which stops now and then, as do its line and its agent."""

    def __init__(self) -> None:
        self.store = small_store(BOARD)
        self.board = Board()
        self.pipeline = Pipeline(self.store, "a1", "e0")
        self.told: list[Told] = []
        self.lives = 1
        self.began_g = self.board.weight_g
        self.take(self.board.introduce() + self.board.weigh(2.0))

    def take(self, chunks: Iterable[Chunk]) -> None:
        held = list(chunks)
        for k in range(0, len(held), TOGETHER):
            some = held[k : k + TOGETHER]
            chunk = replace(some[-1], data=b"".join(one.data for one in some))
            before = self.pipeline.progress()
            fresh = fed(self.pipeline, [chunk], finish=False)
            self.told += fresh
            assert [event for event in fresh if not allowed(event, before)] == []

    def turn(self, turn: Turn) -> None:
        board = self.board
        to_g = board.weight_g + UNIT_G * turn.units
        if turn.what == "nothing":
            self.take(board.weigh(turn.seconds))
        elif turn.what == "cell":
            self.take(board.weigh(turn.seconds, None if turn.after else to_g, present=False))
        else:
            board.pause(turn.seconds)
            board.weight_g = board.weight_g if turn.after else to_g
            if turn.what == "agent":
                self.start_again()
        self.take(board.weigh(turn.rest_s, to_g))

    def start_again(self) -> None:
        """With what was durable: all that was told, and the belief that goes with it."""
        saved = json.loads(json.dumps(self.pipeline.snapshot(), allow_nan=False))
        self.pipeline = Pipeline(self.store, "a1", f"e{self.lives}", saved)
        self.lives += 1
        self.take(self.board.introduce())


def allowed(event: Told, before: Progress) -> bool:
    """Whether all that was told up to `until` leaves room for an event that is told only now."""
    if not isinstance(event.data, Movement) or before.until_t_mono_ns is None:
        return True
    late = [since for since in (*before.open, *before.blind) if since.plate == event.subject]
    known_ns = min([before.until_t_mono_ns, *(since.t_mono_ns for since in late)])
    return event.t_mono_ns >= known_ns


@settings(max_examples=8, deadline=None)
@given(st.lists(turns, min_size=1, max_size=5))
def test_what_was_told_adds_up_to_what_the_plate_gained(course: list[Turn]) -> None:
    shelf = Shelf()
    for turn in course:
        shelf.turn(turn)
    shelf.take(shelf.board.weigh(AT_LAST_S))
    (reading,) = shelf.pipeline.readings()
    assert reading.stable
    assert told_g(shelf.told) == pytest.approx(shelf.board.weight_g - shelf.began_g, abs=LEAST_G * (1 + len(course)))


@pytest.mark.parametrize("what", ["agent", "frames", "cell"])
def test_what_changed_while_nobody_measured_is_no_noise_and_the_next_pick_is_as_sure_as_ever(what: str) -> None:
    shelf = Shelf()
    for _ in range(3):
        shelf.turn(Turn(what, 2.0, -1, after=False, rest_s=2.0))
    shelf.take(shelf.board.weigh(2.5, shelf.board.weight_g - UNIT_G))
    *changes, pick = [event for event in shelf.told if isinstance(event.data, Movement)]
    assert [event.type for event in changes] == [CHANGE] * 3
    assert pick.type == PICK
    assert isinstance(pick.data, Movement)
    assert pick.data.confidence > SURE
    assert pick.data.sigma_g < 1.0


def test_a_plate_that_was_never_measured_is_blind_since_the_beginning_and_one_of_an_earlier_life_since_then() -> None:
    shelf = Shelf()
    (before,) = shelf.pipeline.progress().open or shelf.pipeline.progress().blind or [None]
    assert before is None
    rested_ns = shelf.board.t_ns
    shelf.board.pause(5.0)
    for saved, since_ns in ((None, shelf.board.t_ns), (shelf.pipeline.snapshot(), rested_ns)):
        pipeline = Pipeline(shelf.store, "a1", "e", saved)
        fed(pipeline, shelf.board.introduce() + shelf.board.weigh(0.4, present=False), finish=False)
        progress = pipeline.progress()
        assert [since.plate for since in progress.blind] == ["P1"]
        assert progress.blind[0].t_mono_ns == pytest.approx(since_ns, abs=0.3 * S)

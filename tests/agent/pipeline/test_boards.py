"""Who hangs on the ports, what is wrong with them, and how far all is told."""

from __future__ import annotations

import pytest

from agent.messages import Fault, Movement
from agent.messages.events import FAULT, PICK, PUT, RECOVERED
from agent.pipeline import Chunk, Pipeline, Told
from agent.pipeline.board import BoardLink
from agent.pipeline.told import Zeroed
from agent.wire import identify
from bench.wire import Hello
from tests.agent.pipeline.feeding import BOARD, OTHER, Board, S, fed, hello, merged, small_store, status

UNSET = "ff" * 8


def faults(told: list[Told]) -> list[tuple[str, str, str | None]]:
    return [(event.type, event.data.fault, event.data.board) for event in told if isinstance(event.data, Fault)]


def movements(told: list[Told]) -> list[Told]:
    return [event for event in told if isinstance(event.data, Movement)]


def test_a_pick_and_a_put_on_a_plate_of_one_cell() -> None:
    board = Board()
    chunks = board.introduce() + board.weigh(5.0) + board.weigh(4.0, 2_450.0) + board.weigh(4.0, 2_800.0)
    told = fed(Pipeline(small_store(BOARD), "a1", "e"), chunks)
    assert [(event.type, event.subject) for event in told] == [(PICK, "P1"), (PUT, "P1")]
    pick = told[0].data
    assert isinstance(pick, Movement)
    assert pick.delta_g == pytest.approx(-350.0, abs=1.0)
    assert pick.before_g == pytest.approx(2_800.0, abs=1.0)
    assert pick.position_mm is None
    assert [(item.sku, item.qty) for item in pick.items] == [("cola", 1)]
    assert told[0].t_mono_ns == pytest.approx(1_005.075 * S, abs=S // 25)
    assert told[0].made_t_mono_ns - told[0].t_mono_ns < 0.7 * S
    assert pick.started <= told[0].t_mono_ns <= pick.settled


@pytest.mark.parametrize("unset", [UNSET, "00" * 8])
def test_a_board_without_an_id_is_named_and_not_used(unset: str) -> None:
    board = Board(board=unset)
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    told = fed(pipeline, board.introduce() + board.weigh(5.0) + board.introduce() + board.weigh(4.0, 2_450.0))
    assert faults(told)[0] == (FAULT, "board-id-unset", unset)
    assert [name for _, name, _ in faults(told)].count("board-id-unset") == 1  # said once
    assert not movements(told)
    fault = told[0].data
    assert isinstance(fault, Fault)
    assert "SET_BOARD_ID" in fault.remedy


def test_a_board_that_no_plate_names_is_told() -> None:
    told = fed(Pipeline(small_store(BOARD), "a1", "e"), Board(board=OTHER).introduce() + Board(board=OTHER).weigh(1.0))
    assert faults(told)[0] == (FAULT, "board-unknown", OTHER)


def test_another_protocol_is_refused_with_what_to_do_until_the_board_was_flashed() -> None:
    board = Board()
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    told = fed(pipeline, board.introduce(protocol=2) + board.weigh(3.0), finish=False)
    assert faults(told)[0] == (FAULT, "protocol-mismatch", BOARD)
    fault = next(event.data for event in told if isinstance(event.data, Fault))
    assert fault.plates == ("P1",)
    assert "flash" in fault.remedy
    assert not movements(told)
    told = fed(pipeline, board.introduce(boot=2) + board.weigh(5.0) + board.weigh(4.0, 2_450.0))
    assert faults(told)[0] == (RECOVERED, "protocol-mismatch", BOARD)
    assert [event.type for event in movements(told)] == [PICK]


def test_two_boards_of_one_id_are_both_refused() -> None:
    one, two = Board("port0"), Board("port1", seed=2)
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    told = fed(pipeline, one.introduce() + one.weigh(3.0), finish=False)
    two.t_ns = one.t_ns
    both = merged(two.introduce() + two.weigh(6.0, 2_450.0), one.weigh(3.0) + one.weigh(3.0, 1_400.0))
    told += fed(pipeline, both, finish=False)
    assert [entry for entry in faults(told) if entry[1] == "duplicate-board"] == [(FAULT, "duplicate-board", BOARD)]
    assert not movements(told)


def test_after_a_duplicate_was_unplugged_the_other_is_used_again() -> None:
    one, two = Board("port0"), Board("port1", seed=2)
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    fed(pipeline, one.introduce() + one.weigh(3.0), finish=False)
    two.t_ns = one.t_ns
    fed(pipeline, merged(two.introduce() + two.weigh(2.0), one.weigh(2.0)), finish=False)
    told = fed(pipeline, one.weigh(2.0) + one.introduce() + one.weigh(5.0) + one.weigh(4.0, 2_450.0))
    assert (RECOVERED, "duplicate-board", BOARD) in faults(told)
    assert [event.type for event in movements(told)][-1:] == [PICK]


def test_a_board_that_moves_to_another_port_is_no_duplicate() -> None:
    board = Board("port0")
    chunks = board.introduce() + board.weigh(5.0)
    board.pause(3.0)
    board.source = "port1"
    chunks += board.introduce(boot=2) + board.weigh(4.0) + board.weigh(4.0, 2_450.0)
    told = fed(Pipeline(small_store(BOARD), "a1", "e"), chunks)
    assert "duplicate-board" not in {name for _, name, _ in faults(told)}
    assert [event.type for event in movements(told)] == [PICK]


def test_at_another_port_the_rows_of_a_board_are_counted_on() -> None:
    """So that a plate, which knows how many it took, takes the first that come there."""
    board = Board("port0")
    here, there = BoardLink("port0"), BoardLink("port1")
    assert len(list(here.take(board.introduce() + board.weigh(2.0)))) == 1
    board.source = "port1"
    list(there.take(board.introduce(boot=2) + board.weigh(1.0)))
    there.follow(here)
    assert here.rows is not None
    assert there.rows is not None
    assert there.rows.first == here.rows.end > 100
    assert there.rows.end > there.rows.first


def test_silence_becomes_a_fault_and_its_end_a_recovery() -> None:
    board = Board()
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    fed(pipeline, board.introduce() + board.weigh(5.0), finish=False)
    quiet = [event for k in range(1, 40) for event in pipeline.advance(board.t_ns + k * S // 10)]
    assert faults(quiet) == [(FAULT, "board-silent", BOARD)]
    assert quiet[0].t_mono_ns == pytest.approx(board.t_ns + S, abs=S // 4)
    assert [since.plate for since in pipeline.progress().blind] == ["P1"]
    assert pipeline.readings()[0].weight_g is None
    board.pause(4.0)
    told = fed(pipeline, board.weigh(5.0), finish=False)
    assert faults(told) == [(RECOVERED, "board-silent", BOARD)]
    assert pipeline.progress().blind == ()


def test_a_silent_board_does_not_hold_up_the_others() -> None:
    one, two = Board("port0"), Board("port1", OTHER, seed=2)
    store = small_store(BOARD, OTHER)
    start = merged(one.introduce() + one.weigh(5.0), two.introduce() + two.weigh(5.0))
    told = fed(Pipeline(store, "a1", "e"), [*start, *one.weigh(5.0, 2_450.0)], finish=False)
    assert [(event.type, event.subject) for event in movements(told)] == [(PICK, "P1")]
    assert faults(told) == [(FAULT, "board-silent", OTHER)]


def test_a_port_that_says_nothing_is_asked_who_is_there() -> None:
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    pipeline.feed(Chunk("port0", 1_000 * S, status()))
    pipeline.advance(1_000 * S + S // 10)
    assert pipeline.requests() == [("port0", identify())]  # at once, for a HELLO may be 5 s away
    pipeline.advance(1_000 * S + S // 2)
    assert pipeline.requests() == []
    for k in range(30):
        pipeline.advance(1_001 * S + k * S // 10)
    asked = pipeline.requests()
    assert set(asked) == {("port0", identify())}
    assert 2 <= len(asked) <= 3
    assert pipeline.requests() == []


def test_what_comes_before_the_first_hello_is_held_and_used() -> None:
    board = Board()
    chunks = board.weigh(2.0) + board.weigh(2.0, 2_450.0) + board.introduce() + board.weigh(3.0)
    told = fed(Pipeline(small_store(BOARD), "a1", "e"), chunks)
    assert [event.type for event in movements(told)] == [PICK]


def test_a_restart_of_the_board_is_bridged() -> None:
    board = Board()
    chunks = board.introduce() + board.weigh(5.0)
    board.pause(0.4)
    board._us, board._seq = 1_000, 0
    chunks += board.introduce(boot=2) + board.weigh(3.0) + board.weigh(4.0, 2_450.0)
    told = fed(Pipeline(small_store(BOARD), "a1", "e"), chunks)
    assert [event.type for event in movements(told)] == [PICK]
    assert movements(told)[0].t_mono_ns == pytest.approx(1_008.475 * S, abs=S // 20)


def test_progress_goes_on_and_names_plates_that_are_touched() -> None:
    board = Board()
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    assert pipeline.progress().until_t_mono_ns is None
    untils, opened = [], set()
    for chunk in board.introduce() + board.weigh(5.0) + board.weigh(4.0, 2_450.0):
        pipeline.feed(chunk)
        progress = pipeline.progress()
        untils.append(progress.until_t_mono_ns or 0)
        opened.update(since.plate for since in progress.open if (progress.until_t_mono_ns or 0) > 1_003 * S)
    assert untils == sorted(untils)
    assert untils[-1] > board.t_ns - S
    assert opened == {"P1"}
    assert pipeline.progress().open == ()
    assert pipeline.progress().sequence == 1


def test_no_event_is_told_behind_the_watermark() -> None:
    """Every movement before `until` was told before, but on plates that are open."""
    board = Board()
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    weight = board.weight_g
    chunks = board.introduce() + board.weigh(5.0)
    for k in range(6):
        weight -= 350.0
        chunks += board.weigh(0.7 + 0.4 * k, weight)
    promised: int = 0
    for chunk in chunks:
        for event in movements(pipeline.feed(chunk)):
            assert event.t_mono_ns >= promised
        progress = pipeline.progress()
        since = [each.t_mono_ns for each in (*progress.open, *progress.blind)]
        promised = min([progress.until_t_mono_ns or 0, *since])


def test_the_plates_are_read_as_they_stand() -> None:
    board = Board()
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    fed(pipeline, board.introduce() + board.weigh(5.0) + board.weigh(4.0, 2_450.0), finish=False)
    (reading,) = pipeline.readings()
    assert reading.weight_g == pytest.approx(2_450.0, abs=1.0)
    assert reading.stable
    assert reading.contents == {"cola": 7}
    assert reading.quality == ()


def test_staff_refills_without_a_purchase() -> None:
    board = Board()
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    fed(pipeline, board.introduce() + board.weigh(5.0), finish=False)
    pipeline.restock("P1", begin=True, t_mono_ns=board.t_ns)
    told = fed(pipeline, board.weigh(5.0, 2_800.0 + 5 * 350.0), finish=False)
    (event,) = movements(told)
    assert isinstance(event.data, Movement)
    assert event.data.actor == "staff"
    assert [(item.sku, item.qty) for item in event.data.items] == [("cola", 5)]
    pipeline.restock("P1", begin=False, t_mono_ns=board.t_ns)
    (event,) = movements(fed(pipeline, board.weigh(5.0, 2_800.0 + 4 * 350.0), finish=False))
    assert isinstance(event.data, Movement)
    assert event.data.actor == "shopper"
    assert pipeline.readings()[0].contents == {"cola": 12}
    with pytest.raises(KeyError):
        pipeline.restock("P9", begin=True, t_mono_ns=board.t_ns)


def test_a_tare_is_refused_in_a_contact_and_else_makes_the_weight_nothing() -> None:
    board = Board()
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    kept: list[tuple[Zeroed, ...]] = []
    assert "not at rest" in pipeline.tare("P1", kept.append)
    fed(pipeline, board.introduce() + board.weigh(5.0), finish=False)
    assert pipeline.tare("P1", kept.append) == ""
    assert [cell.channel for cell in kept[0]] == [0]
    told = fed(pipeline, board.weigh(3.0), finish=False)
    assert not movements(told)
    assert pipeline.readings()[0].weight_g == pytest.approx(0.0, abs=1.0)
    assert [event.type for event in movements(fed(pipeline, board.weigh(4.0, 2_450.0), finish=False))] == [PICK]


def test_contents_are_set_for_skus_and_plates_that_there_are() -> None:
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    pipeline.set_contents("P1", {"cola": 3})
    assert pipeline.readings()[0].contents == {"cola": 3}
    for plate, sku in (("P9", "cola"), ("P1", "fanta")):
        with pytest.raises(KeyError):
            pipeline.set_contents(plate, {sku: 1})


def test_noise_on_the_line_tells_nothing() -> None:
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    for k in range(200):
        assert pipeline.feed(Chunk("port0", k * S // 40, bytes((7 * k + j * j) % 256 for j in range(97)))) == []
    assert pipeline.progress().until_t_mono_ns is None
    assert hello()  # and a board that introduces itself afterwards is heard
    board = Board()
    told = fed(pipeline, board.introduce() + board.weigh(5.0) + board.weigh(4.0, 2_450.0))
    assert [event.type for event in movements(told)] == [PICK]


def test_a_cell_that_the_board_calls_silent_is_told_with_its_remedy_and_its_end() -> None:
    board = Board()
    chunks = board.introduce() + board.weigh(3.0)
    for bits in (1, 1, 0):
        chunks.append(Chunk(board.source, board.t_ns, status(faults=bits)))
        chunks += board.weigh(1.0)
    told = fed(Pipeline(small_store(BOARD), "a1", "e"), chunks)
    assert faults(told) == [(FAULT, "cell-silent", BOARD), (RECOVERED, "cell-silent", BOARD)]
    fault = told[0].data
    assert isinstance(fault, Fault)
    assert (fault.channel, fault.plates) == (0, ("P1",))
    assert fault.remedy


@pytest.mark.parametrize(("cause", "told_as"), [(8, ["board-restarted"] * 2), (4, ["board-restarted"] * 2), (1, [])])
def test_a_board_that_restarts_by_itself_is_told_and_a_hand_that_plugs_it_in_is_not(
    cause: int, told_as: list[str]
) -> None:
    board = Board()
    pipeline = Pipeline(small_store(BOARD), "a1", "e")
    fed(pipeline, board.introduce() + board.weigh(5.0), finish=False)
    again = Hello(bytes.fromhex(BOARD), 1, 80, reset_cause=cause, boot=2).encode()
    told = fed(pipeline, [Chunk("port0", board.t_ns, b"\0" + again), *board.weigh(3.0)], finish=False)
    assert [name for _, name, _ in faults(told)] == told_as

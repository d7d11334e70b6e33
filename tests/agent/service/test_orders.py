"""Commands to the pipeline, and the end of a restock by itself."""

from __future__ import annotations

from typing import Any

import pytest

from agent.journal import CalibrationError
from agent.messages import Command
from agent.pipeline.told import Zeroed
from agent.service.orders import RESTOCK_LIMIT_NS, OrderError, Orders
from tests.agent.service.fakes import FakePipeline


def orders_of(pipeline: FakePipeline, extras: dict[str, Any] | None = None) -> Orders:
    return Orders(pipeline, extras or {}, lambda _cells: None)


def command(name: str, **arguments: Any) -> Command:
    return Command.model_validate({"id": "1", "expires": 0, "command": name, **arguments})


def test_restock_ends_by_itself_also_after_a_restart() -> None:
    pipeline = FakePipeline("e")
    orders = orders_of(pipeline)
    orders.carry_out(command("restock-begin", plate="P1"), 1000)
    again = orders_of(pipeline, orders.saved())
    again.overdue(1000 + RESTOCK_LIMIT_NS - 1)
    assert pipeline.calls == [("restock", "P1", True, 1000)]
    again.overdue(1000 + RESTOCK_LIMIT_NS)
    assert pipeline.calls[-1] == ("restock", "P1", False, 1000 + RESTOCK_LIMIT_NS)
    assert again.saved() == {"restock": {}}


def test_restock_end_needs_no_second_one() -> None:
    pipeline = FakePipeline("e")
    orders = orders_of(pipeline)
    orders.carry_out(command("restock-begin", plate="P1"), 0)
    orders.carry_out(command("restock-end", plate="P1"), 5)
    assert orders.overdue(RESTOCK_LIMIT_NS * 2) == []
    assert len(pipeline.calls) == 2


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (command("tare"), "plate"),
        (command("tare", plate=7), "plate"),
        (command("tare", plate="P9"), "not at rest"),
        (command("restock-begin", plate="P9"), "P9 is not known"),
        (command("set-contents", plate="P1"), "contents"),
        (command("set-contents", plate="P1", contents={"a": -1}), "from 0 to"),
        (command("set-contents", plate="P1", contents={"a": 1.5}), "contents"),
    ],
)
def test_what_is_refused_says_why(order: Command, says: str) -> None:
    with pytest.raises(OrderError, match=says):
        orders_of(FakePipeline("e")).carry_out(order, 0)


def test_contents_reach_the_pipeline() -> None:
    pipeline = FakePipeline("e")
    orders_of(pipeline).carry_out(command("set-contents", plate="P1", contents={"a": 3}), 0)
    assert pipeline.calls == [("set", "P1", {"a": 3})]


def test_a_tare_is_done_once_its_zeros_are_kept() -> None:
    kept: list[tuple[Zeroed, ...]] = []
    pipeline = FakePipeline("e")
    Orders(pipeline, {}, kept.append).carry_out(command("tare", plate="P1"), 0)
    assert [cell.zero_counts for cell in kept[0]] == [81_000.0]
    assert pipeline.calls == [("tare", "P1")]


@pytest.mark.parametrize(
    ("error", "says"),
    [(OSError(28, "No space left on device"), "no space left"), (CalibrationError("state/c.json: damaged"), "damaged")],
)
def test_a_tare_whose_zeros_cannot_be_kept_is_refused_and_changes_nothing(error: Exception, says: str) -> None:
    def fail(_cells: tuple[Zeroed, ...]) -> None:
        raise error

    pipeline = FakePipeline("e")
    with pytest.raises(OrderError, match=says):
        Orders(pipeline, {}, fail).carry_out(command("tare", plate="P1"), 0)
    assert pipeline.calls == []

"""Durable before told: one transaction, retried whole; events without UTC wait."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.journal import Journal, JournalWriteError
from agent.service.keeper import MAX_PENDING, Keeper
from agent.service.timeline import PATIENCE_NS, TimeLine
from tests.agent.service.fakes import T0, FakeClock, FakeSync, S, picked


class Parts:
    def __init__(self, folder: Path, *, right: bool = True) -> None:
        self.journal = Journal(folder)
        self.clock, self.sync = FakeClock(T0 if right else 100 * S), FakeSync(right)
        self.line = TimeLine(self.clock, self.sync, None)
        self.reports: list[tuple[str, bool]] = []
        self.belief: dict[str, Any] = {"n": 0}
        self.keeper = self.make()

    def make(self) -> Keeper:
        return Keeper(
            self.journal,
            self.line,
            ("s", "a", "e1"),
            lambda _whole: self.belief,
            lambda fault, _remedy, recovered: self.reports.append((fault, recovered)),
        )

    def turn(self) -> bool:
        return self.keeper.turn(self.line.now_ns(), 0, {})

    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(row.body) for row in self.journal.reader().after(0, 100_000)]


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    parts = Parts(tmp_path)
    yield parts
    parts.journal.close()


def test_events_and_belief_are_committed_together(parts: Parts) -> None:
    parts.belief = {"n": 2}
    parts.keeper.add([picked("e1", 1, T0), picked("e1", 2, T0 + S)])
    assert parts.turn()
    assert [row["id"] for row in parts.rows()] == ["e1-0000000000000001", "e1-0000000000000002"]
    assert parts.journal.load_belief() == {"n": 2}
    assert parts.keeper.pending == 0


def test_a_disk_that_fails_keeps_all_and_tells_fault_and_recovery(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts.turn()
    commit = parts.journal.commit

    def full(*_: Any) -> None:
        raise JournalWriteError("disk-full", "no space")

    monkeypatch.setattr(parts.journal, "commit", full)
    parts.keeper.add([picked("e1", 1, T0)])
    for _ in range(5):
        assert not parts.turn()
        parts.clock.pass_s(1.1)
    assert parts.keeper.pending == 1
    assert parts.reports == [("disk-full", False)]
    monkeypatch.setattr(parts.journal, "commit", commit)
    assert parts.turn()
    assert len(parts.rows()) == 1
    assert parts.reports == [("disk-full", False), ("disk-full", True)]


def test_memory_is_bounded_where_the_disk_never_comes_back(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise JournalWriteError("disk-full", "no space")

    monkeypatch.setattr(parts.journal, "commit", full)
    parts.keeper.add([picked("e1", n, T0) for n in range(MAX_PENDING)])
    assert parts.keeper.overwhelmed


def test_before_the_first_synchronisation_events_wait_also_over_a_restart(tmp_path: Path) -> None:
    parts = Parts(tmp_path, right=False)
    at = parts.line.now_ns()
    parts.keeper.add([picked("e1", 1, at)])
    assert not parts.turn()
    assert parts.rows() == []
    parts.keeper = parts.make()
    parts.clock.pass_s(10)
    parts.clock.utc, parts.sync.right = T0, True
    parts.line.poll()
    assert parts.turn()
    (row,) = parts.rows()
    assert row["time"] == "2023-11-14T22:13:10.000000Z"
    assert row["data"]["started"] == "2023-11-14T22:13:09.000000Z"
    assert row["data"]["quality"] == []
    parts.journal.close()


def test_after_two_minutes_they_go_out_marked(tmp_path: Path) -> None:
    parts = Parts(tmp_path, right=False)
    parts.keeper.add([picked("e1", 1, parts.line.now_ns())])
    parts.turn()
    parts.clock.pass_s(PATIENCE_NS / S + 1)
    parts.line.poll()
    assert parts.turn()
    parts.keeper.add([picked("e1", 2, parts.line.now_ns())])
    assert parts.turn()
    assert [row["data"]["quality"] for row in parts.rows()] == [["clock-unsynchronised"]] * 2
    parts.journal.close()

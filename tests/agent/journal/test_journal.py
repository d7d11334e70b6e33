"""The journal: durable together or not at all, linked, bounded, held by one."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from agent.journal import (
    Entry,
    Journal,
    JournalWriteError,
    Limits,
    Link,
    SavedLine,
    StateForeignError,
    StateLockedError,
    StateTooNewError,
    StateUnusableError,
)
from agent.journal.journal import KEPT_NS

LINE = SavedLine("boot", 1, 2, 3, None, None)


def entries(first: int, last: int, *, waiting: bool = False, made_ns: int = 0, size: int = 10) -> list[Entry]:
    return [Entry(number, made_ns, f"{number}".ljust(size, "."), waiting) for number in range(first, last + 1)]


def test_events_and_belief_are_there_after_reopening(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.commit("e1", entries(1, 3), {"stock": {"P1": 7}}, LINE, 0, {"restock": {}})
    journal.close()
    again = Journal(tmp_path)
    assert again.last_epoch() == Link("e1", 3)
    assert again.load_belief() == {"stock": {"P1": 7}}
    assert again.load_line() == LINE
    assert again.load_extras() == {"restock": {}}
    assert [row.sequence for row in again.reader().after(0, 10)] == [1, 2, 3]
    again.close()


def test_a_commit_that_fails_changes_nothing_and_can_be_made_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.commit("e1", entries(1, 2), {"v": 1}, LINE, 0)
    with pytest.raises(ValueError, match="JSON compliant"):
        journal.commit("e1", entries(3, 4), {"v": float("nan")}, LINE, 0)
    assert journal.last_epoch() == Link("e1", 2)
    journal.commit("e1", entries(3, 4), {"v": 2}, LINE, 0)
    assert [row.sequence for row in journal.reader().after(0, 10)] == [1, 2, 3, 4]
    journal.close()


def test_epochs_are_linked_also_where_one_told_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.last_epoch() is None
    journal.commit("e1", entries(1, 5), None, LINE, 0)
    assert journal.last_epoch() == Link("e1", 5)
    journal.commit("e2", [], None, LINE, 0)
    assert journal.last_epoch() == Link("e2", 0)
    assert journal.epochs() == {"e1", "e2"}
    journal.close()


def test_the_folder_is_held_by_one_process(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(StateLockedError, match=str(tmp_path)):
        Journal(tmp_path)
    journal.close()
    Journal(tmp_path).close()


def test_a_later_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    Journal(tmp_path).close()
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StateTooNewError, match="install that version"):
        Journal(tmp_path)


def test_a_damaged_file_is_moved_aside_for_a_new_life(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"this was a disk once" * 100)
    journal = Journal(tmp_path)
    assert journal.damaged is not None
    assert journal.damaged.read_bytes().startswith(b"this was a disk")
    assert journal.last_epoch() is None
    journal.close()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateUnusableError, match="--state"):
        Journal(tmp_path / "file" / "state")


def test_rows_that_wait_are_not_given_until_released(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.commit("e1", entries(1, 1), None, LINE, 0)
    journal.commit("e1", entries(2, 3, waiting=True), None, LINE, 0)
    reader = journal.reader()
    assert [row.sequence for row in reader.after(0, 10)] == [1]
    assert reader.count("e1", 1, 3) == 1
    journal.release([(row.no, "stamped") for row in journal.waiting()])
    assert [row.body for row in reader.after(1, 10)] == ["stamped", "stamped"]
    journal.close()


def test_kept_for_thirty_days_and_only_what_is_acknowledged_goes(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.commit("e1", entries(1, 4), None, LINE, acknowledged=2)
    assert journal.prune(KEPT_NS - 1, 2) == 0
    assert journal.prune(KEPT_NS + 1, 2) == 2
    assert [row.sequence for row in journal.reader().after(0, 10)] == [3, 4]
    assert journal.last_epoch() == Link("e1", 4)
    journal.close()


def test_bounded_told_long_before_full_and_usable_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Limits(max_bytes=400_000, warn_share=0.5, min_free_bytes=0))
    first = 1
    while not journal.crowded():
        journal.commit("e1", entries(first, first + 9, size=1000), None, LINE, 0)
        first += 10
    at_warning = first
    with pytest.raises(JournalWriteError) as caught:
        for _ in range(100):
            journal.commit("e1", entries(first, first + 9, size=1000), None, LINE, 0)
            first += 10
    assert caught.value.fault == "journal-full"
    assert first > at_warning + 50
    while journal.crowded():
        assert journal.prune(0, first - 1) > 0
    journal.commit("e1", entries(first, first + 9, size=1000), None, LINE, first - 1)
    journal.close()


def test_belief_is_stored_as_json_without_nan(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.save_belief({"a": [1, "ü"]})
    (text,) = (
        sqlite3.connect(tmp_path / "journal.sqlite").execute("SELECT value FROM saved WHERE key='belief'").fetchone()
    )
    assert json.loads(text) == {"a": [1, "ü"]}
    journal.close()


def test_the_state_is_one_agents(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.claim("store s, agent a")
    journal.claim("store s, agent a")
    with pytest.raises(StateForeignError, match="store s, agent a, not of store s, agent b"):
        journal.claim("store s, agent b")
    journal.close()

"""What the READMEs promise: every fault that can be told is named there, and every promise has its row in the bench."""

from __future__ import annotations

import re
from pathlib import Path

from agent.journal.errors import JournalWriteError
from agent.pipeline import cells, unseen
from agent.pipeline.faults import REMEDIES
from agent.service import keeper
from agent.sources import port
from agent.uplink import uplink
from bench.faults.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]
README = (ROOT / "agent" / "README.md").read_text(encoding="utf-8")


def test_every_fault_is_named_and_none_besides() -> None:
    table = README[README.index("| of | faults |") :].split("\n\n")[0]
    told = {*REMEDIES, *keeper._REMEDIES, keeper.JOURNAL_CROWDED, "journal-damaged", "clock-stepped"}
    told |= {port.GONE, port.TAKEN, port.DENIED, port.UNUSABLE, uplink.PUBLISH_REFUSED, uplink.STATUS_NOT_ECHOED}
    assert set(re.findall(r"`([a-z-]+)`", table)) == told
    assert JournalWriteError.of(OSError("No space left on device")).fault in told


def test_the_limits_of_certainty_are_those_of_the_code() -> None:
    assert f"said at {cells.DEGRADED_SHARE} at most" in README
    assert f"said at {unseen.KNOWN_SHARE} at most" in README


def test_what_the_promise_names_is_broken_on_purpose() -> None:
    promise = (ROOT / "README.md").read_text(encoding="utf-8").split("What it promises", 1)[1].split(":", 1)[0]
    rows = " ".join(scenario.what for scenario in SCENARIOS)
    broken = {
        "crash": "kill -9",
        "power cut": "power cut",
        "broker": "broker stopped",
        "network": "network cut",
        "cable": "USB unplugged",
        "board": "board reset",
        "cell": "one cell dead",
    }
    assert all(word in promise and row in rows for word, row in broken.items())

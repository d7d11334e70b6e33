"""Ten thousand events wait for the broker: all arrive, in order, once, and the watermark only after them."""

from __future__ import annotations

import json
import time
from pathlib import Path

from agent.journal import Entry, Journal, SavedLine
from tests.e2e.agent_parts import Chain, gaps
from tests.e2e.conftest import Mosquitto

EVENTS = 10_000
BOUND_S = 60.0


def waiting(folder: Path) -> None:
    """A life that ended with everything untold, an hour ago."""
    now_ns = time.time_ns() - 3600 * 1_000_000_000
    journal = Journal(folder)
    line = SavedLine("another boot", 0, now_ns, 0, now_ns, None)
    body = {"specversion": "1.0", "source": "/stores/faults/agents/a1", "type": "shelf.v1.fault", "epoch": "before"}
    entries = []
    for number in range(1, EVENTS + 1):
        sequence = f"{number:016d}"
        more = {"id": f"before-{sequence}", "sequence": sequence, "time": "2026-01-01T00:00:00.000000Z"}
        text = json.dumps({**body, **more, "subject": "a1", "data": {"fault": "test", "remedy": "x" * 300}})
        entries.append(Entry(number, now_ns, text))
    journal.commit("before", entries, None, line, 0)
    journal.close()


def test_all_arrive_in_order_and_the_watermark_after_them(tmp_path: Path, mosquitto: Mosquitto) -> None:
    chain = Chain(tmp_path, mosquitto.port)
    waiting(chain.agent.state)
    try:
        chain.shelf.board.start()
        chain.collector.start()
        chain.agent.start()
        events = chain.collector.events
        chain.wait(lambda: bool(chain.collector.watermarks), "watermark", BOUND_S)
        assert len([event for event in events if event["epoch"] == "before"]) == EVENTS
        assert gaps(events) == []
        assert chain.collector.again == 0
        chain.wait_measuring()
        link = {"epoch": "before", "sequence": f"{EVENTS:016d}"}
        assert chain.collector.watermarks[-1]["data"]["previous"] == link
    finally:
        chain.close()

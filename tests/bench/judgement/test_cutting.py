"""Cutting a recording at `settled` shows an agent that claims to have known earlier than it did."""

import sys
from pathlib import Path

import pytest

from bench.judgement.cases import prepare, sources_revision
from bench.judgement.cutting import check_cuts
from bench.judgement.parties import judge_case
from bench.recordings.cases import CaseId

AGENT = """
import datetime as dt, json, sys
from mcap.reader import make_reader
claimed_s = {claimed}
path = sys.argv[sys.argv.index("--recording") + 1]
with open(path, "rb") as file:
    last = max(m.log_time for _, _, m in make_reader(file).iter_messages())
truth = json.load(open("{truth}"))
for k, e in enumerate(truth["events"]):
    t = dt.datetime.fromtimestamp(truth["start_ns"] / 1e9, dt.UTC) + dt.timedelta(seconds=e["t"])
    knows = truth["start_ns"] + int((e["t"] + 0.5) * 1e9) <= last
    data = {{"plate": e["plate"], "delta_g": -1.0 if e["kind"] == "pick" else 1.0, "confidence": 0.99,
            "items": [{{"sku": s, "qty": n}} for s, n in e["items"].items()] if knows else [],
            "settled": (t + dt.timedelta(seconds=claimed_s)).isoformat()}}
    if t.timestamp() * 1e9 <= last:
        print(json.dumps({{"id": f"x-{{k}}", "type": "shelf.v1." + e["kind"], "time": t.isoformat(), "data": data}}))
"""


@pytest.mark.parametrize(("claimed_s", "honest"), [(0.6, True), (0.1, False)])
def test_an_agent_that_peeks_is_found(claimed_s: float, honest: bool, tmp_path: Path) -> None:
    (case,) = prepare([CaseId("singles", 1)], tmp_path / "cache", 1)
    script = tmp_path / "agent.py"
    script.write_text(AGENT.format(claimed=claimed_s, truth=case.folder / "truth.json"))
    command = (sys.executable, str(script))
    verdict = judge_case(case, command)
    checks = check_cuts(verdict, command, 2)
    assert len(checks) == 2
    assert all(check.compared for check in checks)
    assert all(not check.changed for check in checks) == honest


def test_the_cache_knows_its_sources() -> None:
    assert len(sources_revision()) == 10
    assert sources_revision() == sources_revision()

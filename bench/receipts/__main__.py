"""`make bench-receipts`: cases through `shelf-agent replay` and `shelf-resolver replay`; a table of receipts."""

from __future__ import annotations

import argparse
import json
import random
import shlex
import subprocess
import sys
import tempfile
import tomllib
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.families.registry import FAMILIES
from bench.receipts.ideal import ideal_events
from bench.receipts.messages import Stream, Tracker, seconds, visitors
from bench.receipts.scoring import HEADER, Judged, is_right, table
from bench.recordings.batch import make_cases
from bench.recordings.cases import CaseId
from bench.scoring.replay import replay

STAFFED = ("restock",)
"""Families whose movements are the staff's: nobody is billed, and no command says so in a recording."""
TOMATOES = "tomatoes"
REORDER_S = 5.0
RESOLVER_LIMIT_S = 300.0


@dataclass(frozen=True)
class Outcome:
    """The receipts of one case, and whether disorder and duplicates left them as they were."""

    family: str
    shoppers: int
    judged: list[Judged]
    same_bytes: bool


def main() -> int:
    """Make what is missing, replay, judge, print."""
    parser = argparse.ArgumentParser(prog="bench-receipts", description=__doc__)
    parser.add_argument("--family", default="all", help="families by name, comma-separated, or 'all' (default)")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of each family, from 1 (default 3)")
    parser.add_argument(
        "--right", type=float, default=0.9, help="share of the time that the tracker is right (default 0.9)"
    )
    parser.add_argument(
        "--confusion-s",
        type=float,
        default=0.5,
        help="for how long the tracker confuses people (s, default 0.5); 0 makes every message wrong by itself",
    )
    parser.add_argument("--output", type=Path, default=Path("out/receipts"), help="folder of the cases")
    parser.add_argument("--ideal", action="store_true", help="true events in place of an agent's: the resolver alone")
    parser.add_argument("--agent", default="shelf-agent", help="the agent's command")
    parser.add_argument("--resolver", default="shelf-resolver", help="the resolver's command")
    parser.add_argument("--jobs", type=int, default=2, help="cases at a time (default 2)")
    chosen = parser.parse_args()
    names = [name for name in FAMILIES if name not in STAFFED] if chosen.family == "all" else chosen.family.split(",")
    ids = [CaseId(name, seed) for name in names for seed in range(1, chosen.seeds + 1)]
    folders = list(make_cases(ids, chosen.output, chosen.jobs, False))
    with ThreadPoolExecutor(chosen.jobs) as pool:
        outcomes = list(pool.map(lambda folder: _run(folder, chosen), folders))
    _report(outcomes)
    return 0


def _run(folder: Path, chosen: argparse.Namespace) -> Outcome:
    truth = json.loads((folder / "truth.json").read_text())
    store = tomllib.loads((folder / "store.toml").read_text())
    told = ideal_events(truth, store) if chosen.ideal else _told(folder, chosen.agent)
    rng = np.random.default_rng(zlib.crc32(folder.name.encode()))
    stood = json.loads((folder / "presence.json").read_text())
    inside = visitors(truth, stood, rng)
    stream = Stream(store["store"]["id"], truth["start_ns"])
    stream.doors(inside)
    stream.events(told)
    agents = [agent["id"] for agent in store.get("agent", [])] or ["a1"]
    for agent in agents:
        served = {plate["id"] for plate in store["plate"] if plate.get("agent", agents[0]) == agent}
        touches = [(t["start_s"], t["end_s"], t["plate"]) for t in truth["touches"] if t["plate"] in served]
        own = [event for event in told if event["source"].endswith(f"/{agent}")]
        stream.watermarks(own, agent, truth["duration"] + 10, touches)
    if len(inside) > 1:
        plates = [plate["id"] for plate in store["plate"]]
        stream.presence(truth, stood, inside, plates, Tracker(chosen.right, chosen.confusion_s, rng))
    messages = stream.messages()
    receipts = list(_receipts(messages, folder, chosen.resolver))
    disordered = list(_receipts(_disorder(messages, truth["start_ns"]), folder, chosen.resolver))
    judged = [
        _judge(folder.name, receipt["data"], truth) for receipt in receipts if receipt["type"] == "shelf.v1.receipt"
    ]
    return Outcome(truth["name"], len(inside), judged, receipts == disordered)


def _told(folder: Path, agent: str) -> list[dict[str, Any]]:
    """What the agent tells of a case."""
    done = replay(shlex.split(agent), folder)
    if done.returncode:
        raise SystemExit(f"bench-receipts: {folder}: the agent ended with {done.returncode}: {done.stderr[-300:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _receipts(messages: list[dict[str, Any]], folder: Path, resolver: str) -> Iterator[dict[str, Any]]:
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps(message) + "\n" for message in messages)
        file.flush()
        command = [*shlex.split(resolver), "replay", "--store", str(folder / "store.toml"), file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RESOLVER_LIMIT_S)
    if done.returncode:
        raise SystemExit(f"bench-receipts: {folder}: the resolver ended with {done.returncode}: {done.stderr[-300:]}")
    return (json.loads(line) for line in done.stdout.splitlines())


def _disorder(messages: list[dict[str, Any]], start_ns: int) -> list[dict[str, Any]]:
    rng = random.Random(len(messages))
    late = [
        (seconds(start_ns, message["payload"]["recordedtime"]) + rng.uniform(0, REORDER_S - 0.01), number)
        for number, message in enumerate(messages)
    ]
    return [messages[number] for _, number in sorted(late) for _ in range(rng.choice((1, 1, 2)))]


def _judge(case: str, data: dict[str, Any], truth: dict[str, Any]) -> Judged:
    who = data["session"]
    right = is_right(data["lines"], truth["baskets"].get(who, {}), truth["weights"].get(who, {}))
    start = truth["start_ns"]
    delay_s = seconds(start, data["issued"]) - seconds(start, data["exited"])
    return Judged(case, who, right, data["state"] == "review", delay_s, tuple(data["reasons"]))


def _report(outcomes: list[Outcome]) -> None:
    families: dict[str, list[Judged]] = {}
    for outcome in outcomes:
        families.setdefault(outcome.family, []).extend(outcome.judged)
    alone = [entry for outcome in outcomes if outcome.shoppers == 1 for entry in outcome.judged]
    together = [entry for outcome in outcomes if outcome.shoppers > 1 for entry in outcome.judged]
    same = sum(outcome.same_bytes for outcome in outcomes)
    silent = [entry for outcome in outcomes for entry in outcome.judged if entry.silently_wrong]
    lines = [
        HEADER,
        *(table(name, judged) for name, judged in families.items()),
        "",
        table("one shopper", alone),
        table("two and three shoppers", together),
        table("tomato trial", families.get(TOMATOES, [])),
        f"same receipts in disorder and with duplicates: {same} of {len(outcomes)} cases",
        *(f"silently wrong: {entry.case} {entry.session}" for entry in silent),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())

"""Who is judged: the agent, the published rules, the oracle."""

from __future__ import annotations

import dataclasses
import functools
import json
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.judgement.cases import JudgedCase
from bench.oracle import oracle
from bench.rules import PUBLISHED, TUNED, read_case, tasmota, winners
from bench.scoring import Told, parse_told
from bench.scoring.replay import replay
from bench.scoring.report import Score, score_events

OURS, WINNERS, WINNERS_TUNED, TASMOTA, ORACLE = "ours", "winners", "tuned", "tasmota", "oracle"
RULES = (WINNERS, WINNERS_TUNED, TASMOTA)
RULES_FILE = "rules.json"


@dataclass
class Verdict:
    """A case with what each party told of it, and the score of each."""

    case: JudgedCase
    told: dict[str, list[Told]] = field(default_factory=dict)
    scores: dict[str, Score] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)  # what the agent printed
    failure: str | None = None


def judge_cases(cases: Sequence[JudgedCase], command: Sequence[str], jobs: int) -> Iterator[Verdict]:
    """Judge cases, `jobs` at a time, in order; without a command the agent is left out."""
    one = functools.partial(judge_case, command=tuple(command))
    if jobs == 1 or len(cases) == 1:
        yield from map(one, cases)
        return
    with multiprocessing.get_context("spawn").Pool(min(jobs, len(cases))) as pool:
        yield from pool.imap(one, cases)


def judge_case(case: JudgedCase, command: Sequence[str]) -> Verdict:
    """All parties on one case. Raises AgentError where the agent cannot be run or tells no events."""
    verdict = Verdict(case, told={**_rules(case.folder), ORACLE: oracle(case.folder, case.truth, case.prior)})
    corrections = 0
    if command:
        done = replay(command, case.folder)
        verdict.lines = done.stdout.splitlines()
        if done.returncode:
            verdict.failure = f"exit {done.returncode}: {(done.stderr.strip().splitlines() or ['nothing said'])[-1]}"
        verdict.told[OURS], corrections = parse_told(verdict.lines, case.truth["start_ns"])
    verdict.scores = {
        party: score_events(case.truth, told, corrections if party == OURS else 0)
        for party, told in verdict.told.items()
    }
    return verdict


def _rules(folder: Path) -> dict[str, list[Told]]:
    """What the rules tell, reckoned once a recording."""
    path = folder / RULES_FILE
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {party: [Told(**event) for event in kept[party]] for party in RULES}
    reading = read_case(folder)
    told = {
        WINNERS: winners(reading, PUBLISHED),
        WINNERS_TUNED: winners(reading, TUNED),
        TASMOTA: tasmota(reading),
    }
    plain = {party: [dataclasses.asdict(event) for event in events] for party, events in told.items()}
    path.write_text(json.dumps(plain), encoding="utf-8")
    return told

"""`shelf-bench score`: an agent's figures on recordings with their truth."""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from pathlib import Path

from bench.commands.errors import UsageError
from bench.commands.selection import parse_jobs

NAME = "score"
HELP = "replay every case below a folder through an agent and score what it tells (delays in s, shares of 1)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the cases are and which agent."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder with cases (made by: shelf-bench make)")
    parser.add_argument(
        "--agent",
        default="shelf-agent",
        metavar="COMMAND",
        help="what to run: COMMAND replay ... (default shelf-agent)",
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="replays at once")
    parser.add_argument("--cases", action="store_true", help="a line a case besides")


def run(arguments: argparse.Namespace) -> int:
    """Score and print; exit 1 where a replay failed."""
    from bench.scoring.replay import AgentError, CaseError, Result, find_cases, judge_all
    from bench.scoring.report import Score, total
    from bench.scoring.table import score_table

    if not arguments.agent.split():
        raise UsageError("--agent: empty; name the command, such as shelf-agent")
    jobs = parse_jobs(arguments.jobs)
    results: list[Result] = []
    try:
        for result in judge_all(arguments.agent, find_cases(arguments.folder), jobs):
            results.append(result)
            if result.failure:
                print(f"{result.folder}: {result.failure}", file=sys.stderr)
    except (CaseError, AgentError) as error:
        raise UsageError(str(error)) from error
    if arguments.cases:
        print(score_table({r.folder.name: r.score for r in results}), end="\n\n")
    families: dict[str, list[Score]] = defaultdict(list)
    for result in results:
        families[result.family].append(result.score)
    table = {family: total(scores) for family, scores in families.items()}
    print(score_table({**table, "total": total(r.score for r in results)}))
    return 1 if any(result.failure for result in results) else 0

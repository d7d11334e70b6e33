"""Run an agent's replay over cases and score what it tells."""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.scoring.report import Score, score_case

REPLAY_LIMIT_S = 900.0


class CaseError(Exception):
    """A folder that is no case: `folder`, `why`."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(f"{folder}: {why}")
        self.folder, self.why = folder, why


class AgentError(Exception):
    """A command that cannot be run at all."""


@dataclass(frozen=True)
class Result:
    """A case's family, folder, score, and what the agent said when it failed."""

    family: str
    folder: Path
    score: Score
    failure: str | None = None


def find_cases(root: Path) -> list[Path]:
    """Folders with a truth.json and a recording, below a folder or itself. Raises CaseError where there are none."""
    if not root.is_dir():
        raise CaseError(root, "no such folder")
    found = sorted(path.parent for path in root.rglob("truth.json") if (path.parent / "recording.mcap").exists())
    if not found:
        raise CaseError(root, "holds no case (a folder with truth.json and recording.mcap)")
    return found


def replay(command: Sequence[str], folder: Path, recording: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `COMMAND replay` on a case, or on another recording of its store, with an empty state. Raises AgentError."""
    with tempfile.TemporaryDirectory(prefix="shelf-bench-") as state:
        measured = recording or folder / "recording.mcap"
        arguments = ["replay", "--store", str(folder / "store.toml"), "--recording", str(measured)]
        try:
            return subprocess.run(
                [*command, *arguments, "--state", state],
                capture_output=True,
                text=True,
                check=False,
                timeout=REPLAY_LIMIT_S,
            )
        except OSError as error:
            raise AgentError(f"'{command[0]}' cannot be run: {error.strerror}") from error
        except subprocess.TimeoutExpired as error:
            raise AgentError(f"'{command[0]}' did not end within {REPLAY_LIMIT_S:.0f} s on {folder}") from error


def judge(command: Sequence[str], folder: Path) -> Result:
    """Replay and score one case. Raises CaseError, AgentError."""
    try:
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        family = str(truth["name"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CaseError(folder, f"truth.json cannot be read: {error}") from error
    done = replay(command, folder)
    failure = None
    if done.returncode:
        failure = f"exit {done.returncode}: {(done.stderr.strip().splitlines() or ['nothing said'])[-1]}"
    try:
        score = score_case(truth, done.stdout.splitlines())
    except (ValueError, KeyError, TypeError) as error:
        raise AgentError(f"{folder}: what was told is no event of contract messages.md: {error!r}") from error
    return Result(family, folder, score, failure)


def judge_all(command: str, folders: Sequence[Path], jobs: int) -> Iterator[Result]:
    """Judge many cases, `jobs` at a time, in order."""
    words = shlex.split(command)
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda folder: judge(words, folder), folders)

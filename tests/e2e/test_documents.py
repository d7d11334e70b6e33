"""What README.md, hardware.md and the packages' pages tell people to type is what there is; the cheap of it is run."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.commands.main import _parser as agent_parser
from bench.commands import build_parser as bench_parser
from bench.faults.actors import program
from bench.faults.board import wait_until
from resolver.commands.main import _parser as resolver_parser

TREE = Path(__file__).parents[2]
PAGES = ("README.md", "hardware.md", *(f"{room}/README.md" for room in ("agent", "bench", "resolver", "firmware")))
TRIAL = re.compile(r"^    (shelf-(?:bench|agent) .*)$", re.M)
BOUND_S = 60.0


def typed() -> Iterator[tuple[str, str]]:
    """Page and command, without the remark behind it: of blocks and of spans."""
    for page in PAGES:
        text = (TREE / page).read_text()
        blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
        lines = [*re.findall(r"^    (\S.*)$", text, re.M), *(line for block in blocks for line in block.splitlines())]
        for line in [*lines, *re.findall(r"`([^`\n]+)`", text)]:
            yield page, re.split(r"\s+#|\s>+\s", line)[0].strip()


def of(*programs: str) -> list[tuple[str, str]]:
    """Commands of these programs; a name alone in the text is none."""
    found = set()
    for page, text in typed():
        line = re.sub(r"^(sudo( -u \w+)? |sh |\.venv/bin/)+", "", text)
        if re.match(rf"({'|'.join(programs)}) \S", line) and "..." not in line:
            found.add((page, line))
    return sorted(found)


def parser_of(words: list[str]) -> argparse.ArgumentParser:
    makers = {"shelf-bench": bench_parser, "shelf-resolver": resolver_parser}
    return agent_parser(words[1:]) if words[0] == "shelf-agent" else makers[words[0]]()


@pytest.mark.parametrize(("page", "line"), of("shelf-agent", "shelf-bench", "shelf-resolver"))
def test_every_command_has_the_flags_it_is_told_with(page: str, line: str) -> None:
    words = shlex.split(line)
    if words[1:2] and re.fullmatch(r"[A-Z]+", words[1]):
        pytest.skip("a pattern, no command")
    if len(words) == 2:  # the name of a command, told of
        assert words[1] in parser_of([words[0], "--help"]).format_help()
        return
    parser_of(words).parse_args(words[1:])


@pytest.mark.parametrize(("page", "line"), of("make"))
def test_every_target_is_there(page: str, line: str) -> None:
    words = shlex.split(line)[1:]
    folder = TREE
    if words[0] == "-C":
        folder, words = TREE / words[1], words[2:]
    targets = [word for word in words if "=" not in word]
    known = re.findall(r"^([a-z-]+)(?: [^:]*)?:", (folder / "Makefile").read_text(), re.M)
    assert set(targets) <= set(known)


def test_every_file_that_is_named_is_there() -> None:
    missing = []
    for page in PAGES:
        text = (TREE / page).read_text()
        near = (TREE / page).parent
        for name in re.findall(r"\]\(([^)#:]+)\)", text):
            if not (near / name).exists():
                missing.append((page, name))
        for name in re.findall(r"`(?:sudo )?(?:sh )?((?:deploy|firmware|hardware|tests)/[\w./-]+)", text):
            if not (TREE / name).exists():
                missing.append((page, name))
    assert missing == []


def test_the_trial_without_hardware_goes_as_hardware_md_says(tmp_path: Path) -> None:
    """The board's line as it is; of the others those that need no hand, and the check no longer than it must."""
    lines = TRIAL.findall((TREE / "hardware.md").read_text())
    assert [shlex.split(line)[1] for line in lines] == ["board", "check", "check", "calibrate", "tare", "run"]
    environment = {**os.environ, "PATH": f"{Path(program('shelf-agent')).parent}{os.pathsep}{os.environ['PATH']}"}
    board = subprocess.Popen(
        shlex.split(lines[0]),
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert wait_until(lambda: len(list(tmp_path.glob("ports/*"))) == 2, BOUND_S)
        for line, more, says in ((lines[1], ["--for", "3"], "ok: nothing is wrong"), (lines[4], [], "plate P1: tared")):
            done = subprocess.run(
                [*shlex.split(line), *more],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=BOUND_S,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            assert says in done.stdout
        assert (tmp_path / "state" / "calibration.json").exists()
    finally:
        board.terminate()
        board.wait(BOUND_S)

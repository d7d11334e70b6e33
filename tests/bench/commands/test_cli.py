"""`shelf-bench` as people use and misuse it."""

import json
import sys
from pathlib import Path

import pytest

from bench.commands import main

AGENT = """
import json, sys
folder = sys.argv[sys.argv.index("--recording") + 1].rsplit("/", 1)[0]
truth = json.load(open(folder + "/truth.json"))
import datetime as dt
for k, e in enumerate(truth["events"]):
    t = dt.datetime.fromtimestamp(truth["start_ns"] / 1e9, dt.UTC) + dt.timedelta(seconds=e["t"])
    settled = t + dt.timedelta(seconds=0.25)
    data = {"plate": e["plate"], "delta_g": -e["weight"] if e["kind"] == "pick" else e["weight"], "confidence": 0.99,
            "items": [{"sku": s, "qty": n} for s, n in e["items"].items()], "settled": settled.isoformat()}
    print(json.dumps({"id": f"x-{k}", "type": "shelf.v1." + e["kind"], "time": t.isoformat(), "data": data}))
"""


@pytest.fixture
def agent(tmp_path: Path) -> str:
    """An agent that reads the truth: the scorer must find nothing wrong."""
    path = tmp_path / "cheat.py"
    path.write_text(AGENT)
    return f"{sys.executable} {path}"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["make", "--family", "nothing", "--output", "x"], "no family is called 'nothing'"),
        (["make", "--family", ",", "--output", "x"], "empty"),
        (["make", "--seeds", "7-3", "--output", "x"], "no seed or range"),
        (["make", "--seeds", "a", "--output", "x"], "no seed or range"),
        (["make", "--seeds", "1-999999", "--output", "x"], "more than"),
        (["make", "--jobs", "0", "--output", "x"], "at least 1"),
        (["score", "nowhere"], "no such folder"),
        (["score", "."], "holds no case"),
        (["score", ".", "--agent", " "], "empty"),
        (["score", ".", "--jobs", "0"], "at least 1"),
    ],
)
def test_bad_input_gets_one_clear_line_and_exit_2(
    arguments: list[str],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert complaint in said.err


@pytest.mark.parametrize("arguments", [[], ["unknown"], ["make"], ["make", "--rate", "20", "--output", "x"]])
def test_usage_errors_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_an_output_that_is_a_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("")
    assert main(["make", "--family", "idle", "--output", str(tmp_path / "taken")]) == 2
    assert "cannot be made a folder" in capsys.readouterr().err


def test_families_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["families"]) == 0
    assert "two_one_back" in capsys.readouterr().out


def test_cases_are_made_and_scored(tmp_path: Path, agent: str, capsys: pytest.CaptureFixture[str]) -> None:
    cases = tmp_path / "cases"
    assert main(["make", "--family", "singles,put_back", "--output", str(cases), "--jobs", "1"]) == 0
    assert {path.name for path in cases.iterdir()} == {"singles-1", "put_back-1"}
    capsys.readouterr()
    assert main(["score", str(cases), "--agent", agent, "--jobs", "1", "--cases"]) == 0
    last = capsys.readouterr().out.splitlines()[-1].split()
    assert last[0] == "total"
    assert last[3:6] == ["1.0000", "1.0000", "1.000"]
    assert float(last[9]) == pytest.approx(0.25, abs=0.01)


def test_an_agent_that_cannot_be_run_or_fails_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["make", "--family", "singles", "--output", str(tmp_path), "--jobs", "1"]) == 0
    assert main(["score", str(tmp_path), "--agent", "no-such-agent", "--jobs", "1"]) == 2
    assert "cannot be run" in capsys.readouterr().err
    assert main(["score", str(tmp_path), "--agent", f"{sys.executable} -c raise", "--jobs", "1"]) == 1
    assert "exit 1" in capsys.readouterr().err
    (tmp_path / "singles-1" / "truth.json").write_text("{")
    assert main(["score", str(tmp_path), "--agent", "true", "--jobs", "1"]) == 2
    assert "truth.json cannot be read" in capsys.readouterr().err


def test_a_judgement_is_written(tmp_path: Path, agent: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["judge", "--family", "two_one_back,idle", "--seeds", "1", "--jobs", "1", "--cuts", "0"]
    places = ["--output", str(tmp_path / "out"), "--cache", str(tmp_path / "cache")]
    assert main([*arguments, *places, "--agent", agent]) == 0
    table = capsys.readouterr().out
    assert "two_one_back" in table
    assert "met     items exactly right" in table
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"table.txt", "figures.json", "reliability.png", "two_one_back.png", "idle.png"}
    figures = json.loads((tmp_path / "out" / "figures.json").read_text())
    assert figures["two_one_back"]["ours"]["right"] == figures["two_one_back"]["ours"]["truth"]
    made = next((tmp_path / "cache").rglob("recording.mcap")).stat().st_mtime_ns
    assert main([*arguments, *places, "--agent", "", "--no-pictures"]) == 0
    assert next((tmp_path / "cache").rglob("recording.mcap")).stat().st_mtime_ns == made
    assert "ours" not in capsys.readouterr().out

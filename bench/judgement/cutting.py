"""Whether what was told by an instant stays what it was when the recording ends there."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.judgement.parties import OURS, Verdict
from bench.recordings.container import cut_recording
from bench.scoring import Told, parse_told
from bench.scoring.replay import replay

USB_SLACK_S = 0.035  # the bytes of an instant have arrived so long after it, at the latest
FRAME_PERIODS = 1.5  # a SAMPLE goes out so long after its first conversion


@dataclass(frozen=True)
class CutCheck:
    """One cut: at which instant (s), how many events had been told by then, and which differ."""

    folder: Path
    at_s: float
    compared: int
    changed: tuple[str, ...]


def check_cuts(verdict: Verdict, command: Sequence[str], cuts: int) -> list[CutCheck]:
    """Cut a case's recording at `settled` of some of its events and replay what is left."""
    told = [event for event in verdict.told[OURS] if event.settled is not None]
    if not told or cuts < 1:
        return []
    picked = {round((k + 1) * len(told) / (cuts + 1)) % len(told) for k in range(cuts)}
    return [_check(verdict, command, event.settled) for k in sorted(picked) if (event := told[k]).settled is not None]


def _check(verdict: Verdict, command: Sequence[str], at_s: float) -> CutCheck:
    start_ns = int(verdict.case.truth["start_ns"])
    slack_s = USB_SLACK_S + FRAME_PERIODS / verdict.case.id.rate_hz
    folder = verdict.case.folder
    with tempfile.TemporaryDirectory(prefix="shelf-bench-") as scratch:
        short = Path(scratch) / "recording.mcap"
        cut_recording(folder / "recording.mcap", short, start_ns + round((at_s + slack_s) * 1e9))
        lines = replay(command, folder, short).stdout.splitlines()
    whole = _by_then(verdict.lines, start_ns, at_s)
    cut = _by_then(lines, start_ns, at_s)
    changed = [_said(event) for event in whole if _said(event) not in {_said(e) for e in cut}]
    changed += [_said(event) for event in cut if _said(event) not in {_said(e) for e in whole}]
    return CutCheck(folder, at_s, len(whole), tuple(changed))


def _by_then(lines: Sequence[str], start_ns: int, at_s: float) -> list[Told]:
    """Events as first told, settled by an instant."""
    first = [line for line in lines if ".correction" not in line]
    told, _ = parse_told(first, start_ns)
    return [event for event in told if event.settled is not None and event.settled <= at_s + 1e-6]


def _said(event: Told) -> str:
    items = ", ".join(f"{qty} {sku}" for sku, qty in sorted(event.items.items())) or "something else"
    return f"{event.plate} {event.kind} at {event.t:.3f} s: {items} ({event.delta_g:.1f} g, {event.confidence:.3f})"

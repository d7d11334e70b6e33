"""Verdicts on a port and the board behind it, and on each of its channels that a plate needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent.diagnosis.figures import ChannelFigures, alias_hz, channel_figures
from agent.diagnosis.findings import REMARK, Finding
from agent.diagnosis.parameters import DiagnosisParameters
from agent.sources.capture import Capture
from agent.sources.port import PortError
from agent.store import Cell
from agent.wire import PROTOCOL, Hello

_FULL_SCALE = 0x800000
_BROWN_OUT, _WATCHDOG = 4, 8


@dataclass(frozen=True, slots=True)
class Port:
    """A port as diagnosed: figures by channel, findings."""

    source: str
    hello: Hello | None
    figures: dict[int, ChannelFigures]
    findings: tuple[Finding, ...]


def diagnose_port(
    capture: Capture, cells: dict[int, tuple[str, Cell]], seconds: float, parameters: DiagnosisParameters
) -> Port:
    """What a port showed within `seconds`. `cells`: plate and cell by channel, as the store file has them."""
    hello = capture.hello
    if hello is None:
        return Port(capture.source, None, {}, tuple(_mute(capture, seconds)))
    findings = list(_board(capture, hello, parameters))
    rows = capture.conversions()
    figures: dict[int, ChannelFigures] = {}
    if not len(rows.t_s):
        findings.append(Finding("no-samples", _name(hello), f"says HELLO, but no conversion came in {seconds:.0f} s"))
        return Port(capture.source, hello, figures, tuple(findings))
    wanted = cells if cells else {}
    for channel in sorted(wanted):
        where = f"{_name(hello)} channel {channel} (plate {wanted[channel][0]})"
        if channel >= hello.channels:
            findings.append(Finding("channel-missing", where, f"the board reads channels 0 to {hello.channels - 1}"))
            continue
        figures[channel] = channel_figures(rows, channel, seconds)
        findings += _channel(figures[channel], where, wanted[channel][1], hello.rate_hz, parameters)
    return Port(capture.source, hello, figures, tuple(findings))


def _name(hello: Hello) -> str:
    return f"board {hello.board_id}"


def _mute(capture: Capture, seconds: float) -> Iterator[Finding]:
    """A port behind which no board of this protocol has spoken."""
    where = f"port {capture.source}"
    good, bad = capture.frames
    if capture.error is not None:
        yield _unusable(capture.error)
    elif capture.other is not None:
        told = (
            f"board {capture.other.board_id} speaks protocol {capture.other.protocol}, this agent protocol {PROTOCOL}"
        )
        yield Finding("wrong-protocol", where, told)
    elif not capture.bytes:
        yield Finding("dead-board", where, f"not a byte in {seconds:.0f} s, though it was asked who it is")
    elif good:
        yield Finding("no-hello", where, f"{good} frames, but no HELLO in {seconds:.0f} s")
    else:
        yield Finding(
            "wrong-port", where, f"{capture.bytes} bytes, and none of them a frame ({bad} broken): no shelf board"
        )


def _unusable(error: PortError) -> Finding:
    return Finding(error.fault, f"port {error.path}", error.reason, advice=error.remedy)


def _board(capture: Capture, hello: Hello, p: DiagnosisParameters) -> Iterator[Finding]:
    where = _name(hello)
    if capture.error is not None:
        yield _unusable(capture.error)
    if hello.unset:
        yield Finding(
            "board-id-unset", f"port {capture.source}", f"the board has no id ({hello.board_id}) and is not used"
        )
    if capture.restarts:
        yield Finding("board-restarts", where, f"restarted {capture.restarts} times meanwhile")
    elif hello.reset_cause & (_BROWN_OUT | _WATCHDOG):
        cause = "a brown-out" if hello.reset_cause & _BROWN_OUT else "its watchdog"
        yield Finding("board-restarts", where, f"its last start was by {cause} (start {hello.boot})", REMARK)
    good, bad = capture.frames
    lost = bad + capture.lost_frames
    if lost > max(3, p.line_error_share * good):
        yield Finding("line-errors", where, f"{bad} frames broken and {capture.lost_frames} lost of {good}")
    if capture.status is not None and 0 < capture.status.supply_mv < p.supply_mv:
        told = f"supply {capture.status.supply_mv / 1000:.2f} V, at least {p.supply_mv / 1000:.1f} V are needed"
        yield Finding("supply-low", where, told)


def _channel(
    figures: ChannelFigures, where: str, cell: Cell, nominal_hz: int, p: DiagnosisParameters
) -> Iterator[Finding]:
    """The first thing that is wrong hides the rest: what follows from it is not told."""
    per_gram = abs(cell.counts_per_gram)
    if figures.conversions < 2 or figures.rate_hz <= 0:
        yield Finding("unplugged", where, "delivers nothing")
        return
    if figures.saturated_share > 0.5:
        yield Finding("saturated", where, f"{figures.saturated_share:.0%} of the words are at the end of the range")
        return
    if figures.distinct <= p.stuck_distinct:
        yield Finding("stuck", where, f"always the same word ({figures.mean_counts:.0f}), which no live chip gives")
        return
    if abs(figures.rate_hz / nominal_hz - 1.0) > p.rate_tolerance and figures.interval_spread < p.regular_spread:
        told = f"{figures.rate_hz:.1f} conversions a second, the board is set to {nominal_hz}"
        yield Finding("wrong-rate", where, told)
        return
    jumps = figures.wild_share + figures.saturated_share
    if figures.missing_share > p.missing_share or jumps > p.loose_share:
        told = f"{figures.missing_share:.1%} of its conversions missing, {jumps:.1%} jump, longest gap"
        yield Finding("loose-cable", where, f"{told} {figures.longest_gap_s:.2f} s")
        return
    if _hums(figures, p):
        mains = min(p.mains_hz, key=lambda hz: abs(alias_hz(hz, figures.rate_hz) - figures.line_hz))
        told = f"{mains:.0f} Hz from the mains, amplitude {figures.line_counts / per_gram:.1f} g"
        yield Finding("mains-hum", where, told)
    elif figures.noise_counts > p.noise_counts or figures.noise_counts / per_gram > p.noise_g:
        told = f"noise {figures.noise_counts:.0f} counts ({figures.noise_counts / per_gram:.2f} g) a conversion"
        yield Finding("noisy", where, told)
    if abs(figures.mean_counts) > p.span_share_of_scale * _FULL_SCALE:
        yield Finding("out-of-range", where, f"reads {figures.mean_counts / _FULL_SCALE:+.0%} of the converter's range")


def _hums(figures: ChannelFigures, p: DiagnosisParameters) -> bool:
    """Whether the strongest oscillation is the mains, folded down by the rate."""
    if figures.line_share < p.hum_share:
        return False
    rest = figures.noise_counts * (1.0 - figures.line_share) ** 0.5
    if figures.line_counts < p.hum_sigmas * rest:
        return False
    return any(
        abs(alias_hz(hz, figures.rate_hz) - figures.line_hz) < p.hum_tolerance_hz + 1.0 / max(figures.conversions, 1)
        for hz in p.mains_hz
    )

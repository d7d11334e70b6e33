"""The whole diagnosis of an agent's boards and plates from what its ports sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent.diagnosis.boards import Port, diagnose_port
from agent.diagnosis.figures import ChannelFigures
from agent.diagnosis.findings import Finding
from agent.diagnosis.parameters import DiagnosisParameters
from agent.diagnosis.plates import diagnose_plate, diagnose_wiring
from agent.sources.capture import Capture
from agent.store import Cell, Plate, Store

Contents = Mapping[str, Mapping[str, int]]
_UNSOUND = frozenset({"unplugged", "saturated", "stuck", "loose-cable", "out-of-range"})


def diagnose_shelf(
    store: Store,
    agent: str,
    captures: list[Capture],
    contents: Contents,
    seconds: float,
    parameters: DiagnosisParameters | None = None,
) -> tuple[list[Port], list[Finding]]:
    """Ports with their figures, and all findings. `contents`: what should stand on each plate; `seconds`: listened."""
    p = parameters or DiagnosisParameters()
    plates = store.plates_of(agent)
    if not captures:
        return [], [Finding("no-ports", "USB", "no serial port is there")]
    cells: dict[str, dict[int, tuple[str, Cell]]] = {}
    for plate in plates:
        for cell in plate.cells:
            cells.setdefault(cell.board, {})[cell.channel] = (plate.id, cell)
    ports = [diagnose_port(capture, cells.get(capture.board_id or "", {}), seconds, p) for capture in captures]
    findings = [finding for port in ports for finding in port.findings]
    findings += _whose(ports, captures, set(cells))
    by_board = {port.hello.board_id: port for port in ports if port.hello}
    for plate in plates:
        figures = _sound(plate, by_board)
        if figures is None:
            continue
        own = diagnose_plate(plate, figures, p)
        if not any(finding.code == "touched" for finding in own):
            own += diagnose_wiring(plate, contents[plate.id], store.items, figures, p)
        findings += own
    return ports, findings


def _whose(ports: list[Port], captures: list[Capture], named: set[str]) -> Iterator[Finding]:
    """Boards that are there twice, unknown, or missing."""
    at: dict[str, list[str]] = {}
    for capture in captures:
        if capture.board_id is not None:
            at.setdefault(capture.board_id, []).append(capture.source)
    for board, sources in at.items():
        if len(sources) > 1:
            yield Finding("duplicate-board", f"board {board}", f"answers on {' and '.join(sources)}")
    for port in ports:
        if port.hello and not port.hello.unset and port.hello.board_id not in named:
            told = f"no plate of this agent names it (port {port.source})"
            yield Finding("board-unknown", f"board {port.hello.board_id}", told)
    mute = [port for port in ports if port.hello is None]
    missing = sorted(board for board in named if board not in at)
    if len(missing) <= len(mute):
        return  # the ports that say nothing are they
    for board in missing:
        yield Finding("board-missing", f"board {board}", "named in the store file, on none of the ports")


def _sound(plate: Plate, by_board: dict[str, Port]) -> list[ChannelFigures] | None:
    """Figures of the plate's cells in order; None where one of them is not to be judged by its weight."""
    figures = []
    for cell in plate.cells:
        port = by_board.get(cell.board)
        if port is None or cell.channel not in port.figures:
            return None
        here = f"{cell.board} channel {cell.channel} "
        if any(finding.code in _UNSOUND and here in finding.where for finding in port.findings):
            return None
        figures.append(port.figures[cell.channel])
    return figures

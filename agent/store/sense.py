"""Checks that need more than one key: references, spans, channels used twice."""

from __future__ import annotations

from collections.abc import Iterator

from agent.store.errors import Problem
from agent.store.lines import LineIndex, Path
from agent.store.model import GPIO_BOARD, Plate, StoreFile

DEFAULT_AGENT = "a1"


def default_agents(file: StoreFile) -> tuple[tuple[str, ...], tuple[Plate, ...]]:
    """Agent ids, and the plates with the agent filled in where the store has one."""
    agents = tuple(dict.fromkeys(agent.id for agent in file.agent)) or (DEFAULT_AGENT,)
    if len(agents) > 1:
        return agents, file.plate
    return agents, tuple(
        plate if plate.agent else plate.model_copy(update={"agent": agents[0]}) for plate in file.plate
    )


def check_sense(
    file: StoreFile, agents: tuple[str, ...], plates: tuple[Plate, ...], index: LineIndex
) -> Iterator[Problem]:
    """All faults between sections, in the order of the file."""
    yield from _twice("agent", "id", [agent.id for agent in file.agent], index)
    yield from _twice("item", "sku", [item.sku for item in file.item], index)
    yield from _twice("plate", "id", [plate.id for plate in plates], index)
    skus = {item.sku for item in file.item}
    for number, plate in enumerate(plates):
        yield from _plate(plate, number, agents, skus, index)
    yield from _channels(plates, index)


def _twice(section: str, key: str, values: list[str], index: LineIndex) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, value in enumerate(values):
        if value in seen:
            path: Path = (section, number, key)
            yield Problem(index.line(path), f"{section}.{key}", f"{value!r} a second time", "each may stand once")
        seen.add(value)


def _plate(plate: Plate, number: int, agents: tuple[str, ...], skus: set[str], index: LineIndex) -> Iterator[Problem]:
    base: Path = ("plate", number)
    if plate.agent not in agents:
        found = f"{plate.agent!r} is no agent of this store" if plate.agent else "missing"
        yield Problem(index.line((*base, "agent")), "plate.agent", found, f"one of: {', '.join(agents)}")
    for k, cell in enumerate(plate.cells):
        at: Path = (*base, "cell", k)
        if cell.board != plate.cells[0].board:  # conversions of two boards have no common instants to sum at
            found = f"found {cell.board!r} beside {plate.cells[0].board!r}"
            yield Problem(index.line((*at, "board")), "plate.cell.board", found, "all cells of a plate on one board")
        if cell.counts_per_gram == 0:
            line = index.line((*at, "counts_per_gram"))
            yield Problem(line, "plate.cell.counts_per_gram", "found 0", "never 0; negative where mounted upside down")
        for axis, value, size in (("x_mm", cell.x_mm, plate.size_mm[0]), ("y_mm", cell.y_mm, plate.size_mm[1])):
            if not 0 <= value <= size:
                yield Problem(index.line((*at, axis)), f"plate.cell.{axis}", f"found {value:g}", f"0 to {size:g} mm")
    for k, lane in enumerate(plate.lanes):
        at = (*base, "lane", k)
        if lane.sku not in skus:
            allowed = "add an [[item]] of this sku, or correct it"
            yield Problem(index.line((*at, "sku")), "plate.lane.sku", f"{lane.sku!r} has no item", allowed)
        spans = (("x_mm", lane.x_mm, plate.size_mm[0]), ("y_mm", lane.y_mm, plate.size_mm[1]))
        for axis, span, size in spans:
            if span is not None and not 0 <= span[0] < span[1] <= size:
                found = f"found [{span[0]:g}, {span[1]:g}]"
                yield Problem(
                    index.line((*at, axis)),
                    f"plate.lane.{axis}",
                    found,
                    f"a span on the plate, within 0 to {size:g} mm",
                )


def _channels(plates: tuple[Plate, ...], index: LineIndex) -> Iterator[Problem]:
    owners: dict[tuple[str, str, int], str] = {}
    board_agents: dict[str, str] = {}
    for number, plate in enumerate(plates):
        for k, cell in enumerate(plate.cells):
            at: Path = ("plate", number, "cell", k)
            scope = plate.agent if cell.board == GPIO_BOARD else ""
            channel = (scope, cell.board, cell.channel)
            if channel in owners:
                found = f"channel {cell.channel} of board {cell.board} is used by plate {owners[channel]} already"
                yield Problem(index.line((*at, "channel")), "plate.cell.channel", found, "each channel once")
            owners.setdefault(channel, plate.id)
            agent = board_agents.setdefault(cell.board, plate.agent)
            if cell.board != GPIO_BOARD and agent != plate.agent:
                found = f"board {cell.board} serves plates of agents {agent} and {plate.agent}"
                yield Problem(index.line((*at, "board")), "plate.cell.board", found, "a board hangs on one agent")

"""Reads a store file for the bench: the goods are taken to be what the file says, and as wide as their lanes allow.

The agent is the judge of store files; here only what cannot be simulated is refused.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from bench.shop.model import CellSite, Item, Lane, Plate, Shop

LARGEST_WIDTH_MM = 110.0
GPIO = "gpio"


class StoreFileError(ValueError):
    """A store file that cannot be simulated: which file, where in it, and why."""


def read_shop(path: Path, rate_hz: int) -> Shop:
    """The store of a file, with boards at a nominal rate.

    Raises:
        StoreFileError: no such file, not TOML, a key is missing or of a wrong type, or no cell is on a board.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoreFileError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except ValueError as error:
        raise StoreFileError(f"{path}: not TOML: {error}") from None
    where = "[store]"
    try:
        store_id = str(document["store"]["id"])
        plates = []
        for number, entry in enumerate(document.get("plate", []), 1):
            where = f"[[plate]] {number}"
            plates.append(_plate(entry))
        items = []
        for number, entry in enumerate(document.get("item", []), 1):
            where = f"[[item]] {number}"
            items.append(_item(entry, plates))
    except KeyError as error:
        raise StoreFileError(f"{path}: {where}: {error.args[0]} is missing") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise StoreFileError(f"{path}: {where}: {error}") from None
    known = {item.sku for item in items}
    for plate in plates:
        for lane in plate.lanes:
            if lane.sku not in known:
                raise StoreFileError(f"{path}: plate {plate.id}: its lane's sku {lane.sku!r} has no [[item]]")
    served = tuple(plate for plate in plates if all(cell.board != GPIO for cell in plate.cells))
    boards = tuple(dict.fromkeys(cell.board for plate in served for cell in plate.cells))
    if not boards:
        raise StoreFileError(f"{path}: no [[plate.cell]] is on a board")
    return Shop(store_id, tuple(items), served, rate_hz, boards)


def _plate(entry: dict[str, Any]) -> Plate:
    cells = tuple(
        CellSite(
            _board(cell["board"]),
            _channel(cell["channel"]),
            float(cell["x_mm"]),
            float(cell["y_mm"]),
            int(cell["zero_counts"]),
            float(cell["counts_per_gram"]),
        )
        for cell in entry.get("cell", [])
    )
    if not cells:
        raise ValueError("it has no [[plate.cell]]")
    lanes = tuple(
        Lane(str(lane["sku"]), _span(lane["x_mm"]), _span(lane["y_mm"]) if "y_mm" in lane else None, int(lane["stock"]))
        for lane in entry.get("lane", [])
    )
    return Plate(str(entry["id"]), _span(entry["size_mm"]), float(entry["max_g"]), cells, lanes)


def _item(entry: dict[str, Any], plates: list[Plate]) -> Item:
    sku, weight_g, sd_g = str(entry["sku"]), float(entry["unit_weight_g"]), float(entry["unit_sd_g"])
    homes = [(plate, lane) for plate in plates for lane in plate.lanes if lane.sku == sku]
    width_mm = min([lane.x_mm[1] - lane.x_mm[0] for _, lane in homes] + [LARGEST_WIDTH_MM])
    depth_mm = min([_depth(plate, lane) for plate, lane in homes] + [LARGEST_WIDTH_MM])
    price = entry["price"]
    amount = price if isinstance(price, str) else max(price, key=lambda step: step["from"])["amount"]
    sold_by = str(entry.get("sold_by", "unit"))
    return Item(sku, str(entry["name"]), amount, sold_by, weight_g, sd_g, weight_g, sd_g, width_mm, depth_mm)


def _depth(plate: Plate, lane: Lane) -> float:
    """Room for each of the lane's units from front to back, when none are stacked."""
    low, high = plate.span_y(lane)
    return max(20.0, (high - low) / max(1, lane.stock))


def _span(values: Any) -> tuple[float, float]:
    low, high = values
    return float(low), float(high)


def _board(name: Any) -> str:
    if name != GPIO and (len(bytes.fromhex(name)) != 8):
        raise ValueError(f"board {name!r} has not 16 hex digits")
    return str(name).lower()


def _channel(number: Any) -> int:
    if not 0 <= int(number) <= 7:
        raise ValueError(f"channel {number} is not one of 0 to 7")
    return int(number)

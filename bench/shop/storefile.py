"""Writes the store file (contract store/1, TOML)."""

from __future__ import annotations

import json

from bench.shop.model import CellSite, Item, Lane, Plate, Shop


def store_toml(shop: Shop) -> str:
    """The store file's text."""
    blocks = ['schema = "store/1"', f'[store]\nid = {json.dumps(shop.id)}\ncurrency = "EUR"', '[[agent]]\nid = "a1"']
    blocks += [_item(item) for item in shop.items]
    for plate in shop.plates:
        blocks.append(_plate(plate))
        blocks += [_cell(cell) for cell in plate.cells]
        blocks += [_lane(lane) for lane in plate.lanes]
    return "\n\n".join(blocks) + "\n"


def _item(item: Item) -> str:
    return (
        f"[[item]]\nsku = {json.dumps(item.sku)}\nname = {json.dumps(item.name)}\nprice = {json.dumps(item.price)}\n"
        f"sold_by = {json.dumps(item.sold_by)}\nunit_weight_g = {item.unit_weight_g}\nunit_sd_g = {item.unit_sd_g}"
    )


def _plate(plate: Plate) -> str:
    return (
        f"[[plate]]\nid = {json.dumps(plate.id)}\nsize_mm = [{plate.size_mm[0]}, {plate.size_mm[1]}]\n"
        f"max_g = {plate.max_g}"
    )


def _cell(cell: CellSite) -> str:
    return (
        f"[[plate.cell]]\nboard = {json.dumps(cell.board)}\nchannel = {cell.channel}\nx_mm = {cell.x_mm}\n"
        f"y_mm = {cell.y_mm}\nzero_counts = {cell.zero_counts}\ncounts_per_gram = {cell.counts_per_gram}"
    )


def _lane(lane: Lane) -> str:
    span = "" if lane.y_mm is None else f"y_mm = [{lane.y_mm[0]}, {lane.y_mm[1]}]\n"
    return (
        f"[[plate.lane]]\nsku = {json.dumps(lane.sku)}\nx_mm = [{lane.x_mm[0]}, {lane.x_mm[1]}]\n{span}"
        f"stock = {lane.stock}"
    )

"""A store file read back for the bench."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.demo.store import demo_shop, fresh
from bench.shop.reading import StoreFileError, read_shop
from bench.shop.storefile import store_toml


@pytest.fixture
def text() -> str:
    return store_toml(demo_shop("demo", fresh(1)))


def test_what_was_written_is_read(tmp_path: Path, text: str) -> None:
    written = demo_shop("demo", fresh(1))
    shop = read_shop(_saved(tmp_path, text), 10)
    assert (shop.id, shop.boards, shop.rate_hz) == ("demo", written.boards, 10)
    assert shop.plates == written.plates
    assert [item.unit_weight_g for item in shop.items] == [item.unit_weight_g for item in written.items]
    assert all(item.width_mm > 0 and item.depth_mm > 0 for item in shop.items)


def _saved(folder: Path, text: str) -> Path:
    path = folder / "store.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("find", "put", "told"),
    [
        ('id = "demo"', "", r"\[store\]: id is missing"),
        ('board = "b000000000000001"', 'board = "b0"', r"\[\[plate\]\] 1: board 'b0' has not 16 hex digits"),
        ("channel = 0", "channel = 9", r"channel 9 is not one of 0 to 7"),
        ("size_mm = [450.0, 300.0]", "size_mm = [450.0]", r"\[\[plate\]\] 1:"),
        ("zero_counts", "zero_count", r"zero_counts is missing"),
        ('sku = "cola"', 'sku = "pepsi"', r"plate P1: its lane's sku 'cola' has no \[\[item\]\]"),
        ("schema", "schema = = ", "not TOML"),
    ],
)
def test_what_cannot_be_simulated_is_said(tmp_path: Path, text: str, find: str, put: str, told: str) -> None:
    with pytest.raises(StoreFileError, match=told):
        read_shop(_saved(tmp_path, text.replace(find, put, 1)), 80)


def test_no_file_and_no_board(tmp_path: Path, text: str) -> None:
    with pytest.raises(StoreFileError, match="no such file"):
        read_shop(tmp_path / "none.toml", 80)
    gpio = text.replace("b000000000000001", "gpio").replace("b100000000000002", "gpio")
    with pytest.raises(StoreFileError, match=r"no \[\[plate.cell\]\] is on a board"):
        read_shop(_saved(tmp_path, gpio), 80)

"""What a sound store file gives."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.store import Store, load_store, parse_store

TEXT = """\
schema = "store/1"
x-planner = {version = 3}
[store]
id = "demo"
currency = "EUR"
x-owner = "somebody"
[[item]]
sku = "cola"
name = "Cola"
price = "1.50"
sold_by = "unit"
unit_weight_g = 350
unit_sd_g = 1.8
tax_rate = "0.20"
deposit = "0.25"
[[item]]
sku = "tomato"
name = "Tomatoes"
price = [
  {from = 2026-01-01T00:00:00Z, amount = "2.50"},
  {from = 2026-06-01T00:00:00+02:00, amount = "1.99"},
]
sold_by = "weight"
unit_weight_g = 120.0
unit_sd_g = 20.0
[[plate]]
id = "P1"
size_mm = [450.0, 300]
max_g = 20000.0
[[plate.cell]]
board = "gpio"
channel = 7
x_mm = 20.0
y_mm = 20.0
zero_counts = -83123
counts_per_gram = -421.7
[[plate.lane]]
sku = "cola"
x_mm = [0.0, 450.0]
y_mm = [0.0, 150.0]
stock = 0
x-face = "front"
[[plate.lane]]
sku = "tomato"
x_mm = [0.0, 450.0]
stock = 3
"""


def read(text: str) -> Store:
    return parse_store(text.encode(), "shop.toml")


def ns(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp()) * 1_000_000_000


def test_everything_that_stands_there_is_given() -> None:
    store = read(TEXT)
    assert (store.id, store.currency, store.agents) == ("demo", "EUR", ("a1",))
    plate = store.plates["P1"]
    assert (plate.agent, plate.size_mm, plate.max_g) == ("a1", (450.0, 300.0), 20000.0)
    assert plate.cells[0].counts_per_gram == -421.7
    assert [lane.y_mm for lane in plate.lanes] == [(0.0, 150.0), None]
    assert store.plates_of("a1") == (plate,)
    assert store.items["cola"].deposit == Decimal("0.25")
    assert not store.items["cola"].by_weight
    assert store.items["tomato"].by_weight


def test_the_revision_is_the_head_of_the_files_sha256(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(TEXT)
    assert load_store(path).revision == hashlib.sha256(TEXT.encode()).hexdigest()[:12]
    assert read(TEXT + "\n").revision != read(TEXT).revision


@pytest.mark.parametrize(
    ("when", "price"),
    [
        ("2025-12-31T23:59:59+00:00", "2.50"),  # before the first step the first price holds
        ("2026-01-01T00:00:00+00:00", "2.50"),
        ("2026-05-31T21:59:59+00:00", "2.50"),
        ("2026-05-31T22:00:00+00:00", "1.99"),
        ("2030-01-01T00:00:00+00:00", "1.99"),
    ],
)
def test_the_price_is_that_of_the_instant(when: str, price: str) -> None:
    assert read(TEXT).items["tomato"].price_at(ns(when)) == Decimal(price)


@given(st.lists(st.integers(0, 1_000_000), min_size=1, max_size=6, unique=True), st.integers(-10, 1_000_010))
def test_the_price_is_that_of_the_last_step_begun(minutes: list[int], at: int) -> None:
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    steps = sorted(minutes)
    listed = ", ".join(
        f'{{from = {(start + dt.timedelta(minutes=m)).isoformat()}, amount = "{k}.00"}}' for k, m in enumerate(steps)
    )
    text = TEXT.replace('price = "1.50"', f"price = [{listed}]")
    begun = max((k for k, m in enumerate(steps) if m <= at), default=0)
    instant_ns = (int(start.timestamp()) + at * 60) * 1_000_000_000
    assert read(text).items["cola"].price_at(instant_ns) == Decimal(begun)
    assert all(a < b for a, b in pairwise(steps))


def test_a_later_minor_schema_may_hold_keys_that_are_not_known() -> None:
    text = TEXT.replace('"store/1"', '"store/1.1"')
    text = text.replace("stock = 3", 'stock = 3\nfacings = 2\n[[plate.lamp]]\nid = "l1"').replace(
        'amount = "2.50"', 'amount = "2.50", reason = "start"'
    )
    assert read(text).plates["P1"].lanes[1].stock == 3


def test_keys_that_begin_with_x_change_nothing() -> None:
    plain = "\n".join(line for line in TEXT.splitlines() if not line.startswith("x-"))
    assert read(plain).model_dump(exclude={"revision"}) == read(TEXT).model_dump(exclude={"revision"})


def test_a_store_cannot_be_changed_after_it_was_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read(TEXT).id = "other"  # type: ignore[misc]

"""Kinds of goods, with the ranges from which a store draws its products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.shop.model import Item


@dataclass(frozen=True)
class Kind:
    """A kind of goods: weight range (g), spread between units (share, 1 sd), footprint (mm), prices (cents)."""

    sku: str
    name: str
    weight_g: tuple[float, float]
    spread: tuple[float, float]
    width_mm: tuple[float, float]
    depth_mm: tuple[float, float]
    price_cents: tuple[int, int]
    sold_by: str = "unit"


PACKAGED = (0.005, 0.012)  # 0.5-2 %; EU rules bound it near 0.8 % at 1 kg
SMALL = (0.010, 0.020)  # near 2.3 % at 100 g
FRESH = (0.015, 0.030)  # made by hand
LOOSE = (0.05, 0.30)  # produce

KINDS = (
    Kind("cola", "Cola 330 ml can", (340, 385), PACKAGED, (66, 68), (66, 68), (90, 200)),
    Kind("lemonade", "Lemonade 330 ml can", (335, 385), PACKAGED, (66, 68), (66, 68), (90, 200)),
    Kind("icedtea", "Iced tea 500 ml", (510, 560), PACKAGED, (64, 70), (64, 70), (120, 250)),
    Kind("water", "Water 500 ml", (505, 540), PACKAGED, (60, 66), (60, 66), (60, 150)),
    Kind("water15", "Water 1.5 l", (1490, 1570), PACKAGED, (85, 92), (85, 92), (70, 190)),
    Kind("milk", "Milk 1 l", (1030, 1075), PACKAGED, (70, 75), (70, 95), (95, 190)),
    Kind("wine", "Wine 0.75 l", (1150, 1350), PACKAGED, (72, 80), (72, 80), (400, 1500)),
    Kind("oil", "Sunflower oil 2 l", (1850, 1980), PACKAGED, (95, 110), (95, 110), (400, 800)),
    Kind("energy", "Energy drink 250 ml", (262, 285), PACKAGED, (53, 55), (53, 55), (120, 260)),
    Kind("juice", "Juice 250 ml", (258, 290), PACKAGED, (55, 60), (55, 60), (120, 260)),
    Kind("choc", "Chocolate bar", (40, 60), SMALL, (30, 45), (110, 150), (80, 200)),
    Kind("tablet", "Chocolate 100 g", (102, 112), SMALL, (75, 80), (60, 80), (100, 300)),
    Kind("protein", "Protein bar", (45, 70), SMALL, (35, 50), (130, 160), (150, 320)),
    Kind("crisps", "Crisps bag", (40, 60), SMALL, (90, 120), (60, 80), (100, 250)),
    Kind("bigcrisps", "Crisps 175 g", (180, 192), SMALL, (140, 180), (80, 100), (180, 350)),
    Kind("nuts", "Nuts pouch", (70, 160), SMALL, (70, 90), (50, 60), (180, 400)),
    Kind("gum", "Chewing gum", (15, 22), SMALL, (20, 30), (70, 80), (60, 150)),
    Kind("mints", "Mints", (18, 32), SMALL, (22, 35), (60, 80), (60, 150)),
    Kind("sandwich", "Sandwich", (160, 240), FRESH, (90, 120), (90, 130), (250, 500)),
    Kind("salad", "Salad bowl", (240, 380), FRESH, (120, 150), (120, 150), (350, 650)),
    Kind("yoghurt", "Yoghurt cup", (155, 170), PACKAGED, (68, 75), (68, 75), (60, 140)),
    Kind("bigyoghurt", "Yoghurt 500 g", (510, 530), PACKAGED, (95, 105), (95, 105), (120, 300)),
    Kind("cookies", "Cookies", (150, 330), SMALL, (70, 90), (180, 220), (120, 350)),
    Kind("soup", "Soup cup", (380, 460), PACKAGED, (85, 95), (85, 95), (200, 450)),
    Kind("cheese", "Cheese pack", (155, 240), SMALL, (90, 110), (40, 50), (180, 500)),
    Kind("ham", "Ham pack", (110, 170), FRESH, (120, 140), (30, 40), (150, 400)),
    Kind("butter", "Butter", (252, 258), PACKAGED, (75, 80), (100, 110), (180, 350)),
    Kind("pasta", "Pasta 500 g", (505, 518), PACKAGED, (80, 100), (60, 80), (90, 250)),
    Kind("rice", "Rice 1 kg", (1005, 1025), PACKAGED, (110, 130), (60, 80), (150, 350)),
    Kind("coffee", "Coffee 500 g", (505, 522), PACKAGED, (80, 95), (55, 70), (400, 900)),
    Kind("jam", "Jam 340 g", (540, 600), PACKAGED, (75, 80), (75, 80), (180, 400)),
    Kind("tuna", "Tuna can", (185, 215), PACKAGED, (80, 85), (80, 85), (120, 300)),
    Kind("toothpaste", "Toothpaste", (100, 130), SMALL, (45, 55), (150, 190), (100, 350)),
    Kind("shampoo", "Shampoo 300 ml", (330, 360), PACKAGED, (60, 75), (45, 60), (200, 500)),
    Kind("battery", "Batteries, 4 AA", (96, 112), SMALL, (80, 90), (15, 20), (300, 700)),
    Kind("candle", "Candle", (55, 90), FRESH, (50, 70), (50, 70), (100, 400)),
    Kind("notebook", "Notebook", (150, 220), SMALL, (140, 150), (10, 15), (150, 500)),
    Kind("tomato", "Tomatoes, loose", (90, 130), LOOSE, (55, 70), (55, 70), (250, 400), "weight"),
    Kind("apple", "Apples, loose", (150, 200), (0.08, 0.16), (70, 80), (70, 80), (200, 350), "weight"),
    Kind("banana", "Bananas, loose", (120, 180), (0.08, 0.18), (60, 80), (150, 180), (120, 250), "weight"),
    Kind("potato", "Potatoes, loose", (90, 170), (0.15, 0.30), (55, 80), (55, 80), (100, 250), "weight"),
    Kind("pepper", "Peppers, loose", (150, 210), (0.10, 0.20), (75, 90), (75, 90), (300, 500), "weight"),
)


def draw_item(kind: Kind, rng: np.random.Generator) -> Item:
    """A product of a kind; the file's mean and spread come from weighing some twenty units."""
    mean = float(rng.uniform(*kind.weight_g))
    sd = mean * float(rng.uniform(*kind.spread))
    cents = int(rng.integers(*kind.price_cents))
    return Item(
        sku=kind.sku,
        name=kind.name,
        price=f"{cents // 100}.{cents % 100:02d}",
        sold_by=kind.sold_by,
        unit_weight_g=round(mean + sd * float(rng.normal(0, 20**-0.5)), 2),
        unit_sd_g=round(sd * float(np.clip(rng.normal(1, 0.16), 0.6, 1.5)), 3),
        true_weight_g=mean,
        true_sd_g=sd,
        width_mm=float(rng.uniform(*kind.width_mm)),
        depth_mm=float(rng.uniform(*kind.depth_mm)),
    )


def draw_catalogue(rng: np.random.Generator) -> dict[str, Item]:
    """One product of every kind, by sku."""
    return {kind.sku: draw_item(kind, rng) for kind in KINDS}


def draw_twin(item: Item, sku: str, difference: float, rng: np.random.Generator) -> Item:
    """Another flavour of a product, heavier by a share `difference` and as wide."""
    mean = item.true_weight_g * (1.0 + difference)
    sd = item.true_sd_g * float(rng.uniform(0.8, 1.2))
    return Item(
        sku=sku,
        name=f"{item.name}, another flavour",
        price=item.price,
        sold_by=item.sold_by,
        unit_weight_g=round(mean + sd * float(rng.normal(0, 20**-0.5)), 2),
        unit_sd_g=round(sd * float(np.clip(rng.normal(1, 0.16), 0.6, 1.5)), 3),
        true_weight_g=mean,
        true_sd_g=sd,
        width_mm=item.width_mm,
        depth_mm=item.depth_mm,
    )

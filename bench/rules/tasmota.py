"""Tasmota's scale: one value a second, a change told when the next value agrees, the count by division."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.rules.reading import Product, Reading
from bench.scoring import Told

Signal = npt.NDArray[np.float64]
READINGS_HZ = 10
DROPPED = 2  # of ten readings, at each end
AGREE_G = 4.0


def tasmota(reading: Reading) -> list[Told]:
    """What a scale of that kind under every plate tells; the product is the planned one that fits best."""
    out: list[Told] = []
    for plate, weight_g in reading.weight_g.items():
        values = _values(reading.t_s, weight_g)
        products = [product for product in reading.products if plate in product.plates]
        told = values[0] if len(values) else 0.0
        for second in range(1, len(values)):
            change_g = float(values[second] - told)
            if abs(values[second] - values[second - 1]) > AGREE_G or abs(change_g) <= AGREE_G:
                continue
            moved = next(k for k in range(second, -1, -1) if k == 0 or abs(values[k - 1] - values[second]) > AGREE_G)
            told = values[second]
            items = _items(abs(change_g), products)
            out.append(
                Told(
                    id=f"tasmota-{plate}-{len(out)}",
                    t=moved + 0.0,
                    plate=plate,
                    kind="pick" if change_g < 0 else "put",
                    items=items,
                    first_items=dict(items),
                    confidence=1.0,
                    delta_g=change_g,
                    settled=second + 1.0,
                    blind=False,
                )
            )
    return sorted(out, key=lambda event: event.t)


def _values(t_s: Signal, weight_g: Signal) -> Signal:
    """Ten readings a second, the two highest and lowest dropped, the rest averaged."""
    seconds = int(t_s[-1]) if len(t_s) else 0
    ticks = (np.arange(seconds * READINGS_HZ) + 0.5) / READINGS_HZ
    readings = np.sort(np.interp(ticks, t_s, weight_g).reshape(seconds, READINGS_HZ), axis=1)
    return np.asarray(readings[:, DROPPED:-DROPPED].mean(axis=1), dtype=np.float64)


def _items(change_g: float, products: list[Product]) -> dict[str, int]:
    """floor(change / unit weight) of the product with the least remainder; nothing where all counts are 0."""
    counts = [(change_g % p.unit_weight_g, p.sku, int(change_g // p.unit_weight_g)) for p in products]
    whole = [(rest, sku, count) for rest, sku, count in counts if count]
    return {} if not whole else {min(whole)[1]: min(whole)[2]}

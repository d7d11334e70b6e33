"""A store as it is known (the store file) and as it truly is (real mean weights and spreads)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Item:
    """A product. `unit_weight_g` and `unit_sd_g` are what the store file says, `true_*` what the goods do."""

    sku: str
    name: str
    price: str
    sold_by: str  # "unit" or "weight"
    unit_weight_g: float
    unit_sd_g: float
    true_weight_g: float
    true_sd_g: float
    width_mm: float
    depth_mm: float


@dataclass(frozen=True)
class CellSite:
    """A cell as the store file names it; x, y in mm on the plate."""

    board: str
    channel: int
    x_mm: float
    y_mm: float
    zero_counts: int
    counts_per_gram: float


@dataclass(frozen=True)
class Lane:
    """Where an item stands; spans in mm on the plate."""

    sku: str
    x_mm: tuple[float, float]
    y_mm: tuple[float, float] | None
    stock: int


@dataclass(frozen=True)
class Plate:
    """A plate with its cells and lanes; width and depth in mm."""

    id: str
    size_mm: tuple[float, float]
    max_g: float
    cells: tuple[CellSite, ...]
    lanes: tuple[Lane, ...]

    @property
    def centre_mm(self) -> tuple[float, float]:
        """The middle of the cells: moments are reckoned about it."""
        n = len(self.cells)
        return sum(c.x_mm for c in self.cells) / n, sum(c.y_mm for c in self.cells) / n

    def span_y(self, lane: Lane) -> tuple[float, float]:
        """A lane's depth; the whole plate's where the file says none."""
        return lane.y_mm if lane.y_mm is not None else (0.0, self.size_mm[1])


@dataclass(frozen=True)
class Shop:
    """A store: items, plates, boards and their nominal rate."""

    id: str
    items: tuple[Item, ...]
    plates: tuple[Plate, ...]
    rate_hz: int
    boards: tuple[str, ...] = field(default=())

    def item(self, sku: str) -> Item:
        """The item of a sku."""
        return next(i for i in self.items if i.sku == sku)

    def plate(self, plate_id: str) -> Plate:
        """The plate of an id."""
        return next(p for p in self.plates if p.id == plate_id)

"""A judge over a small store, and contacts laid down plateau by plateau."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from agent.detection import Contact, DetectionParameters, Level
from agent.detection.trace import Trace
from agent.inference import Belief, InferenceParameters, Judge, Step, Verdict, remember
from agent.inference.geometry import Geometry
from agent.store import Store, parse_store
from agent.weighing import PlateScale

S = 1_000_000_000
CORNERS = ((20.0, 20.0), (430.0, 20.0), (20.0, 280.0), (430.0, 280.0))
GOODS = {  # sku: unit weight, its standard deviation, sold by
    "cola": (350.0, 2.0, "unit"),
    "zero": (351.0, 2.0, "unit"),
    "rice": (1_010.0, 4.0, "unit"),
    "soap": (120.0, 1.0, "unit"),
    "tuna": (230.0, 1.5, "unit"),  # with soap as heavy as a cola
    "tomato": (130.0, 20.0, "weight"),
}
LANES = {
    "P1": (("cola", 0.0, 150.0), ("rice", 150.0, 300.0), ("zero", 300.0, 450.0)),
    "P2": (("soap", 0.0, 110.0), ("cola", 110.0, 340.0), ("tuna", 340.0, 450.0)),
    "P3": (("tomato", 0.0, 225.0), ("rice", 225.0, 450.0)),
}
Load = tuple[float, float, float]  # grams, x, y in mm


def store(cells: int = 4) -> Store:
    text = 'schema = "store/1"\n[store]\nid = "demo"\ncurrency = "EUR"\n'
    for sku, (mean, sd, sold) in GOODS.items():
        text += f'[[item]]\nsku = "{sku}"\nname = "{sku}"\nprice = "1.00"\nsold_by = "{sold}"\n'
        text += f"unit_weight_g = {mean}\nunit_sd_g = {sd}\n"
    for k, (plate, lanes) in enumerate(LANES.items()):
        text += f'[[plate]]\nid = "{plate}"\nsize_mm = [450.0, 300.0]\nmax_g = 20000.0\n'
        for c in range(cells):
            x, y = CORNERS[c] if cells > 1 else (225.0, 150.0)
            text += f'[[plate.cell]]\nboard = "b{k:015x}"\nchannel = {c}\nx_mm = {x}\ny_mm = {y}\n'
            text += "zero_counts = 0\ncounts_per_gram = 429.0\n"
        for sku, low, high in lanes:
            text += f'[[plate.lane]]\nsku = "{sku}"\nx_mm = [{low}, {high}]\nstock = 8\n'
    return parse_store(text.encode(), "shop.toml")


@dataclass
class Scene:
    """One agent's judgement. Time runs on from contact to contact."""

    cells: int = 4
    parameters: InferenceParameters = field(default_factory=InferenceParameters)
    t_ns: int = 100 * S

    def __post_init__(self) -> None:
        self.store = store(self.cells)
        plates = self.store.plates
        self.belief = Belief(plates.values(), self.store.items, self.parameters)
        self.geometry = {name: self._geometry(name) for name in plates}
        self.judge = Judge(self.store.items, plates, self.geometry, self.belief, self.parameters)

    def level(
        self, loads: list[Load], seconds: float = 2.0, sigma_g: float = 0.3, tremor_g: float | None = 0.0
    ) -> Level:
        """A plateau with changes (grams, x, y) on a plate that else weighs 5 kg in its middle."""
        modes = np.zeros(3)
        for grams, x, y in loads:
            modes += np.array([grams, grams * (x - 225.0) / 205.0, grams * (y - 150.0) / 130.0])
        modes[0] += 5_000.0
        begin, self.t_ns = self.t_ns, self.t_ns + round(seconds * S)
        modes = modes[: 3 if self.cells > 1 else 1]
        level = Level(begin, self.t_ns, int(seconds * 80), modes, np.full(len(modes), sigma_g**2), tremor_g, 0.1)
        self.t_ns += S // 10
        return level

    def contact(self, *levels: Level, peak_g: float = 0.0) -> Contact:
        """A contact from the first of the plateaus to the last."""
        contact = Contact(levels[0], levels[0].end_ns, Trace(len(levels[0].mean)), DetectionParameters())
        contact.plateaus = list(levels[1:-1])
        contact.current = levels[-1]
        changes = [abs(float(level.mean[0] - levels[0].mean[0])) for level in levels]
        contact.peak_g = max(peak_g, *changes)
        return contact

    def change(self, plate: str, *loads: Load, seconds: float = 2.0) -> Verdict:
        """The verdict on a contact that brought (or, negative, took) these loads at once."""
        before = self.level([])
        return self.judge.consider(plate, self.contact(before, self.level(list(loads), seconds)))

    def happen(self, plate: str, *loads: Load) -> Step:
        """A single change, told and remembered."""
        verdict = self.change(plate, *loads)
        assert verdict.action == "tell"
        step = verdict.steps[-1]
        for each in verdict.steps:
            place = self.geometry[plate].place_mm(each.change)
            remember(self.belief, plate, each, place, each.after.begin_ns)
        self.judge.forget()
        return step

    def _geometry(self, plate: str) -> Geometry:
        scale = PlateScale(self.store.plates[plate])
        return Geometry.of(scale.plate, scale.x0_mm, scale.y0_mm, scale.half_x_mm, scale.half_y_mm, scale.modes)

"""What was told adds up also where cells go bad in turn while goods move, up to what three corners leave open."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from agent.pipeline import Chunk, Pipeline, Told
from tests.agent.pipeline.feeding import fed, told_g
from tests.agent.pipeline.test_cells import GOODS, Plate, store

OPEN_G = 30.0  # some standard deviations of what was told while a cell was out
KINDS = ("dead", "stuck", "saturated", "wild", "zero")


class Course:
    """A plate of four corners through four faults, each with movements before, within and after it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.plate = Plate(4, seed)
        self.pipeline = Pipeline(store(4), "a1", "e")
        self.told: list[Told] = []
        self.began_g = float(self.plate.grams.sum())

    def take(self, chunks: Iterable[Chunk]) -> None:
        self.told += fed(self.pipeline, chunks, finish=False)

    def move(self, qty: int = -1) -> None:
        self.take(self.plate.move(self.chance.choice(list(GOODS)), qty, self.chance.uniform(0.8, 2.5)))

    def run(self) -> None:
        self.take(self.plate.introduce() + self.plate.rest(4.0))
        for sku in GOODS:
            self.take(self.plate.move(sku, -1))
        for _ in range(4):
            self.fail()
        self.take(self.plate.rest(8.0))

    def fail(self) -> None:
        chance, plate = self.chance, self.plate
        kind, channel = chance.choice(KINDS), chance.randrange(4)
        plate.fault = (0 if kind == "stuck" else channel, kind)
        self.take(plate.rest(chance.uniform(0.1, 2.0)))
        for _ in range(chance.randrange(3)):
            self.move(chance.choice((-1, -1, 1, -2)))
        if chance.random() < 0.3:
            plate.also_dead = (channel + 1) % 4
            self.move()
            plate.also_dead = None
        plate.fault = None
        if chance.random() < 0.5:
            self.move()
        self.take(plate.rest(chance.uniform(0.5, 3.0)))


@pytest.mark.parametrize("seed", (8, 26, 27))
def test_cells_that_go_bad_in_turn_hide_no_weight(seed: int) -> None:
    course = Course(seed)
    course.run()
    (reading,) = course.pipeline.readings()
    carried_g = float(course.plate.grams.sum())
    assert reading.weight_g == pytest.approx(carried_g, abs=1.0)
    assert told_g(course.told) == pytest.approx(carried_g - course.began_g, abs=OPEN_G)

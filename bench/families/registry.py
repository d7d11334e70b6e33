"""The list of families, and how a script is built from a seed."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.families import plays
from bench.families.world import Script, World
from bench.physics.parameters import ROOMS, Room
from bench.shop.layout import draw_shop
from bench.shop.model import Shop


@dataclass(frozen=True)
class Family:
    """A family of situations: its play, its kind of store, and what it changes in the room."""

    name: str
    about: str
    play: Callable[[World], Script]
    flavour: str = "mixed"
    room: Callable[[Room], Room] = lambda room: room

    @property
    def idle(self) -> bool:
        """Whether nothing happens in it: every event told is false."""
        return self.name in IDLE


IDLE = ("idle", "lean", "knocks", "touches", "night")

_LIST = (
    Family("singles", "single picks", plays.singles),
    Family("put_back", "pick and put back", plays.put_back),
    Family("multi_pick", "several of one product at once", plays.multi_pick),
    Family("quick", "same product in quick succession, down to 0.5 s apart", plays.quick),
    Family("pair", "two different products of one plate at the same moment", plays.pair, "pairs"),
    Family("pushed", "item pushed along its plate, then taken from where it stands", plays.pushed),
    Family("exchange", "one set back and another taken within a second", plays.exchange, "pairs"),
    Family("misplaced", "item put on a wrong plate and taken from there, also by somebody else", plays.misplaced),
    Family("twins", "items of almost the same weight side by side and on neighbouring plates", plays.twins, "twins"),
    Family("hold_take", "a hand rests on an item or holds part of it for 1-20 s, then takes it", plays.hold_take),
    Family("hold_leave", "a hand rests on an item or holds part of it for 1-20 s, then leaves it", plays.hold_leave),
    Family("two_one_back", "two lifted, one set back within a second", plays.two_one_back),
    Family("three_one_elsewhere", "three taken, one left on another plate", plays.three_one_elsewhere),
    Family("leant", "an item leant against the side, which carries part of it", plays.leant),
    Family("rummage", "rummaging for 2-10 s, then a pick or nothing", plays.rummage),
    Family("touches", "touching, holding, rummaging; nothing is taken", plays.touches),
    Family("lean", "pressing and leaning up to saturation; nothing is taken", plays.lean),
    Family("knocks", "knocks; nothing is taken", plays.knocks),
    Family("footfalls", "picks while people stamp past", plays.shaken, room=plays.stamping),
    Family("compressor", "picks beside a running compressor", plays.shaken, room=plays.humming),
    Family("air_curtain", "picks under a chiller's air curtain", plays.shaken, room=plays.draughty),
    Family("idle", "nothing happens", plays.idle),
    Family("night", "a ramp of temperature and creep after a restock; nothing happens", plays.night, room=plays.ramp),
    Family("restock", "staff fill lanes", plays.restock, "sparse"),
    Family("foreign", "a phone, keys or a bag put down and taken again", plays.foreign),
    Family("emptied", "an emptied bottle or part-used pack returned", plays.emptied),
    Family("two_shoppers", "two shoppers at different plates at once", plays.two_shoppers),
    Family("same_plate", "two shoppers at one plate", plays.same_plate),
    Family("three_shoppers", "three shoppers at different plates at once, who change places", plays.three_shoppers),
    Family("produce", "produce sold by weight", plays.produce, "produce"),
    Family("tomatoes", "the tomato trial: taken, left in other places, taken again", plays.tomatoes, "produce"),
    Family("busy", "three minutes of a busy hour: everything mixed, two shoppers", plays.busy),
    Family("dead_cell", "the busy shop, and a cell dies", plays.dead_cell),
    Family("spikes", "the busy shop with 0.5 % wild conversions", plays.busy_short, room=plays.spiky),
    Family("damaged", "the busy shop with 1 % damaged frames", plays.damaged),
)
FAMILIES = {family.name: family for family in _LIST}


def build_script(name: str, seed: int, room: str = "default", plates: str = "four", rate_hz: int = 80) -> BuiltScript:
    """The store and the script of one case. `room` is "default" or "harsh", `plates` "four" or "one" (cells).

    Raises KeyError for names that do not exist.
    """
    family = FAMILIES[name]
    conditions = family.room(ROOMS[room])
    root = np.random.SeedSequence([seed, zlib.crc32(f"{name}/{plates}/{rate_hz}/{room}".encode())])
    shop_seed, play_seed, physics_seed, line_seed = root.spawn(4)
    shop = draw_shop(plates, rate_hz, family.flavour, np.random.default_rng(shop_seed))
    world = World(shop, conditions, np.random.default_rng(play_seed))
    script = family.play(world)
    return BuiltScript(
        family, seed, conditions, shop, script, np.random.default_rng(physics_seed), np.random.default_rng(line_seed)
    )


@dataclass(frozen=True)
class BuiltScript:
    """A case ready to be simulated, with the random streams of its physics and its line."""

    family: Family
    seed: int
    room: Room
    shop: Shop
    script: Script
    physics_rng: np.random.Generator
    line_rng: np.random.Generator

    def described(self) -> dict[str, object]:
        """What a case says of itself in truth.json."""
        return {"family": self.family.name, "seed": self.seed, **dataclasses.asdict(self.script.damage)}

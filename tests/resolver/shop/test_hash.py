"""What is believed does not depend on how Python hashes names, which differs from run to run."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from shopfloor import Script, make_store

from resolver.inbox import Reader
from resolver.shop import Shop

SHOPPERS = ("s1", "s2", "s3")


def beliefs(seed: int) -> str:
    """Three who stand about two plates, followed by a tracker; who took what."""
    rng = random.Random(seed)
    script = Script()
    for name in SHOPPERS:
        script.enter(name, 0)
    t = 0.0
    for _ in range(16):
        t += rng.uniform(0.05, 1.0)
        plate = rng.choice(["P1", "P2"])
        if rng.random() < 0.5:
            script.near(t, {name: rng.random() / 3 for name in SHOPPERS if rng.random() < 0.8}, plates=(plate,))
        else:
            script.pick(t, {"cola": 1}, plate=plate)
    store = make_store()
    shop, reader = Shop(store), Reader(store.id, store.agents)
    for message in script.messages:
        fact = reader.read(message["topic"], message["payload"])
        assert fact is not None
        shop.hear(fact)
    return repr([shop.posterior(name).of(name) for name in SHOPPERS])


def test_the_hash_of_names_does_not_show() -> None:
    code = "from test_hash import beliefs\nfor seed in range(6): print(beliefs(seed))"
    folders = os.pathsep.join(str(Path(__file__).parents[number]) for number in (0, 1, 3))
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(number), "PYTHONPATH": folders},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for number in (1, 2)
    ]
    assert said[0] == said[1]

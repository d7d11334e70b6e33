"""Faults of the machines: processes killed, disks, clocks."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench.faults.actors import START_S, Resolver
from bench.faults.board import wait_until
from bench.faults.disk import Disk, compiled
from bench.faults.scene import Scene
from bench.faults.verdict import Verdict

DARK_S = (0.2, 1.5)
HOUR_S = 3600
RECEIPT_S = 20.0
CLOCK = Path(__file__).with_name("clock.c")


def kill_agent(times: int, seed: int) -> Verdict:
    """kill -9 at random instants under traffic; hands go on while nobody looks."""
    with Scene(seed) as scene:
        for _ in range(times):
            scene.shop(1)
            scene.shelf.move_any()
            scene.wait(0.0, 1.2)
            scene.agent.kill()
            if scene.chance.random() < 0.5:
                scene.shelf.move_any()
            scene.wait(*DARK_S)
            scene.agent.start()
            scene.rest()
        return scene.verdict()


def kill_resolver(times: int, seed: int) -> Verdict:
    """kill -9 of the resolver at random instants of visits: one receipt each, with what was taken."""
    verdict = Verdict()
    with Scene(seed) as scene:
        resolver = Resolver(scene.folder, scene.folder / "store.toml", scene.broker.port)
        resolver.start()
        if not wait_until(resolver.connected, START_S):
            raise RuntimeError(f"the resolver does not connect within {START_S} s; its log: {resolver.log}")
        scene.wait(1.0, 1.0)  # what is told before it has subscribed for the first time is told to nobody
        visits: dict[str, Counter[str]] = {}
        try:
            for number in range(times):
                session = f"v{number}"
                scene.collector.door("entered", session)
                scene.wait(0.3, 0.5)
                plate, sku = scene.chance.choice(list(scene.shelf.stock))
                scene.shelf.move(plate, sku, -1)
                visits[session] = Counter({sku: 1})
                kill_at = scene.chance.random() * 3.0
                before, after = (min(kill_at, 1.4), max(0.0, 1.4 - kill_at))
                time.sleep(before)
                if kill_at <= 1.4:
                    resolver.kill()
                    time.sleep(after)
                    scene.collector.door("exited", session)
                else:
                    scene.collector.door("exited", session)
                    time.sleep(kill_at - 1.4)
                    resolver.kill()
                resolver.start()
                wait_until(lambda: len(_settled(scene.collector.receipts)) >= len(visits), RECEIPT_S)
            scene.wait(2.0, 2.0)  # a second receipt would come now
        finally:
            resolver.kill()
        _judge_receipts(verdict, visits, scene.collector.receipts)
        if "Traceback" in resolver.log.read_text():
            verdict.notes.append(f"a traceback of the resolver: {resolver.log.read_text()[-800:]}")
            verdict.lost += 1
    return verdict


def _settled(receipts: list[dict[str, Any]]) -> set[str]:
    """Sessions that have a receipt; one may be delivered again."""
    return {receipt["data"]["session"] for receipt in list(receipts)}


def _judge_receipts(verdict: Verdict, visits: dict[str, Counter[str]], receipts: list[dict[str, Any]]) -> None:
    verdict.true, verdict.told = len(visits), len(receipts)
    for session, taken in visits.items():
        own = [receipt["data"] for receipt in receipts if receipt["data"].get("session") == session]
        numbers = {data["receipt"] for data in own}  # the same one may be delivered twice
        if not numbers:
            verdict.lost += 1
            verdict.notes.append(f"no receipt for {session}, who took {dict(taken)}")
            continue
        verdict.doubled += len(numbers) - 1
        lines = Counter({line["sku"]: line["qty"] for line in own[-1]["lines"]})
        if lines != taken:
            verdict.wrong += 1
            verdict.sure_wrong += own[-1]["state"] == "final"
            verdict.notes.append(f"{session} took {dict(taken)}, receipt {own[-1]['state']} {dict(lines)}")


def torn_journal(times: int, seed: int) -> Verdict:
    """Power cut: what was written since the last sync is lost, or any sectors of it."""
    scene = Scene(seed)
    disk = Disk(scene.folder)
    scene.agent.environment.update(disk.environment)
    with scene:
        for _ in range(times):
            scene.shop(1)
            scene.shelf.move_any()
            scene.wait(0.0, 1.2)
            scene.agent.kill()
            disk.cut_power(scene.agent.state, scene.chance)
            scene.wait(*DARK_S)
            scene.agent.start()
            scene.rest()
        return scene.verdict()


def disk_full(times: int, seed: int) -> Verdict:
    """No room for the journal, then room again; once with a kill in between."""
    scene = Scene(seed)
    disk = Disk(scene.folder)
    scene.agent.environment.update(disk.environment)
    with scene:
        for number in range(times):
            scene.shop(1)
            disk.fill()
            scene.shop(3)
            if number % 2:
                scene.agent.kill()
                scene.agent.start()
                scene.wait(3.0, 4.0)
            disk.free()
            scene.rest()
        scene.await_fault("disk-full")
        return scene.verdict()


def clock_stepped(times: int, seed: int) -> Verdict:
    """The machine's clock goes an hour forth or back for a while; every second time the agent is killed meanwhile."""
    scene = Scene(seed)
    step = scene.folder / "step"
    step.write_text("0")
    library = compiled(CLOCK, scene.folder)
    scene.agent.environment.update({"LD_PRELOAD": str(library), "SHELF_CLOCK_STEP": str(step)})
    with scene:
        for number in range(times):
            scene.shop(1)
            step.write_text(str(HOUR_S if number % 2 else -HOUR_S))
            scene.shop(3)
            if number % 4 > 1:
                scene.agent.kill()
                scene.agent.start()
                scene.rest()
            scene.shop(3)
            step.write_text("0")
            scene.shop(1)
        return scene.verdict()

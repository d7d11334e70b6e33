"""What breaks, and how often: each scenario is a function of how many times and a seed."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.faults.disk import Disk, compiled
from bench.faults.scene import Scene
from bench.faults.verdict import Verdict

DARK_S = (0.2, 1.5)
HOUR_S = 3600
CLOCK = Path(__file__).with_name("clock.c")


@dataclass(frozen=True)
class Scenario:
    """A row of the table."""

    name: str
    what: str
    times: int
    run: Callable[[int, int], Verdict]


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


def broker_stopped(times: int, seed: int) -> Verdict:
    """The broker ends and comes back with its state."""
    with Scene(seed) as scene:
        for _ in range(times):
            scene.shop(1)
            scene.broker.stop()
            scene.shop(2)
            scene.broker.start()
            scene.shop(1)
        return scene.verdict()


def broker_frozen(times: int, seed: int) -> Verdict:
    """The broker stands still, its connections open."""
    with Scene(seed) as scene:
        for _ in range(times):
            scene.shelf.move_any()
            scene.wait(0.0, 0.6)
            scene.broker.signal(signal.SIGSTOP)
            scene.wait(0.6, 1.0)
            scene.shop(2)
            scene.broker.signal(signal.SIGCONT)
            scene.shop(1)
        return scene.verdict()


def broker_forgets(times: int, seed: int) -> Verdict:
    """The broker comes back without sessions and retained messages; the subscriber asks again for what it missed."""
    with Scene(seed) as scene:
        for _ in range(times):
            scene.shop(1)
            scene.rest()
            scene.broker.stop()
            scene.broker.forget()
            scene.shop(2)
            scene.broker.start()
            scene.shop(1)
            scene.rest()
            scene.collector.ask_again()
        return scene.verdict()


def broker_refuses(times: int, seed: int) -> Verdict:
    """The broker refuses what the agent publishes (ACL), and takes it later."""
    with Scene(seed) as scene:
        acl = scene.folder / "acl"
        acl.write_text("topic readwrite #\n")
        scene.broker.stop()
        scene.broker.start(f"acl_file {acl}")
        scene.rest()  # with an ACL, mosquitto keeps nothing for a session until its client is back
        for _ in range(times):
            scene.shop(1)
            acl.write_text("topic read #\ntopic write shelf/v1/faults/agents/a1/status\n")
            scene.broker.signal(signal.SIGHUP)
            scene.shop(2)
            acl.write_text("topic readwrite #\n")
            scene.broker.signal(signal.SIGHUP)
            scene.shop(1)
        return scene.verdict()


def three_one_one(times: int, seed: int) -> Verdict:
    """A broker of MQTT 3.1.1 alone, stopped and started."""
    with Scene(seed, five=False) as scene:
        for _ in range(times):
            scene.shop(1)
            scene.broker.stop()
            scene.shop(1)
            scene.broker.start()
            scene.shop(1)
            scene.rest()
            scene.collector.ask_again()
        return scene.verdict()


def network_cut(times: int, seed: int) -> Verdict:
    """The cable between agent and broker is pulled, silently, for longer than the keepalive notices."""
    with Scene(seed, cable=True) as scene:
        assert scene.cable is not None
        for _ in range(times):
            scene.shop(1)
            scene.cable.cut(True)
            scene.shop(35)
            scene.cable.cut(False)
            scene.rest()
        return scene.verdict()


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


def unplugged(times: int, seed: int) -> Verdict:
    """USB out and in again, at random instants; the board loses its power."""
    with Scene(seed) as scene:
        for _ in range(times):
            scene.shop(1)
            scene.shelf.move_any()
            scene.wait(0.0, 1.0)
            scene.shelf.board.unplug()
            if scene.chance.random() < 0.5:
                scene.shelf.move_any()
            scene.wait(0.5, 2.0)
            scene.shelf.board.reset()
            scene.shelf.board.plug()
            scene.rest()
        return scene.verdict()


def board_reset(times: int, seed: int) -> Verdict:
    """The board restarts in the middle of a contact."""
    with Scene(seed) as scene:
        for _ in range(times):
            scene.shop(1)
            scene.shelf.move_any()
            scene.wait(0.0, 0.4)
            scene.shelf.board.reset()
            scene.wait(1.2, 1.6)
        return scene.verdict()


def wrapped(times: int, seed: int) -> Verdict:
    """The board's clock and its sequence wrap within the run."""
    total = Verdict()
    for number in range(times):
        first_t_us = (1 << 32) - 9_000_000
        with Scene(seed + number, first_seq=0xFFFF - 1000, first_t_us=first_t_us) as scene:
            scene.shop(10)
            add(total, scene.verdict())
    return total


def cell_fault(kind: str) -> Callable[[int, int], Verdict]:
    """One of four cells goes wrong, hands go on, and it comes back."""

    def run(times: int, seed: int) -> Verdict:
        total = Verdict(unsure_is_enough=True)
        with Scene(seed) as scene:
            for _ in range(times):
                scene.shop(1)
                cell = scene.chance.choice(scene.shelf.board.cells)
                cell.stuck_at = round(cell.zero + cell.grams * cell.counts_per_gram)
                cell.fault = kind
                scene.wait(0.5, 3.0)
                scene.shop(2)
                cell.fault = ""
                scene.wait(3.0, 4.0)
            add(total, scene.verdict())
        return total

    return run


def random_bytes(times: int, seed: int) -> Verdict:
    """Ten thousand random bytes between frames, again and again."""
    with Scene(seed) as scene:
        before = scene.agent.resident_bytes()
        for number in range(times):
            for _ in range(10):
                scene.shelf.board.babble(scene.chance.randbytes(1000))
                time.sleep(0.02)
            if number % 50 == 0:
                scene.shop(1)
        verdict = scene.verdict()
        verdict.notes.append(f"memory {(scene.agent.resident_bytes() - before) / 1e6:+.1f} MB")
        return verdict


def hostile_payloads(times: int, seed: int) -> Verdict:
    """Payloads of all kinds on every topic that the agent reads."""
    with Scene(seed) as scene:
        before = scene.agent.resident_bytes()
        topics = [f"{scene.collector.topics}/{name}" for name in ("commands", "status")]
        for number in range(times):
            scene.collector.client.publish(scene.chance.choice(topics), hostile(scene, number), qos=0)
            if number % 500 == 0:
                scene.wait(0.05, 0.1)
            if number % 10_000 == 0:
                scene.shop(1)
        verdict = scene.verdict()
        verdict.notes.append(f"memory {(scene.agent.resident_bytes() - before) / 1e6:+.1f} MB")
        return verdict


def hostile(scene: Scene, number: int) -> bytes:
    """Junk, near misses, and giants."""
    match number % 6:
        case 0:
            return scene.chance.randbytes(scene.chance.randrange(1, 400))
        case 1:
            return b"[" * scene.chance.randrange(1, 5000)
        case 2:
            return b'{"id":"%d","expires":"2026-01-01T00:00:00Z","command":"tare"}' % number
        case 3:
            return b'{"id":%d,"expires":NaN,"command":["tare"]}' % number
        case 4:
            return b'{"state":"offline","epoch":"%d"}' % number
        case _:
            return b'{"id":"' + b"9" * scene.chance.randrange(1, 70_000) + b'"}'


def add(total: Verdict, part: Verdict) -> None:
    """Sum up."""
    for name in ("true", "told", "lost", "doubled", "wrong", "sure_wrong"):
        setattr(total, name, getattr(total, name) + getattr(part, name))
    total.notes += part.notes


SCENARIOS = (
    Scenario("kill-agent", "kill -9 of the agent at random instants under traffic", 100, kill_agent),
    Scenario("broker-stopped", "broker stopped and started again", 20, broker_stopped),
    Scenario("broker-frozen", "broker frozen", 20, broker_frozen),
    Scenario("broker-forgets", "broker restarted without its state", 20, broker_forgets),
    Scenario("broker-refuses", "broker refuses publishes (ACL)", 20, broker_refuses),
    Scenario("mqtt-3.1.1", "a broker of MQTT 3.1.1 only, stopped and started again", 20, three_one_one),
    Scenario("network-cut", "network cut between agent and broker for 50 s", 5, network_cut),
    Scenario("torn-journal", "power cut: writes since the last sync lost or torn", 50, torn_journal),
    Scenario("disk-full", "disk full, then free", 5, disk_full),
    Scenario("clock-stepped", "clock stepped by an hour, forth or back", 10, clock_stepped),
    Scenario("unplugged", "USB unplugged and replugged", 50, unplugged),
    Scenario("board-reset", "board reset in mid-contact", 50, board_reset),
    Scenario("wrapped", "t_us and seq wrapped", 10, wrapped),
    Scenario("cell-dead", "one cell dead", 20, cell_fault("dead")),
    Scenario("cell-stuck", "one cell stuck", 20, cell_fault("stuck")),
    Scenario("cell-saturated", "one cell saturated", 20, cell_fault("saturated")),
    Scenario("cell-wild", "one cell wild", 20, cell_fault("wild")),
    Scenario("random-bytes", "random bytes on the serial line (10 000 each)", 1000, random_bytes),
    Scenario("hostile-payloads", "hostile MQTT payloads", 100_000, hostile_payloads),
)

"""Faults between agent and consumers: brokers, cables, strangers' messages."""

from __future__ import annotations

import signal
import time

from bench.faults.board import wait_until
from bench.faults.scene import Scene
from bench.faults.verdict import Verdict

WAITING = 10_000  # events at the end of a cut
LONG_MOVES = 200  # five minutes
BACKLOG_S = 120.0
AT_ONCE = 500  # faults and ends of them, until so many wait
TRIES = 60
WARM = 5  # after a fifth of them, memory holds what it needs


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
    """The cable is pulled, silently, for longer than the keepalive notices; each time 10 000 events wait at its end.

    Most of them are faults of a board that stammers, and their ends; the last cut lasts for five minutes. What waits
    is counted in the journal, and all of it must come.
    """
    with Scene(seed, cable=True) as scene:
        assert scene.cable is not None
        drained_s: list[float] = []
        for number in range(times):
            scene.shop(1)
            scene.cable.cut(True)
            scene.shop(LONG_MOVES if number and number == times - 1 else 35)
            before = scene.noted()
            for _ in range(TRIES):  # some do not pass a busy line
                if scene.agent.events() >= before + WAITING:
                    break
                scene.shelf.board.stammer(AT_ONCE)
            scene.shop(3)
            waiting = scene.agent.events()
            if waiting < before + WAITING:
                raise RuntimeError(f"only {waiting - before} events wait: the board's line is too busy")
            scene.cable.cut(False)
            begin_s = time.monotonic()
            if not wait_until(lambda: scene.noted() >= waiting, BACKLOG_S):  # noqa: B023 # used within the turn
                raise RuntimeError(f"{scene.noted() - before} of {waiting - before} came within {BACKLOG_S} s")
            drained_s.append(time.monotonic() - begin_s)
            scene.rest()
        verdict = scene.verdict()
        size = sum(path.stat().st_size for path in scene.agent.state.glob("journal.sqlite*"))
        verdict.notes.append(f"{scene.noted()} events in order, journal {size / 1e6:.1f} MB")
        verdict.notes.append(f"all there within {max(drained_s):.0f} s of the cut's end")
        return verdict


def hostile_payloads(times: int, seed: int) -> Verdict:
    """Payloads of all kinds on every topic that the agent reads."""
    with Scene(seed) as scene:
        before = 0
        topics = [f"{scene.collector.topics}/{name}" for name in ("commands", "status")]
        for number in range(times):
            if number == times // WARM:
                before = scene.agent.resident_bytes()
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

"""The table of what breaks, and how often: each scenario is a function of how many times and a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.faults import day, machines, network, parts
from bench.faults.verdict import Verdict


@dataclass(frozen=True)
class Scenario:
    """A row of the table."""

    name: str
    what: str
    times: int
    run: Callable[[int, int], Verdict]


SCENARIOS = (
    Scenario("kill-agent", "kill -9 of the agent at random instants under traffic", 100, machines.kill_agent),
    Scenario("kill-resolver", "kill -9 of the resolver (true: visits, told: receipts)", 100, machines.kill_resolver),
    Scenario("broker-stopped", "broker stopped and started again", 20, network.broker_stopped),
    Scenario("broker-frozen", "broker frozen", 20, network.broker_frozen),
    Scenario("broker-forgets", "broker restarted without its state", 20, network.broker_forgets),
    Scenario("broker-refuses", "broker refuses publishes (ACL)", 20, network.broker_refuses),
    Scenario("mqtt-3.1.1", "a broker of MQTT 3.1.1 only, stopped and started again", 20, network.three_one_one),
    Scenario("network-cut", "network cut 4 x 50 s, 1 x 5 min, 10 000 events waiting", 5, network.network_cut),
    Scenario("torn-journal", "power cut: writes since the last sync lost or torn", 50, machines.torn_journal),
    Scenario("disk-full", "disk full, then free", 5, machines.disk_full),
    Scenario("clock-stepped", "clock stepped by an hour, forth or back", 10, machines.clock_stepped),
    Scenario("unplugged", "USB unplugged and replugged", 50, parts.unplugged),
    Scenario("board-reset", "board reset in mid-contact", 50, parts.board_reset),
    Scenario("wrapped", "t_us and seq wrapped", 10, parts.wrapped),
    Scenario("cell-dead", "one cell dead", 20, parts.cell_fault("dead")),
    Scenario("cell-stuck", "one cell stuck", 20, parts.cell_fault("stuck")),
    Scenario("cell-saturated", "one cell saturated", 20, parts.cell_fault("saturated")),
    Scenario("cell-wild", "one cell wild", 20, parts.cell_fault("wild")),
    Scenario("cell-drifting", "one cell drifting (10 g/s)", 20, parts.cell_fault("drifting")),
    Scenario("random-bytes", "random bytes on the serial line (10 000 each)", 1000, parts.random_bytes),
    Scenario("day", "24 h of shop time, replayed fast", 1, day.day),
    Scenario("hostile-payloads", "hostile MQTT payloads", 100_000, network.hostile_payloads),
)

"""`shelf-agent check`: what is wrong with ports, boards, cells, plates and the machine, and what to do about it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from agent.commands.errors import EXIT_DONE, EXIT_FOUND, CommandError, UsageError

if TYPE_CHECKING:
    from agent.diagnosis import Finding, Port, Press, PressWatch
    from agent.operation.live import LivePlates
    from agent.pipeline import Pipeline
    from agent.settings import AgentSettings
    from agent.sources.capture import Capture
    from agent.store import Plate, Store

DEFAULT_S = 10.0
LEAST_S, MOST_S = 3.0, 600.0
PRESS_WAIT_S = 60.0
TURN_S = 0.1
LEFT_OUT = ("record", "log_level", "home_assistant")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `check`."""
    from agent.commands.flags import add_settings

    parser.add_argument("--for", metavar="S", dest="seconds", type=float, default=DEFAULT_S, help="listen so long (10)")
    parser.add_argument("--corners", metavar="PLATE", help="press on each cell of PLATE in turn: finds swapped ones")
    parser.add_argument("--wait", metavar="S", type=float, default=PRESS_WAIT_S, help="for each press (60)")
    parser.add_argument("--no-broker", action="store_true", help="leave the broker out")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of text")
    add_settings(parser, LEFT_OUT)


def run(arguments: argparse.Namespace) -> int:
    """Diagnose; exit 3 where something is wrong."""
    from agent.commands.common import agent_of, read_store, store_path
    from agent.commands.flags import settings_of
    from agent.diagnosis import diagnose_shelf

    if not LEAST_S <= arguments.seconds <= MOST_S:
        raise UsageError(f"--for: from {LEAST_S:.0f} to {MOST_S:.0f} s")
    if not arguments.wait > 0:
        raise UsageError("--wait: seconds above 0")
    settings = settings_of(arguments)
    store = read_store(store_path(settings.store), settings.state)
    agent = agent_of(store, settings.id)
    if arguments.corners is not None:
        return _corners(arguments, settings, store, agent)
    captures = _listen(settings, arguments.seconds)
    believed = _believed(settings, store, agent)
    contents = {reading.plate: reading.contents for reading in believed.readings()}
    ports, findings = diagnose_shelf(store, agent, captures, contents, arguments.seconds)
    findings += _machine(settings, store, agent, broker=not arguments.no_broker)
    if arguments.json:
        print(json.dumps(_document(ports, findings) | {"learned": _learned(believed)}, indent=1))
    else:
        _show(store, agent, ports, captures, findings)
        _show_learned(store, _learned(believed))
    return EXIT_FOUND if any(finding.severity == "problem" for finding in findings) else EXIT_DONE


def _listen(settings: AgentSettings, seconds: float) -> list[Capture]:
    from agent.commands.progress import Progress
    from agent.sources.capture import Listener
    from agent.sources.finder import usb_ports
    from agent.sources.opener import open_port

    paths = settings.ports if settings.ports is not None else usb_ports()
    listener = Listener(paths, open_port)
    if not paths:
        return []
    progress = Progress(
        "check", f"listening to {len(paths)} ports for {seconds:.0f} s; nobody touches the shelf", seconds
    )
    listener.start()
    began_s = time.monotonic()
    while (passed_s := time.monotonic() - began_s) < seconds:
        progress.at(passed_s)
        if all(capture.error is not None for capture in listener.captures):
            break
        time.sleep(TURN_S)
    progress.end()
    listener.stop()
    return listener.captures


def _believed(settings: AgentSettings, store: Store, agent: str) -> Pipeline:
    """What the agent last believed and has learned, else what the store file says."""
    from agent.commands.attachments import saved_belief
    from agent.pipeline import Pipeline

    saved = saved_belief(settings.state) if settings.state is not None else None
    return Pipeline(store, agent, "check", saved)


def _learned(believed: Pipeline) -> dict[str, Any]:
    """Unit weights from clean picks, noise and drift from rest, and what people take at once."""
    belief = believed.belief
    return {
        "unit_weights": {
            sku: {"picks": picks, "mean_g": round(mean_g, 2), "sd_g": round(sd_g, 2)}
            for sku, (picks, mean_g, sd_g) in sorted(belief.weights.learned().items())
        },
        "plates": {
            name: {
                "noise_g": round(float(run.detector.noise.sigma_g[0]), 3),
                "drift_g": round(float(run.detector.noise.wander_g[0]), 3),
            }
            for name, run in believed.runs.items()
        },
        "picks": {kind: round(share, 4) for kind, share in belief.habits.picks.shares().items()},
        "puts": {kind: round(share, 4) for kind, share in belief.habits.puts.shares().items()},
    }


def _show_learned(store: Store, learned: dict[str, Any]) -> None:
    for sku, unit in learned["unit_weights"].items():
        item = store.items[sku]
        print(
            f"learned: {sku}: {unit['mean_g']:.1f} g +- {unit['sd_g']:.1f} a unit, with {unit['picks']} picks "
            f"(store file: {item.unit_weight_g:.1f} +- {item.unit_sd_g:.1f})"
        )
    for name, plate in learned["plates"].items():
        print(
            f"learned: plate {name}: noise {plate['noise_g']:.2f} g a conversion, wanders by {plate['drift_g']:.2f} g"
        )


def _machine(settings: AgentSettings, store: Store, agent: str, *, broker: bool) -> list[Finding]:
    from agent.commands.brokers import credentials_of
    from agent.operation.desk import Desk
    from agent.operation.machine import diagnose_broker, diagnose_clock, diagnose_disk
    from agent.service.clock import SystemSync
    from agent.uplink.link import BrokerFilesError

    assert settings.state is not None
    findings = [*diagnose_disk(settings.state), *diagnose_clock(SystemSync(settings.clock))]
    if broker:
        try:
            desk = Desk(settings.broker_address, credentials_of(settings), store.id, f"{agent}-check")
        except BrokerFilesError as error:
            raise UsageError(str(error)) from None
        findings += diagnose_broker(desk, agent)
    return findings


def _document(ports: list[Port], findings: list[Finding]) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "ports": [
            {
                "port": port.source,
                "board": port.hello.board_id if port.hello else None,
                "channels": {str(channel): asdict(own) for channel, own in port.figures.items()},
            }
            for port in ports
        ],
        "findings": [
            {"code": f.code, "severity": f.severity, "where": f.where, "verdict": f.verdict, "remedy": f.remedy}
            for f in findings
        ],
    }


def _show(store: Store, agent: str, ports: list[Port], captures: list[Capture], findings: list[Finding]) -> None:
    cells = {(cell.board, cell.channel): (plate.id, cell) for plate in store.plates_of(agent) for cell in plate.cells}
    for port, capture in zip(ports, captures, strict=True):
        if port.hello is None:
            continue
        hello, status = port.hello, capture.status
        supply = f", supply {status.supply_mv / 1000:.2f} V" if status and status.supply_mv else ""
        warm = f", {status.temperature_c:.1f} degC" if status and status.temperature_c is not None else ""
        firmware = ".".join(map(str, hello.firmware))
        print(f"board {hello.board_id} on {port.source}: firmware {firmware}, {hello.channels} channels, ", end="")
        print(f"gain {hello.gain}, {hello.rate_hz} a second{supply}{warm}")
        if port.figures:
            print(
                "  channel  plate         rate/s  noise counts  noise g  saturated  repeated  drift g/min       now g"
            )
        for channel, own in port.figures.items():
            plate, cell = cells[hello.board_id, channel]
            per_gram = cell.counts_per_gram
            grams = (own.mean_counts - cell.zero_counts) / per_gram
            print(
                f"  {channel:7d}  {plate:12.12s} {own.rate_hz:7.1f}  {own.noise_counts:12.0f}"
                f"  {own.noise_counts / abs(per_gram):7.2f}  {own.saturated_share:9.1%}  {own.repeated_share:8.1%}"
                f"  {own.drift_counts_per_s * 60 / per_gram:+11.1f}  {grams:+10.1f}"
            )
    for finding in findings:
        print(f"{finding.severity}: {finding.code}: {finding.where}: {finding.verdict}")
        print(f"  do: {finding.remedy}")
    if not findings:
        print("ok: nothing is wrong")


def _corners(arguments: argparse.Namespace, settings: AgentSettings, store: Store, agent: str) -> int:
    """Somebody presses on each cell in turn."""
    from agent.commands.live import live_plates, plate_of
    from agent.diagnosis import DiagnosisParameters, PressWatch, diagnose_walk
    from agent.operation.errors import OperationError

    plate = plate_of(store, agent, arguments.corners)
    parameters = DiagnosisParameters()
    presses = []
    try:
        with live_plates(settings, [plate]) as live:
            _say("leave the plate alone until you are asked")
            for cell in plate.cells:
                where = f"x {cell.x_mm:.0f}, y {cell.y_mm:.0f} mm (channel {cell.channel})"
                presses.append(_press(PressWatch(len(plate.cells), parameters), live, plate, where, arguments.wait))
    except OperationError as error:
        raise CommandError(str(error)) from None
    findings = diagnose_walk(plate, presses)
    for finding in findings:
        print(f"{finding.severity}: {finding.code}: {finding.where}: {finding.verdict}")
        print(f"  do: {finding.remedy}")
    if not findings:
        print(f"ok: plate {plate.id}: every cell answers where it was pressed")
    return EXIT_FOUND if findings else EXIT_DONE


def _press(watch: PressWatch, live: LivePlates, plate: Plate, where: str, wait_s: float) -> Press:
    """Ask for a press once the plate is at rest, and wait for it."""
    from agent.weighing import PlateScale

    scale = PlateScale(plate)
    asked = False
    end_s = time.monotonic() + wait_s
    while True:
        t_s, counts = live.rows(plate)
        got = watch.feed(t_s, scale.grams(counts))
        if got:
            return got[0]
        if watch.ready and not asked:
            asked = True
            end_s = time.monotonic() + wait_s
            _say(f"press at {where}, then let go")
        if time.monotonic() > end_s:
            raise CommandError(f"no press came within {wait_s:.0f} s")
        time.sleep(TURN_S)


def _say(text: str) -> None:
    print(f"shelf-agent check: {text}", file=sys.stderr, flush=True)

"""Flags of the settings, for the commands that run with them. The names are those of `AgentSettings`."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.commands.errors import UsageError

if TYPE_CHECKING:
    from agent.settings import AgentSettings

SETTINGS = {
    "store": ("FILE", "store file"),
    "id": ("ID", "which agent of the store this is; optional where the store has one"),
    "ports": ("PORTS", "serial ports, as a JSON list or one after another; absent: USB ports that answer with HELLO"),
    "broker": ("URL", "mqtt://host:1883 or mqtts://host:8883 (default: mqtt://127.0.0.1:1883)"),
    "broker_user": ("NAME", "user at the broker"),
    "broker_password_file": ("FILE", "file that holds the password (or the systemd credential broker-password)"),
    "broker_ca": ("FILE", "PEM file of the authority that signed the broker's certificate (default: the system's)"),
    "broker_cert": ("FILE", "PEM file of the agent's own certificate"),
    "broker_key": ("FILE", "PEM file of its key"),
    "state": ("DIR", "folder of journal, beliefs and calibration (default: systemd's, or the user's state folder)"),
    "record": ("FILE", "write the serial bytes to this recording too"),
    "clock": ("MODE", "when UTC is believed: auto (a time service, or none is at work), ntp, host (always)"),
    "home_assistant": (
        "PREFIX",
        "tell Home Assistant of the plates below this topic, mostly `homeassistant` (default: off)",
    ),
    "log_level": ("LEVEL", "debug, info, warning or error (default: info)"),
}
"""Flag, in order: its value and its help. `broker_password` has no flag: command lines are seen by everybody."""


def add_settings(parser: argparse.ArgumentParser, leave_out: Sequence[str] = ()) -> None:
    """Declare --config and the flags of the settings."""
    parser.add_argument("--config", metavar="FILE", type=Path, help="TOML file of settings")
    for name, (value, what) in SETTINGS.items():
        if name not in leave_out:
            more: dict[str, Any] = {"nargs": "+"} if name == "ports" else {}
            parser.add_argument(f"--{name.replace('_', '-')}", metavar=value, help=what, **more)


def settings_of(arguments: argparse.Namespace) -> AgentSettings:
    """The settings of flags, environment and file.

    Raises:
        UsageError: what is wrong, in one line.
    """
    from agent.settings import SettingsError, load_settings

    flags = {name: getattr(arguments, name, None) for name in SETTINGS}
    flags["ports"] = _ports(flags["ports"])
    try:
        settings = load_settings(flags, arguments.config)
    except SettingsError as error:
        raise UsageError(str(error)) from None
    _require_sense(settings)
    return settings


def _require_sense(settings: AgentSettings) -> None:
    """What is wrong whatever the world is like; a port that is not there may yet come."""
    from agent.sources.opener import GPIO_PREFIX
    from agent.sources.port import PortError

    if settings.broker_key is not None and settings.broker_cert is None:
        raise UsageError("--broker-key without --broker-cert: name the certificate that belongs to the key")
    for port in settings.ports or []:
        if port.startswith(GPIO_PREFIX):
            from agent.sources.gpio import parse_pins

            try:
                parse_pins(port)
            except PortError as error:
                raise UsageError(f"--ports: {error}: {error.remedy}") from None


def start_log(level: str) -> None:
    """Everything but results goes to standard error; systemd adds the time."""
    logging.basicConfig(stream=sys.stderr, level=level.upper(), format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("paho").setLevel(logging.WARNING)


def _ports(words: list[str] | None) -> list[str] | None:
    if words is None or len(words) != 1 or not words[0].startswith("["):
        return words
    try:
        ports = json.loads(words[0])
    except ValueError:
        raise UsageError('--ports: no JSON list; write ["/dev/ttyUSB0"], or the ports one after another') from None
    return list(ports)

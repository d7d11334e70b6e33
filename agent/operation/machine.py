"""What the agent needs of its machine: a disk to write on, a clock that is right, a broker that answers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from agent.diagnosis.findings import REMARK, Finding
from agent.messages import AgentStatus, MessageError, parse_payload
from agent.messages.types import format_utc
from agent.operation.desk import Desk
from agent.operation.errors import BrokerError
from agent.service.clock import Sync

LEAST_FREE_BYTES = 256 * 1024 * 1024  # the journal's largest size
STATUS_WAIT_S = 0.5


def diagnose_disk(state: Path) -> Iterator[Finding]:
    """The state folder's disk."""
    folder = state
    while not folder.exists():
        folder = folder.parent
    where = f"state folder {state}"
    if not os.access(folder, os.W_OK | os.X_OK):
        advice = "use the agent's user (sudo -u shelf), or make the disk writable; a worn SD card turns read-only"
        yield Finding("disk-read-only", where, "cannot be written by this user", advice=advice)
        return
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        told = f"{free / 2**20:.0f} MiB free, {LEAST_FREE_BYTES / 2**20:.0f} MiB are needed"
        yield Finding("disk-full", where, told, advice="free space on this disk")


def diagnose_clock(sync: Sync) -> Iterator[Finding]:
    """Whether UTC is to be believed."""
    if not sync.synchronised():
        told = "a time service is at work and has not set the clock yet"
        advice = "timedatectl tells; let UDP port 123 out, or name a time server in /etc/systemd/timesyncd.conf"
        yield Finding("clock-unsynchronised", "clock", told, advice=advice)


def diagnose_broker(desk: Desk, agent: str) -> Iterator[Finding]:
    """Connect as the agent would; tell where it is running already, for then it holds the ports."""
    topic = desk.topics.status(agent)
    try:
        desk.open([topic])
    except BrokerError as error:
        yield Finding("broker-unusable", "broker", error.reason, advice=error.remedy)
        return
    finally:
        heard = None if desk.lost else desk.next(STATUS_WAIT_S)
        desk.close()
    if heard is None or not heard.payload:
        return
    try:
        status = parse_payload(AgentStatus, heard.payload)
    except MessageError:
        yield Finding(
            "status-foreign", "broker", f"{topic} holds what is no status", REMARK, "clear the retained message"
        )
        return
    if status.state == "online":
        advice = "it holds the ports: systemctl stop shelf-agent, and check again"
        told = f"agent {agent} is online since {format_utc(status.since)}"
        yield Finding("agent-running", "broker", told, REMARK, advice)

"""A store's broker as deploy/ makes it: its authority, its ACL, its configuration, on a real mosquitto."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
BOUND_S = 10.0
CLIENTS = ("a1", "a2", "resolver", "door", "cam", "operator", "ha")
PASSWORD = "made-up"


@dataclass(frozen=True)
class StoreBroker:
    """Where it listens, where its files are."""

    folder: Path
    tls_port: int
    plain_port: int
    process: subprocess.Popen[bytes]

    @property
    def ca(self) -> Path:
        return self.folder / "ca" / "ca.crt"

    def cert(self, client: str) -> tuple[Path, Path]:
        return self.folder / "ca" / f"shelf-demo-{client}.crt", self.folder / "ca" / f"shelf-demo-{client}.key"


def script(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """One of the scripts of deploy/."""
    return subprocess.run(["sh", str(DEPLOY / name), *words], capture_output=True, text=True, check=False, timeout=60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def acl() -> str:
    kinds = ["--agent", "a1", "a2", "--door", "door", "--sensor", "cam", "--operator", "operator"]
    made = script("mosquitto/acl.sh", "demo", *kinds, "--home-assistant", "ha")
    assert made.returncode == 0, made.stderr
    return made.stdout


@pytest.fixture(scope="session")
def store_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreBroker]:
    if shutil.which("mosquitto") is None:
        pytest.skip("mosquitto is not installed: make test-packages")
    folder = tmp_path_factory.mktemp("broker")
    ca = folder / "ca"
    for words in (
        ["init", "demo"],
        ["broker", "localhost", "127.0.0.1"],
        *(["client", f"shelf-demo-{c}"] for c in CLIENTS),
    ):
        made = script("mosquitto/ca.sh", str(ca), *words)
        assert made.returncode == 0, made.stderr
    (folder / "shelf.acl.json").write_text(acl())
    subprocess.run(
        ["mosquitto_passwd", "-c", "-b", str(folder / "shelf.passwd"), "shelf-demo-a1", PASSWORD], check=True
    )
    tls_port, plain_port = free_port(), free_port()
    text = (DEPLOY / "mosquitto" / "shelf.conf").read_text()
    for there, here in (
        ("/etc/mosquitto/certs", str(ca)),
        ("/etc/mosquitto", str(folder)),
        ("listener 8883", f"listener {tls_port}"),
        ("listener 1883", f"listener {plain_port}"),
    ):
        assert there in text
        text = text.replace(there, here)
    config = folder / "mosquitto.conf"
    config.write_text(f"{text}\npersistence_location {folder}/\nuser root\nlog_dest file {folder}/log\n")
    process = subprocess.Popen(["mosquitto", "-c", str(config)])
    end_s = time.monotonic() + BOUND_S
    while time.monotonic() < end_s:
        try:
            socket.create_connection(("127.0.0.1", tls_port), 0.2).close()
            break
        except OSError:
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.02)
    yield StoreBroker(folder, tls_port, plain_port, process)
    process.terminate()
    process.wait(BOUND_S)

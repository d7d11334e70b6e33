"""install.sh and the package in a clean Debian root: twice, back, and away again, leaving nothing but data.

The root is made by `debootstrap --variant=minbase --include=python3,python3-venv bookworm DIR` and named by
SHELF_TEST_ROOT; `make deb` gives the wheels. Both take minutes, so this runs on demand.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]
ROOT = Path(os.environ.get("SHELF_TEST_ROOT", "/nonexistent"))
PACKAGES = sorted((TREE / "dist").glob("shelf_*.deb"))
BACKUPS = {f"etc/{name}-" for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")}  # of useradd
FORGOTTEN = ("proc", "src", "tmp", "run", "var/log", "var/cache", "var/lib/dpkg")

pytestmark = [
    pytest.mark.skipif(not ROOT.is_dir(), reason="SHELF_TEST_ROOT names no clean Debian root (see the docstring)"),
    pytest.mark.skipif(not PACKAGES, reason="no package in dist/: make deb"),
    pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root"),
]


def inside(*words: str) -> str:
    done = subprocess.run(["chroot", str(ROOT), *words], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files() -> set[str]:
    found = set()
    for folder, folders, names in os.walk(ROOT):
        here = Path(folder).relative_to(ROOT)
        folders[:] = [f for f in folders if str(here / f) not in FORGOTTEN and f != "__pycache__"]
        found |= {str(here / name) for name in (*folders, *names)}
    return found - BACKUPS


@pytest.fixture
def source() -> Iterator[None]:
    shutil.rmtree(ROOT / "src", ignore_errors=True)
    shutil.copytree(TREE / "deploy", ROOT / "src" / "deploy")
    (ROOT / "src" / "agent").mkdir()
    shutil.copy(TREE / "agent" / "__init__.py", ROOT / "src" / "agent")
    shutil.copy(PACKAGES[-1], ROOT / "src" / "shelf.deb")
    subprocess.run(["dpkg-deb", "-x", str(PACKAGES[-1]), str(ROOT / "src" / "x")], check=True)
    yield
    shutil.rmtree(ROOT / "src")


def test_install_update_back_and_away(source: None) -> None:
    before = files()
    script, wheels = "/src/deploy/install.sh", "/src/x/usr/share/shelf/wheels"
    inside("sh", script, "--wheels", wheels)
    assert inside("shelf-agent", "--version").startswith("shelf-agent ")
    (ROOT / "etc/shelf/agent.toml").write_text("# mine\n")
    first = (ROOT / "opt/shelf/current").readlink()
    inside("sh", script, "--wheels", wheels)
    assert (ROOT / "opt/shelf/current").readlink() != first
    assert (ROOT / "etc/shelf/agent.toml").read_text() == "# mine\n"
    inside("sh", script, "--rollback")
    assert (ROOT / "opt/shelf/current").readlink() == first
    inside("shelf-agent", "--version")
    inside("sh", script, "--uninstall")
    assert files() - before == {"etc/shelf", "etc/shelf/agent.toml", "etc/shelf/resolver.toml"}
    inside("sh", script, "--uninstall", "--purge")
    assert files() == before


def test_the_package_twice_and_away(source: None) -> None:
    before = files()
    for _ in range(2):
        inside("dpkg", "-i", "/src/shelf.deb")
        inside("shelf-agent", "--version")
    inside("dpkg", "-r", "shelf")
    inside("dpkg", "-P", "shelf")
    assert files() == before

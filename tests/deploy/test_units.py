"""The units are closed to all that they do not need, and systemd finds nothing to say about them."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.deploy.conftest import DEPLOY

MOST_EXPOSURE = 1.5
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def analyze(*words: str) -> str:
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_exposure(unit) -> None:  # type: ignore[no-untyped-def] # a path
    said = analyze("security", "--offline=true", "--no-pager", str(unit))
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found is not None, said
    assert float(found[1]) <= MOST_EXPOSURE


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_verify_is_silent(unit) -> None:  # type: ignore[no-untyped-def] # a path
    assert analyze("verify", "--man=no", str(unit)) == ""

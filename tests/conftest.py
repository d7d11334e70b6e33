"""What all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# a shared machine is slow at times; in CI the same examples every time, so that a red run is a change's fault
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

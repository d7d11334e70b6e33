"""`shelf-resolver run`: the service."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from typing import Any

from resolver.ledger import LedgerError
from resolver.page import PortTakenError
from resolver.service import LinkFailedError, TakenOverError, serve
from resolver.settings import SettingsError, load


def run(flags: Mapping[str, Any]) -> int:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        SettingsError, StoreError: nothing was started.
    """
    settings = load(flags)
    told: list[int] = []

    def end(number: int, _frame: object) -> None:
        told.append(number)  # and no lock: a second signal may interrupt the handling of the first

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        serve(settings, lambda: bool(told), say)
    except PortTakenError as error:
        raise SettingsError(str(error)) from None
    except (LedgerError, LinkFailedError, TakenOverError) as error:
        say(str(error))
        return 1
    return 130 if signal.SIGINT in told else 0


def say(text: str) -> None:
    """One line on standard error."""
    print(f"shelf-resolver: {text}", file=sys.stderr, flush=True)

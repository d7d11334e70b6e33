"""`shelf-resolver replay`: a file of messages to receipts on standard output."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from agent.store import load_store
from resolver.inbox import Reader
from resolver.settings import SettingsError
from resolver.shop import Shop
from resolver.shop.publishing import cloud_event
from resolver.shop.replay import Replay

MAX_LINE_BYTES = 1024 * 1024
"""A payload is at most 64 KiB; JSON text within JSON text may need a few times that."""


def replay(store_file: Path, messages: str) -> int:
    """Print receipts and adjustments; what was dropped is counted on standard error.

    Raises:
        StoreError: the store file is refused.
        SettingsError: the messages cannot be read.
    """
    store = load_store(store_file)
    shop = Shop(store)
    driver = Replay(shop, Reader(store.id, store.agents))
    broken: Counter[str] = Counter()
    with ExitStack() as opened:
        try:
            lines = sys.stdin.buffer if messages == "-" else opened.enter_context(Path(messages).open("rb"))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise SettingsError(f"{messages}: {reason}; name a file of JSON lines that can be read") from None
        for effect in driver.run(_lines(lines, broken)):
            print(cloud_event(store.id, effect).to_json(), flush=True)
    for reason, count in sorted((broken + driver.refused).items()):
        print(f"shelf-resolver: dropped {count}: {reason}", file=sys.stderr)
    for account in shop.visits.open():
        print(f"shelf-resolver: {account.key} never exited: no receipt", file=sys.stderr)
    return 0


def _lines(stream: IO[bytes], broken: Counter[str]) -> Iterator[tuple[str, str | dict[str, Any]]]:
    try:
        while line := stream.readline(MAX_LINE_BYTES):
            if line.isspace():
                continue
            try:
                document = json.loads(line)
                topic, payload = document["topic"], document["payload"]
            except (ValueError, KeyError, TypeError, RecursionError):
                broken['line that is no {"topic":..,"payload":..}'] += 1
                continue
            if isinstance(topic, str) and isinstance(payload, (str, dict)):
                yield topic, payload
            else:
                broken["topic is no text, or payload is no object"] += 1
    except OSError as error:
        raise SettingsError(f"the messages cannot be read: {(error.strerror or str(error)).lower()}") from None

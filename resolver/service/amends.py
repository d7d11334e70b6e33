"""What agents are told of their plates, once the plate stands still: `set-contents` with what stands there."""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from agent.messages import parse_utc
from resolver.inbox import SECOND_NS
from resolver.shop import Amend, Ask

WAIT_NS = 600 * SECOND_NS
"""An amendment of a plate that does not rest within this time is dropped."""
EXPIRES_NS = 5 * SECOND_NS
"""What stands on a plate may soon be another: the command is not to be carried out late."""
MOST = 1000


class Amends:
    """Amendments by plate that wait for their moment."""

    def __init__(self, plate: Callable[[str], dict[str, Any] | None]) -> None:
        """`plate` gives a plate's state as its agent last told it."""
        self._plate = plate
        self._waiting: OrderedDict[tuple[str, str], tuple[Counter[str], int, int]] = OrderedDict()
        self.dropped = 0

    def add(self, amend: Amend, now_utc_ns: int) -> None:
        """Take one up, with what waits of its plate."""
        change, after_utc_ns, _ = self._waiting.pop((amend.agent, amend.plate), (Counter(), 0, 0))
        for sku, number in amend.change:
            change[sku] += number
        self._waiting[amend.agent, amend.plate] = (change, max(after_utc_ns, amend.told_utc_ns), now_utc_ns)
        if len(self._waiting) > MOST:
            self._waiting.popitem(last=False)
            self.dropped += 1

    def due(self, now_utc_ns: int) -> Iterator[Ask]:
        """Commands for the plates that stand still, and of which the agent told since."""
        for place, (change, after_utc_ns, since_utc_ns) in list(self._waiting.items()):
            agent, plate = place
            state = self._plate(plate)
            if now_utc_ns - since_utc_ns > WAIT_NS:
                del self._waiting[place]
                self.dropped += 1
            elif state is not None and state["stable"] and parse_utc(state["time"]) > after_utc_ns:
                del self._waiting[place]
                contents = Counter(state["contents"])
                contents.update(change)
                yield _command(agent, plate, {sku: n for sku, n in sorted(contents.items()) if n > 0}, now_utc_ns)


def _command(agent: str, plate: str, contents: dict[str, int], now_utc_ns: int) -> Ask:
    told = f"{agent}/{plate}/{sorted(contents.items())}/{now_utc_ns}"
    command_id = "contents-" + hashlib.sha256(told.encode()).hexdigest()[:16]
    return Ask(agent, command_id, now_utc_ns + EXPIRES_NS, "set-contents", (("plate", plate), ("contents", contents)))

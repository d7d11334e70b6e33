"""What the page is given from outside."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from agent.store import Store
from resolver.ledger import History
from resolver.page.access import Access
from resolver.page.live import Live


class Histories(Protocol):
    """Opens a read-only view of the ledger for one request."""

    def __call__(self) -> AbstractContextManager[History]: ...


class Decide(Protocol):
    """Hands a person's decision to the core; the future says whether it counted."""

    def __call__(self, case: str, goods: list[list[Any]], who: str) -> Future[bool]: ...


class Erase(Protocol):
    """Puts a pseudonym in place of a session; the future says whether anything was changed."""

    def __call__(self, session: str, who: str) -> Future[bool]: ...


@dataclass(frozen=True)
class World:
    """Live picture, store, ledger, the way of decisions, and who may decide."""

    live: Live
    store: Callable[[], Store]
    histories: Histories
    decide: Decide
    erase: Erase
    access: Access
    metrics: Callable[[], bytes]
    clock: Callable[[], int]
    secure: bool = False
    """Whether the cookie is sent over TLS only (the page behind a proxy)."""

"""The running resolver: link, worker and page put together, until it is told to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from agent.messages import Topics
from agent.store import Store, StoreError, load_store
from resolver.inbox import SECOND_NS, Reader
from resolver.ledger import History, Ledger, open_database, restore
from resolver.link import Address, Link
from resolver.page import Access, Live, PageServer, UsersError, World, bind, load_users, make_app, metrics_text
from resolver.service.collecting import Collector
from resolver.service.notify import Notifier
from resolver.service.worker import Erasure, Verdict, Worker
from resolver.settings import Settings, SettingsError
from resolver.shop import Rules, Shop

STORE_LOOK_S = 2.0
"""How often the store file is looked at for a change."""


class TakenOverError(Exception):
    """Another resolver of this store signed in at the broker."""


class LinkFailedError(Exception):
    """The thread that hears the broker has ended by an error of its own."""


def rules_of(settings: Settings) -> Rules:
    """The core's numbers, from the settings."""
    return Rules(
        skew_ns=round(settings.skew_s * SECOND_NS),
        receipt_wait_ns=round(settings.receipt_wait_s * SECOND_NS),
        loss_limit=settings.loss_limit,
        longest_visit_ns=round(settings.visit_max_h * 3600 * SECOND_NS),
    )


def serve(settings: Settings, stopped: Callable[[], bool], say: Callable[[str], None]) -> None:
    """Run until `stopped` says so.

    Raises:
        StoreError, SettingsError, PortTakenError: nothing was started.
        LedgerError: the ledger is locked, or cannot be opened or written.
        TakenOverError: another resolver of this store is there.
        LinkFailedError: nothing of the broker can be heard any more.
    """
    collector = Collector(time.monotonic())
    store = load_store(settings.store)
    address = address_of(settings)
    try:
        users = load_users(settings.users_file)
    except UsersError as error:
        raise SettingsError(str(error)) from None
    listener = bind(*settings.listen_address)
    database = open_database(settings.database_url)
    ledger = Ledger(database, store.id, open_database(settings.database_url, read_only=True))
    try:
        ledger.prepare()
        shop = Shop(store, rules_of(settings))
        restore(database, shop, Reader(store.id, store.agents))
        live = Live()
        link = Link(address, f"shelf-{store.id}-resolver", subscriptions(store.id), say, retained(store.id))
        worker = Worker(shop, ledger, link, live, time.time_ns, say, settings.keep_days)
        world = World(
            live=live,
            store=lambda: shop.store,
            histories=_histories(settings.database_url),
            decide=lambda case, goods, who: worker.submit(Verdict(case, goods, who)),
            erase=lambda session, who: worker.submit(Erasure(session, who)),
            access=Access(users, time.monotonic),
            metrics=metrics_text(worker.counts, live.headline),
            clock=time.time_ns,
            secure=settings.secure_cookie,
        )
        page = PageServer(make_app(world), listener)
        worker.start()
        page.start()
        host, port = listener.getsockname()[:2]
        say(f"page on http://{f'[{host}]' if ':' in host else host}:{port}/")
        link.start()
        notifier = Notifier()
        notifier.ready()
        try:
            _loop(worker, link, StoreWatch(settings.store, store, say), stopped, notifier, collector)
        finally:
            notifier.stopping()
            link.stop()
            page.stop()
            worker.finish()
    finally:
        ledger.close()


def retained(store: str) -> list[tuple[str, int]]:
    """What it reads on topics that hold the last message."""
    topics = Topics(store)
    return [(topics.status("+"), 1), (topics.plate("+", "+"), 0)]


def subscriptions(store: str) -> list[tuple[str, int]]:
    """What the resolver reads, with the QoS of the contract."""
    topics = Topics(store)
    return [
        *retained(store),
        (topics.events("+"), 1),
        (topics.watermark("+"), 0),
        (topics.replies("+"), 1),
        (topics.sessions, 1),
        (topics.presence, 0),
    ]


def _loop(
    worker: Worker,
    link: Link,
    watch: StoreWatch,
    stopped: Callable[[], bool],
    notifier: Notifier,
    collector: Collector,
) -> None:
    while not stopped():
        worker.step()
        notifier.alive(time.monotonic())
        collector.look(time.monotonic())
        if link.taken_over.is_set():
            raise TakenOverError(
                "another resolver of this store signed in at the broker: only one may run; stop one of them"
            )
        if link.failure is not None:
            raise LinkFailedError(f"the connection to the broker has failed: {link.failure!r}")
        changed = watch.look(time.monotonic())
        if changed is not None:
            worker.use_store(changed)


class StoreWatch:
    """Notices a changed store file; one with an error is said and not taken."""

    def __init__(self, path: Path, store: Store, say: Callable[[str], None]) -> None:
        self._path, self._store, self._say = path, store, say
        self._seen = self._stamp()
        self._next_look_s = 0.0

    def look(self, now_s: float) -> Store | None:
        """The store where the file says another than before."""
        if now_s < self._next_look_s:
            return None
        self._next_look_s = now_s + STORE_LOOK_S
        stamp = self._stamp()
        if stamp == self._seen or stamp is None:
            return None
        self._seen = stamp
        try:
            store = load_store(self._path)
        except StoreError as error:
            self._say(f"store file changed and is not taken: {error}; going on with revision {self._store.revision}")
            return None
        if store.id != self._store.id:
            self._say(f"store file is now that of store {store.id!r}: not taken, restart the resolver for it")
            return None
        if store.revision == self._store.revision:
            return None
        self._say(f"store file changed: going on with revision {store.revision}")
        self._store = store
        return store

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size)


def _histories(url: str) -> Callable[[], AbstractContextManager[History]]:
    @contextmanager
    def history() -> Iterator[History]:
        database = open_database(url, read_only=True)
        try:
            yield History(database)
        finally:
            database.close()

    return history


def address_of(settings: Settings) -> Address:
    """Where the broker is.

    Raises:
        SettingsError: a file of credentials cannot be read.
    """
    host, port, tls = settings.broker_address
    password = ""
    if settings.password_file is not None:
        try:
            password = settings.password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"password_file: {settings.password_file}: {error.strerror}") from None
    for name in ("ca_file", "cert_file", "key_file"):
        path: Path | None = getattr(settings, name)
        if path is not None and not path.is_file():
            raise SettingsError(f"{name}: {path}: no such file")
    return Address(host, port, tls, settings.user, password, settings.ca_file, settings.cert_file, settings.key_file)

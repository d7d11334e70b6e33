"""The one thread that owns core and ledger: messages in batches, durable, then acknowledged, then published."""

from __future__ import annotations

import queue
import secrets
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from agent.messages import MessageError, Reply, Topics, parse_payload
from agent.store import Store
from resolver.inbox import SECOND_NS, Fact, MovementFact, Reader, SessionFact, Told
from resolver.ledger import Ledger, Stored, goods_of
from resolver.link import Incoming, Link
from resolver.page.live import Live
from resolver.service.amends import Amends
from resolver.service.batch import Batch
from resolver.service.showing import Showing
from resolver.shop import Adjusted, Amend, Ask, Closed, Effect, Issued, Shop
from resolver.shop.curves import Curves
from resolver.shop.publishing import basket_document, command_document, to_json

BATCH = 2000
"""Messages that share one commit."""
TICK_S = 0.05
"""The longest wait for a message before the clock is looked at."""
BASKETS_EVERY_NS = SECOND_NS // 10
FLUSH_EVERY_NS = SECOND_NS
"""Presence is made durable this often; all else with its own batch."""
OUTBOX = 100
RETRY_NS = 5 * SECOND_NS
HOUSEKEEPING_NS = 30 * SECOND_NS
MAX_ASKED = 1000
DAY_NS = 86_400 * SECOND_NS
MAX_REASONS = 100
"""Kinds of refusal that are counted apart; a stranger can invent any number."""


@dataclass(frozen=True)
class Verdict:
    """A person's decision of a case, on its way from the page; `done` says whether it counted."""

    case: str
    goods: list[list[Any]]
    who: str
    done: Future[bool] = field(default_factory=Future)


@dataclass(frozen=True)
class Erasure:
    """A person's wish that a session be erased."""

    session: str
    who: str
    done: Future[bool] = field(default_factory=Future)


class Worker:
    """Takes what the link brings until `stop` is said."""

    def __init__(
        self,
        shop: Shop,
        ledger: Ledger,
        link: Link,
        live: Live,
        clock: Callable[[], int],
        say: Callable[[str], None],
        keep_days: int,
    ) -> None:
        self._shop, self._ledger, self._link, self._clock, self._say = shop, ledger, link, clock, say
        self._keep_ns = keep_days * DAY_NS
        self._topics = Topics(shop.store.id)
        self._reader = Reader(shop.store.id, shop.store.agents)
        self._curves = Curves()
        self._showing = Showing(live, shop, ledger.history, self._curves)
        self._amends = Amends(lambda plate: live.entry("plate", plate))
        self._wishes: queue.Queue[Verdict | Erasure] = queue.Queue(100)
        self._asked: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._in_flight: dict[int, str] = {}
        self._outbox_dirty = True
        self._retry_at_ns = self._flushed_ns = self._baskets_ns = self._housekeeping_ns = 0
        self._unflushed = False
        self._granted: list[tuple[Future[bool], bool]] = []
        self._was_connected = False
        self._under_way: Batch | None = None
        self._basket_backlog: deque[tuple[str, str]] = deque()
        self.refused: Counter[str] = Counter()

    def use_store(self, store: Store) -> None:
        """Go on with another version of the store file."""
        self._shop.use_store(store)
        self._reader = Reader(store.id, store.agents)
        self._showing.store_changed()

    def start(self) -> None:
        """Show what the ledger holds before anything new arrives."""
        self._showing.begin(self._clock())

    def submit(self, wish: Verdict | Erasure) -> Future[bool]:
        """From the page's thread: what a person wants; the future fails with `queue.Full` where a hundred wait."""
        try:
            self._wishes.put_nowait(wish)
        except queue.Full as full:
            wish.done.set_exception(full)
        return wish.done

    def counts(self) -> dict[str, int]:
        """What became of messages, for the metrics."""
        refused = sum(self.refused.values())
        return {
            **{what: self._shop.counts[what] for what in list(self._shop.counts)},
            "refused": refused,
            "amendments dropped": self._amends.dropped,
        }

    def step(self) -> None:
        """Take what is there, or wait a moment for it; then do what is due.

        What was taken is made durable while the next messages are heard, if any wait; only then is it acknowledged.
        """
        if self._link.incoming.empty():
            self._finish_batch()
        batch = self._gather()
        now = self._clock()
        self._note_connection(now)
        stored = self._take(batch)
        effects = self._shop.settle(now) if batch or self._was_connected else []
        self._finish_batch()
        if now - self._housekeeping_ns >= HOUSEKEEPING_NS:
            self._housekeeping_ns = now
            self._housekeep(now)
        effects += self._grant(now)
        self._make_durable(stored, effects, now)
        granted, self._granted = self._granted, []
        self._under_way = Batch(batch, effects, granted, now)
        if now - self._baskets_ns >= BASKETS_EVERY_NS:
            self._baskets_ns = now
            self._publish_baskets()
            for ask in self._amends.due(now):
                self._ask(ask)

    def _finish_batch(self) -> None:
        """Once the last batch is durable: acknowledge it, and tell what follows from it."""
        if self._under_way is None:
            return
        done_batch, self._under_way = self._under_way, None
        self._ledger.wait()
        for message in done_batch.messages:
            self._link.ack(message)
        for done, counted in done_batch.granted:
            done.set_result(counted)
        self._carry_out(done_batch.effects, done_batch.now_utc_ns)
        self._send(done_batch.now_utc_ns)

    def finish(self) -> None:
        """Make durable what is held."""
        self._finish_batch()
        self._ledger.save_logs(self._shop.logs.values())
        self._ledger.commit()

    def _gather(self) -> list[Incoming]:
        waiting = self._link.incoming
        try:
            batch = [waiting.get(timeout=TICK_S)]
        except queue.Empty:
            return []
        with waiting.mutex:
            for _ in range(min(len(waiting.queue), BATCH - 1)):
                batch.append(waiting.queue.popleft())
            waiting.not_full.notify_all()
        return batch

    def _note_connection(self, now: int) -> None:
        connected = self._link.connected.is_set()
        if connected and not self._was_connected:
            self._shop.listening_since_utc_ns = now
            self._in_flight.clear()
            self._outbox_dirty = True
        self._was_connected = connected

    def _take(self, batch: list[Incoming]) -> list[Stored]:
        """Hear the batch; gives what was not here before."""
        read = [(message, fact) for message in batch if (fact := self._read(message)) is not None]
        known = self._ledger.known([fact for _, fact in read if isinstance(fact, SessionFact)])
        fresh = []
        hear, plates = self._shop.hear, self._shop.store.plates
        for message, fact in read:
            if (known and isinstance(fact, SessionFact) and (fact.source, fact.id) in known) or not hear(fact):
                continue
            fresh.append(Stored(fact, message.topic, message.payload.decode()))
            if isinstance(fact, MovementFact) and fact.movement.plate in plates:
                self._curves.hear_movement(fact)
        return fresh

    def _read(self, message: Incoming) -> Fact | None:
        """The fact of a message; None for what only the page or nobody needs."""
        topic = message.topic
        if topic not in self._reader.topics:
            if self._showing.take(topic, message.payload):
                return None
            if topic.endswith("/replies") and topic.startswith(self._topics.agent("")):
                self._reply(message)
                return None
        try:
            return self._reader.read(topic, message.payload)
        except MessageError as error:
            self._refuse(topic, error.reason)
            return None

    def _refuse(self, topic: str, reason: str) -> None:
        key = reason[:120]
        if key not in self.refused and len(self.refused) >= MAX_REASONS:
            key = "other reasons"
        if not self.refused[key]:
            self._say(f"dropped a message on {topic[:100]}: {key} (said once, counted on the page)")
        self.refused[key] += 1

    def _reply(self, message: Incoming) -> None:
        try:
            reply = parse_payload(Reply, message.payload)
        except MessageError as error:
            self._refuse(message.topic, error.reason)
            return
        asked = self._asked.get(reply.id)
        if asked is not None and reply.result == "gone":
            agent, epoch = asked
            self._say(f"agent {agent} no longer has the events missing of epoch {epoch}")
            self._shop.logs[agent].mark_gone(epoch)
        elif asked is not None and reply.result in ("refused", "failed"):
            self._say(f"agent {asked[0]} answers {reply.result}: {reply.reason[:100]}")

    def _grant(self, now: int) -> list[Effect]:
        effects: list[Effect] = []
        while not self._wishes.empty():
            wish = self._wishes.get_nowait()
            if isinstance(wish, Erasure):
                self._erase(wish)
                continue
            known = self._ledger.close_case(wish.case, now, wish.who, to_json({"goods": wish.goods}))
            if known:
                effects += self._shop.decide(wish.case, goods_of(wish.goods), wish.who, now)
                effects.append(Closed(wish.case))
            self._granted.append((wish.done, known))
        return effects

    def _erase(self, wish: Erasure) -> None:
        account = self._shop.visits.of_session(wish.session)
        settled = self._shop.settled.get(account.key) if account is not None else None
        busy = account is not None and (settled is None or settled.case is not None)
        changed = 0 if busy else self._ledger.erase(wish.session, f"erased-{secrets.token_hex(6)}")
        if changed:
            self._unflushed = True
            if account is not None:
                self._shop.forget_account(account.key)
            self._showing.basket(wish.session, None)
            self._showing.refresh_receipts()
            self._say(f"a session was erased by {wish.who}")
        self._granted.append((wish.done, changed > 0))

    def _make_durable(self, stored: list[Stored], effects: list[Effect], now: int) -> None:
        if stored:
            self._ledger.record(stored)
            self._unflushed = True
        at_once = bool(effects or self._granted) or any(isinstance(entry.fact, (Told, SessionFact)) for entry in stored)
        if at_once or (self._unflushed and now - self._flushed_ns >= FLUSH_EVERY_NS):
            self._ledger.keep(effects, self._curves)
            self._ledger.save_logs(self._shop.logs.values())
            self._ledger.begin_commit()
            self._flushed_ns, self._unflushed = now, False

    def _carry_out(self, effects: list[Effect], now: int) -> None:
        for effect in effects:
            if isinstance(effect, Ask):
                self._ask(effect)
                continue
            if isinstance(effect, Amend):
                self._amends.add(effect, now)
                continue
            if isinstance(effect, (Issued, Adjusted)):
                self._outbox_dirty = True
            self._showing.effect(effect)
        self._showing.figure()

    def _ask(self, ask: Ask) -> None:
        self._asked[ask.id] = (ask.agent, str(dict(ask.arguments).get("epoch", "")))
        if len(self._asked) > MAX_ASKED:
            self._asked.popitem(last=False)
        self._link.publish(self._topics.commands(ask.agent), to_json(command_document(ask)))

    def _send(self, now: int) -> None:
        """Publish the outbox; an entry leaves it when the broker has acknowledged it."""
        done = []
        while not self._link.acknowledged.empty():
            mid, good = self._link.acknowledged.get()
            event_id = self._in_flight.pop(mid, None)
            if event_id is None:
                continue
            if good:
                done.append(event_id)
            else:
                self._say(f"the broker refuses {event_id}; trying again")
                self._retry_at_ns = now + RETRY_NS
        if done:
            self._ledger.sent(done)
            self._unflushed = True
        if self._retry_at_ns and now >= self._retry_at_ns:
            self._retry_at_ns, self._outbox_dirty = 0, True
        if not self._was_connected or not (self._outbox_dirty or done):
            return
        waiting = self._ledger.outbox(OUTBOX)
        self._outbox_dirty = False
        flying = set(self._in_flight.values())
        for entry in waiting:
            if entry.event_id not in flying and not self._retry_at_ns:
                number = self._link.publish(self._topics.receipts, entry.payload)
                if number is None:
                    self._outbox_dirty = True
                    return
                self._in_flight[number] = entry.event_id

    def _publish_baskets(self) -> None:
        for basket in self._shop.changed_baskets():
            for session in basket.sessions:
                document = basket_document(basket, session, self._shop.store.currency)
                self._showing.basket(session, document)
                self._basket_backlog.append((session, to_json(document)))
        if len(self._basket_backlog) > BATCH:
            newest = OrderedDict(self._basket_backlog)
            self._basket_backlog = deque(newest.items())
        while self._basket_backlog and self._was_connected:
            session, text = self._basket_backlog[0]
            if self._link.publish(self._topics.basket(session), text, retain=True) is None:
                return
            self._basket_backlog.popleft()

    def _housekeep(self, now: int) -> None:
        self._shop.forget(now)
        self._ledger.forget_before(now - self._keep_ns)
        for session in self._ledger.baskets_to_clear(now) if self._was_connected else []:
            if self._link.publish(self._topics.basket(session), "", retain=True) is not None:
                self._ledger.basket_cleared(session)
                self._showing.basket(session, None)
        self._unflushed = True
        self._showing.housekeep(now)

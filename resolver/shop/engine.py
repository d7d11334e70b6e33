"""The core: facts in, receipts, adjustments, reviews and commands out. No clock, no socket, no disk.

What a receipt says is a function of the facts held when it is issued, in order of their own times; the order of their
arrival does not show.
"""

from __future__ import annotations

from collections import Counter, OrderedDict

from agent.store import Store
from resolver.baskets import Basket as Goods
from resolver.baskets import Clue, Posterior
from resolver.inbox import (
    AgentLog,
    CorrectionFact,
    Fact,
    FaultFact,
    MovementFact,
    PresenceFact,
    SessionFact,
    Told,
    WatermarkFact,
)
from resolver.presence import Presence
from resolver.receipts import Prices
from resolver.sessions import Account, Visits
from resolver.shop.beliefs import Beliefs
from resolver.shop.billing import Billing, Settled
from resolver.shop.completeness import lasting_doubts, notes, waits_for
from resolver.shop.effects import Basket, Effect, Review
from resolver.shop.movements import Movements
from resolver.shop.plates import EventKey
from resolver.shop.resends import Resends
from resolver.shop.rules import Rules

TOLD_IN_DOUBT = 0.98
"""An agent may think again of what it told with less confidence than this."""
MAX_REMEMBERED_IDS = 100_000
"""Session and presence ids remembered against duplicates in memory; the ledger remembers the sessions' for good."""


class Shop:
    """All that is known of one store now."""

    def __init__(self, store: Store, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.store = store
        self.prices = Prices(store.items, store.currency)
        self.visits = Visits(self.rules.longest_visit_ns)
        self.presence = Presence(frozenset(store.plates))
        self.movements = Movements(store, self.visits, self.presence, self.rules.skew_ns)
        self.logs = {agent: AgentLog(agent) for agent in store.agents}
        self._billing = Billing(store, self.prices, self.rules, self.movements)
        self.faults: dict[tuple[str, str, tuple[str, ...]], FaultFact] = {}
        self.counts: Counter[str] = Counter()
        self.listening_since_utc_ns = 0
        """Nobody is given up before this instant plus the wait: until then the broker may still deliver a backlog."""
        self._beliefs = Beliefs(self.movements, self.rules.skew_ns)
        self._resends = Resends(self.rules)
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._late: dict[str, str] = {}
        self._changed: set[str] = set()
        self._news: list[tuple[EventKey, Clue | None, MovementFact | CorrectionFact]] = []

    @property
    def settled(self) -> dict[str, Settled]:
        """Accounts that have their receipt."""
        return self._billing.settled

    def use_store(self, store: Store) -> None:
        """Go on with another version of the store file of the same store."""
        self.store = store
        self.presence.use_plates(frozenset(store.plates))
        self.logs = {agent: self.logs.get(agent) or AgentLog(agent) for agent in store.agents}
        self.prices = Prices(store.items, store.currency)
        self._billing.use_store(store, self.prices)
        self.movements.use_store(store)

    def hear(self, fact: Fact) -> bool:
        """Take a fact; false where it was here before."""
        if isinstance(fact, Told):
            log = self.logs[fact.agent]
            if not log.hear_number(fact.epoch, fact.sequence, fact.recorded_utc_ns):
                self.counts["duplicate"] += 1
                return False
            self._hear_told(fact)
            return True
        if isinstance(fact, WatermarkFact):
            self.logs[fact.agent].hear_watermark(fact)
            return True
        if self._seen_before((fact.source, fact.id)):
            self.counts["duplicate"] += 1
            return False
        if isinstance(fact, SessionFact):
            self._changed |= self.visits.hear(fact)
            self.movements.sessions_changed(fact.t_utc_ns)
        else:
            self._hear_presence(fact)
        return True

    def recall(self, fact: Fact) -> None:
        """Take a fact from the ledger again, after a restart; its number is known already."""
        if isinstance(fact, MovementFact):
            self.movements.hear(fact)
        elif isinstance(fact, Told):
            self._hear_told(fact)
        else:
            self.hear(fact)

    def settle(self, now_utc_ns: int) -> list[Effect]:
        """Issue what is due now."""
        effects: list[Effect] = []
        self._changed |= self.visits.close_overdue(now_utc_ns)
        waiting = self._waiting()
        entered = min((account.start_utc_ns for account in self.visits.unsettled.values()), default=None)
        effects += self._resends.asks(self.logs, entered, now_utc_ns)
        if waiting or self._news:
            self._refresh()
        for account in waiting:
            effects += self._try_issue(account, now_utc_ns)
        for key, reason in sorted(self._late.items()):
            account = self.visits.accounts[key]
            effects += self._billing.reconsider(account, self.posterior(key), reason, now_utc_ns)
            self._changed.add(key)
        self._late.clear()
        return effects

    def next_deadline_ns(self) -> int | None:
        """When `settle` must be called though nothing arrives."""
        deadlines = [self._deadline(account) for account in self._waiting()]
        overdue = self.visits.next_overdue_ns()
        return min([*deadlines, *([overdue] if overdue is not None else [])], default=None)

    def last_exit_deadline_ns(self) -> int | None:
        """When the last of those who exited will have got a receipt, whatever arrives."""
        return max((self._deadline(account) for account in self._waiting()), default=None)

    def changed_baskets(self) -> list[Basket]:
        """Baskets of accounts that changed since this was last asked."""
        self._refresh()
        changed, self._changed = self._changed, set()
        return [self.basket(key) for key in sorted(changed) if key in self.visits.accounts]

    def basket(self, key: str) -> Basket:
        """An account's likeliest basket as it stands; after the receipt what was billed."""
        account = self.visits.accounts[key]
        done = self.settled.get(key)
        if done is not None:
            goods, probability = done.billed, 1.0
            at = done.receipt.issued
        else:
            goods, probability = self.posterior(key).of(key)[0]
            keys = self.movements.of(key)
            at = max(self.movements.fact(keys[-1]).t_utc_ns if keys else 0, account.start_utc_ns)
        lines = self.prices.lines(goods)
        total = self.prices.sum(lines)
        return Basket(key, tuple(account.sessions), account.group, lines, total, probability, at)

    def posterior(self, key: str) -> Posterior:
        """What is believed of this account and of those who share a doubt with it."""
        self._refresh()
        return self._beliefs.of(self.visits.accounts[key])

    def review(self, key: str) -> Review | None:
        """The case of an account as it stands with all that is known by now."""
        done = self.settled.get(key)
        account = self.visits.accounts.get(key)
        if done is None or account is None or done.case is None:
            return None
        return self._billing.review(account, self.posterior(key), done.receipt.reasons, done.receipt.issued)

    def decide(self, case: str, goods: Goods, who: str, now_utc_ns: int) -> list[Effect]:
        """A person's decision of a case: the receipt becomes final, or the charge is made."""
        for key, done in self.settled.items():
            if done.case == case:
                self._changed.add(key)
                return self._billing.decided(self.visits.accounts[key], self.posterior(key), goods, who, now_utc_ns)
        return []

    def forget(self, now_utc_ns: int) -> list[str]:
        """Drop accounts whose receipt is old, and what only concerned them; gives their keys."""
        horizon = now_utc_ns - self.rules.keep_ns
        old = [key for key, done in self.settled.items() if done.case is None and done.receipt.issued <= horizon]
        for key in old:
            self.forget_account(key)
        starts = [account.start_utc_ns for account in self.visits.accounts.values()]
        before = min([horizon, *starts]) - self.rules.keep_ns // 60
        self.movements.forget_before(before)
        self.presence.forget_before(before)
        for log in self.logs.values():
            log.forget_before(before)
        return old

    def forget_account(self, key: str) -> None:
        """Drop an account that has its receipt."""
        del self.settled[key]
        self.visits.forget(key)
        self._beliefs.drop(key)
        self._changed.discard(key)
        self._late.pop(key, None)

    def restore_receipt(self, account: str, settled: Settled) -> None:
        """After a restart: what was issued stays as it is."""
        if account in self.visits.accounts:
            self.visits.settle(self.visits.accounts[account])
            settled.restored = True
            self.settled[account] = settled

    def _hear_told(self, fact: Told) -> None:
        if isinstance(fact, MovementFact):
            self._note_movement(fact)
        elif isinstance(fact, CorrectionFact):
            event = self.movements.correct(fact)
            self.counts["corrections"] += 1
            if event is not None:
                self._touch(event, fact)
        elif isinstance(fact, FaultFact):
            self._note_fault(fact)

    def _note_movement(self, fact: MovementFact) -> None:
        self.counts["events"] += 1
        if fact.movement.plate not in self.store.plates:
            self.counts["unknown plate"] += 1
        self._touch(self.movements.hear(fact), fact)

    def _touch(self, event: EventKey, learnt: MovementFact | CorrectionFact) -> None:
        """Something was learnt about an event: whom it concerns is looked at when all that came with it is here."""
        self._news.append((event, self.movements.clue(event), learnt))

    def _take_news(self) -> None:
        news, self._news = self._news, []
        changed, settled = self._changed, self.settled
        for event, before, learnt in news:
            for clue in (before, self.movements.clue(event)):
                for owner, _ in clue.owners if clue is not None else ():
                    changed.add(owner)
                    if owner in settled:
                        self._late.setdefault(owner, _why(learnt))

    def _note_fault(self, fact: FaultFact) -> None:
        key = (fact.agent, fact.fault, fact.plates)
        if fact.kind == "fault":
            self.faults[key] = fact
        else:
            self.faults.pop(key, None)

    def _hear_presence(self, fact: PresenceFact) -> None:
        unknown = self.presence.hear(fact)
        self.counts["presence of unknown plates"] += len(unknown)
        self.movements.presence_changed(fact.plates, fact.t_utc_ns, fact.until_utc_ns)

    def _seen_before(self, key: tuple[str, str]) -> bool:
        if key in self._seen:
            return True
        self._seen[key] = None
        if len(self._seen) > MAX_REMEMBERED_IDS:
            self._seen.popitem(last=False)
        return False

    def _refresh(self) -> None:
        touched = self.movements.refresh()
        self._beliefs.forget(touched)
        self._changed |= touched
        self._take_news()

    def _waiting(self) -> list[Account]:
        accounts = [account for account in self.visits.unsettled.values() if account.exited_utc_ns is not None]
        return sorted(accounts, key=lambda account: (account.exited_utc_ns, account.key))

    def _deadline(self, account: Account) -> int:
        assert account.exited_utc_ns is not None
        return max(account.exited_utc_ns, self.listening_since_utc_ns) + self.rules.receipt_wait_ns

    def _try_issue(self, account: Account, now_utc_ns: int) -> list[Effect]:
        assert account.exited_utc_ns is not None
        due = account.exited_utc_ns + self.rules.skew_ns
        logs = self.logs.values()
        waits = waits_for(account, due, logs, self.presence, self.rules)
        if waits and now_utc_ns < self._deadline(account):
            return []
        reasons = [*waits, *lasting_doubts(account, due, logs, self.presence, self.rules)]
        posterior = self.posterior(account.key)
        if not reasons and now_utc_ns < self._deadline(account) and self._corrections_due(account, due, posterior):
            return []
        effects = self._billing.issue(account, posterior, reasons, notes(account), now_utc_ns)
        self.visits.settle(account)
        self._changed.add(account.key)
        return effects

    def _corrections_due(self, account: Account, due_utc_ns: int, posterior: Posterior) -> bool:
        """Whether the account's doubts may yet be settled by what its agents learn while the plates rest."""
        looked = [
            self.movements.fact(key).movement.settled
            for key in self.movements.of(account.key)
            if self.movements.said(key) < TOLD_IN_DOUBT
        ]
        until = min(max(looked, default=0) + self.rules.second_look_ns, due_utc_ns + self.rules.correction_wait_ns)
        marks = [log.believed.until_utc_ns for log in self.logs.values() if log.believed is not None]
        return min(marks, default=until) < until and not self._billing.is_sure(account, posterior)


def _why(learnt: MovementFact | CorrectionFact) -> str:
    """Why an account is looked at again, for people to read."""
    if isinstance(learnt, CorrectionFact):
        return f"correction: {learnt.correction.reason}"[:200]
    return f"late-event: {learnt.id} arrived after the receipt"

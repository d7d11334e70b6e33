"""What an account is billed: its receipt, what is adjusted afterwards, the case that a person decides."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.messages import Adjustment, Receipt
from agent.store import Store
from resolver.baskets import Basket as Goods
from resolver.baskets import Posterior
from resolver.receipts import Decision, Prices, change_lines, decide
from resolver.sessions import Account
from resolver.shop.doubts import account_reasons, doubts_of, options_of, shares_of
from resolver.shop.effects import Adjusted, Closed, Effect, Issued, Review
from resolver.shop.feedback import Feedback
from resolver.shop.movements import Movements
from resolver.shop.rules import Rules


@dataclass
class Settled:
    """An account with its receipt: what was billed, adjustments included."""

    receipt: Receipt
    billed: Goods
    adjustments: int = 0
    case: str | None = None
    restored: bool = False


class Billing:
    """Receipts of one store; `settled` holds the accounts that have theirs."""

    def __init__(self, store: Store, prices: Prices, rules: Rules, movements: Movements) -> None:
        self._store, self._prices, self._rules, self._movements = store, prices, rules, movements
        self._feedback = Feedback(movements)
        self.settled: dict[str, Settled] = {}

    def use_store(self, store: Store, prices: Prices) -> None:
        """Go on with another version of the store file."""
        self._store, self._prices = store, prices

    def is_sure(self, account: Account, posterior: Posterior) -> bool:
        """Whether the account's receipt would be final."""
        return decide(posterior.outcomes(account.key), self._prices, self._rules.loss_limit).sure

    def issue(
        self, account: Account, posterior: Posterior, reasons: list[str], notes: list[str], now_utc_ns: int
    ) -> list[Effect]:
        """The account's receipt: final, or for review with its reasons and those given; `notes` are said on either."""
        assert account.exited_utc_ns is not None
        decision = decide(posterior.outcomes(account.key), self._prices, self._rules.loss_limit)
        keys = self._movements.of(account.key)
        shares = shares_of(account.key, keys, posterior)
        reasons = [*reasons, *account_reasons(account.key, shares, self._movements, self._store, posterior, decision)]
        lines = self._prices.lines(decision.basket)
        number = account.receipt_id(self._store.id)
        receipt = Receipt(
            receipt=number,
            session=account.session,
            group=account.group,
            lines=lines,
            total=self._prices.sum(lines),
            currency=self._store.currency,
            state="review" if reasons else "final",
            reasons=(*reasons, *notes),
            events=tuple([key[1] for key in keys if shares[key] >= 0.5]),
            exited=account.exited_utc_ns,
            issued=now_utc_ns,
        )
        done = Settled(receipt, decision.basket, case=number if reasons else None)
        self.settled[account.key] = done
        effects: list[Effect] = [Issued(number, account.key, tuple(account.sessions), receipt, decision.basket)]
        if reasons:
            effects.append(self._review(account, done, posterior, decision, tuple(reasons), now_utc_ns))
        return [*effects, *self._feedback.amends(keys, posterior)]

    def reconsider(self, account: Account, posterior: Posterior, reason: str, now_utc_ns: int) -> list[Effect]:
        """Something was learnt about an account after its receipt."""
        done = self.settled[account.key]
        decision = decide(posterior.outcomes(account.key), self._prices, self._rules.loss_limit)
        if done.receipt.state == "review" and done.case is not None:
            return [self._review(account, done, posterior, decision, (*done.receipt.reasons, reason), now_utc_ns)]
        if decision.basket == done.billed:
            case, done.case = done.case, None
            return [Closed(case)] if case else []
        lines = change_lines(self._prices, done.billed, decision.basket)
        amount = self._prices.sum(lines)
        if decision.sure and amount <= 0:
            closed: list[Effect] = [Closed(done.case)] if done.case else []
            done.case = None
            return [self._adjust(account, done, decision.basket, reason, now_utc_ns), *closed]
        done.case = f"{done.receipt.receipt}-charge-{done.adjustments + 1}"
        return [self._review(account, done, posterior, decision, (reason,), now_utc_ns)]

    def review(self, account: Account, posterior: Posterior, reasons: tuple[str, ...], opened_utc_ns: int) -> Review:
        """The account's open case as it stands."""
        decision = decide(posterior.outcomes(account.key), self._prices, self._rules.loss_limit)
        return self._review(account, self.settled[account.key], posterior, decision, reasons, opened_utc_ns)

    def _adjust(
        self, account: Account, done: Settled, goods: Goods, reason: str, now_utc_ns: int, who: str | None = None
    ) -> Adjusted:
        lines = change_lines(self._prices, done.billed, goods)
        done.billed = goods
        done.adjustments += 1
        adjustment = Adjustment(
            receipt=done.receipt.receipt, lines=lines, amount=self._prices.sum(lines), reason=reason
        )
        event_id = f"{done.receipt.receipt}-adj-{done.adjustments}"
        return Adjusted(event_id, account.key, tuple(account.sessions), now_utc_ns, adjustment, goods, who)

    def _review(
        self,
        account: Account,
        done: Settled,
        posterior: Posterior,
        decision: Decision,
        reasons: tuple[str, ...],
        now_utc_ns: int,
    ) -> Review:
        assert done.case is not None
        return Review(
            case=done.case,
            account=account.key,
            receipt=done.receipt.receipt,
            charge=done.case != done.receipt.receipt,
            opened_utc_ns=now_utc_ns,
            reasons=reasons,
            options=options_of(posterior.of(account.key), self._prices),
            doubts=doubts_of(account.key, self._movements, posterior, self._store),
            unresolved=decision.expected_loss,
        )

    def decided(self, account: Account, posterior: Posterior, goods: Goods, who: str, now_utc_ns: int) -> list[Effect]:
        """A person's decision of the account's open case."""
        done = self.settled[account.key]
        case, done.case = done.case, None
        keys = self._movements.of(account.key)
        if done.restored:
            self._feedback.amends(keys, posterior)  # told in the life before
        amends = self._feedback.amends(keys, posterior.given(account.key, goods))
        if case != done.receipt.receipt:
            if goods == done.billed:
                return [*amends]
            return [self._adjust(account, done, goods, "review", now_utc_ns, who), *amends]
        lines = self._prices.lines(goods)
        receipt = done.receipt.model_copy(
            update={"lines": lines, "total": self._prices.sum(lines), "state": "final", "issued": now_utc_ns}
        )
        self.settled[account.key] = replace(done, receipt=receipt, billed=goods, case=None)
        sessions = tuple(account.sessions)
        return [Issued(f"{receipt.receipt}-final", account.key, sessions, receipt, goods, who), *amends]

"""Who is in the shop, and who pays together: doors' messages to visits, visits to accounts.

A visit is one session from its entering to its exit. An account is what gets one receipt: a visit, or all visits of a
group that are in the shop together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from resolver.inbox import SECOND_NS, SessionFact

NOT_ENTERED = "exited without entering"
ENTERED_TWICE = "entered twice"
NEVER_EXITED = "never exited"
MINUTE_NS = 60 * SECOND_NS


@dataclass
class Visit:
    """One session in the shop; `entered_utc_ns` is None where only its exit was told."""

    session: str
    group: str | None
    entered_utc_ns: int | None
    exited_utc_ns: int | None = None
    remarks: set[str] = field(default_factory=set)

    def open_at(self, t_utc_ns: int, slack_ns: int = 0) -> bool:
        """Whether the visitor was inside, as far as the doors tell."""
        if self.entered_utc_ns is None or t_utc_ns < self.entered_utc_ns - slack_ns:
            return False
        return self.exited_utc_ns is None or t_utc_ns <= self.exited_utc_ns + slack_ns

    def may_be_named_at(self, t_utc_ns: int, slack_ns: int) -> bool:
        """Whether a sensor that names this session then can be right."""
        if self.entered_utc_ns is not None:
            return self.open_at(t_utc_ns, slack_ns)
        return self.exited_utc_ns is None or t_utc_ns <= self.exited_utc_ns + slack_ns


@dataclass(eq=False)
class Account:
    """What gets one receipt. `key` is unique in the store, and the same for the same messages."""

    key: str
    group: str | None
    visits: list[Visit]
    issued: bool = False

    @property
    def entered_utc_ns(self) -> int | None:
        if len(self.visits) == 1:
            return self.visits[0].entered_utc_ns
        times = [visit.entered_utc_ns for visit in self.visits if visit.entered_utc_ns is not None]
        return min(times, default=None)

    @property
    def exited_utc_ns(self) -> int | None:
        """The last member's exit; None while one is inside."""
        if len(self.visits) == 1:
            return self.visits[0].exited_utc_ns
        times = [visit.exited_utc_ns for visit in self.visits]
        return None if any(time is None for time in times) else max(time for time in times if time is not None)

    @property
    def session(self) -> str:
        """The session that stands on the receipt: the member who entered first."""
        return min(self.visits, key=lambda visit: (visit.entered_utc_ns or 0, visit.session)).session

    @property
    def sessions(self) -> list[str]:
        if len(self.visits) == 1:
            return [self.visits[0].session]
        return sorted({visit.session for visit in self.visits})

    @property
    def start_utc_ns(self) -> int:
        """Its first instant that is known."""
        entered = self.entered_utc_ns
        if entered is not None:
            return entered
        return min(visit.exited_utc_ns or 0 for visit in self.visits)

    def open_at(self, t_utc_ns: int, slack_ns: int = 0) -> bool:
        return any(visit.open_at(t_utc_ns, slack_ns) for visit in self.visits)

    def overlaps(self, start_utc_ns: int, end_utc_ns: int) -> bool:
        """Whether a member may have been inside at some instant of the span."""
        return any(
            (visit.entered_utc_ns or 0) <= end_utc_ns
            and (visit.exited_utc_ns is None or visit.exited_utc_ns >= start_utc_ns)
            for visit in self.visits
        )

    def receipt_id(self, store: str) -> str:
        """`r-` and 16 hex digits: the same visit always gets the same."""
        return "r-" + hashlib.sha256(f"{store}/{self.key}".encode()).hexdigest()[:16]


class Minutes:
    """Accounts by the minutes in which they were inside, so that an instant is looked up, not searched."""

    def __init__(self) -> None:
        self._open: dict[str, Account] = {}
        self._closed: dict[int, dict[str, Account]] = {}
        self._held: dict[str, range] = {}

    def put(self, account: Account) -> None:
        """Take in an account, or what changed of it."""
        self.drop(account)
        exited = account.exited_utc_ns
        if exited is None:
            self._open[account.key] = account
            return
        self._held[account.key] = range(account.start_utc_ns // MINUTE_NS, exited // MINUTE_NS + 1)
        for minute in self._held[account.key]:
            self._closed.setdefault(minute, {})[account.key] = account

    def drop(self, account: Account) -> None:
        self._open.pop(account.key, None)
        for minute in self._held.pop(account.key, ()):
            del self._closed[minute][account.key]
            if not self._closed[minute]:
                del self._closed[minute]

    def around(self, start_utc_ns: int, end_utc_ns: int) -> list[Account]:
        """Accounts that may have been inside within the span, and all that are."""
        found = dict(self._open)
        for minute in range(start_utc_ns // MINUTE_NS, end_utc_ns // MINUTE_NS + 1):
            found.update(self._closed.get(minute, {}))
        return list(found.values())


class Visits:
    """Visits and accounts of the store, from session messages in any order."""

    def __init__(self, longest_ns: int) -> None:
        self._longest_ns = longest_ns
        self._told: dict[str, list[tuple[int, bool, str | None]]] = {}
        self._by_session: dict[str, list[tuple[Visit, Account]]] = {}
        self.accounts: dict[str, Account] = {}
        self.unsettled: dict[str, Account] = {}
        self._minutes = Minutes()

    def settle(self, account: Account) -> None:
        """The account has its receipt: from now on it stays as it is."""
        account.issued = True
        self.unsettled.pop(account.key, None)

    def hear(self, fact: SessionFact) -> set[str]:
        """Take note; gives the keys of the accounts that changed."""
        told = self._told.setdefault(fact.session, [])
        told.append((fact.t_utc_ns, fact.entered, fact.group))
        told.sort(key=lambda entry: (entry[0], not entry[1]))
        changed = self._lay(fact.session, _fold(fact.session, told))
        self._reindex(changed)
        return changed

    def close_overdue(self, now_utc_ns: int) -> set[str]:
        """Close visits that lasted longer than a visit may; gives the accounts that changed."""
        changed = set()
        for account in self.unsettled.values():
            for visit in account.visits:
                end = self._end(visit)
                if end is not None and end <= now_utc_ns:
                    visit.exited_utc_ns = end
                    visit.remarks.add(NEVER_EXITED)
                    changed.add(account.key)
        self._reindex(changed)
        return changed

    def next_overdue_ns(self) -> int | None:
        """When the next visit will have lasted too long."""
        ends = [self._end(visit) for account in self.unsettled.values() for visit in account.visits]
        return min((end for end in ends if end is not None), default=None)

    def at(self, t_utc_ns: int, slack_ns: int) -> list[Account]:
        """Accounts inside at that instant; only where there is none, those that were within the slack."""
        near = self._minutes.around(t_utc_ns - slack_ns, t_utc_ns + slack_ns)
        inside = [account for account in near if account.open_at(t_utc_ns)]
        return inside or [account for account in near if account.open_at(t_utc_ns, slack_ns)]

    def within(self, start_utc_ns: int, end_utc_ns: int) -> list[Account]:
        """Accounts that were inside at some instant of the span."""
        return [account for account in self.accounts.values() if account.overlaps(start_utc_ns, end_utc_ns)]

    def named(self, session: str, t_utc_ns: int, slack_ns: int) -> Account | None:
        """The account of a session that a sensor names at that instant."""
        for visit, account in self._by_session.get(session, ()):
            if visit.may_be_named_at(t_utc_ns, slack_ns):
                return account
        return None

    def of_session(self, session: str) -> Account | None:
        """The account of a session's latest visit."""
        entries = self._by_session.get(session)
        return entries[-1][1] if entries else None

    def open(self) -> list[Account]:
        """Accounts with somebody inside."""
        return [account for account in self.unsettled.values() if account.exited_utc_ns is None]

    def forget(self, key: str) -> None:
        """Drop an account and its visits."""
        account = self.accounts.pop(key)
        self.unsettled.pop(key, None)
        self._minutes.drop(account)
        for session in account.sessions:
            kept = [entry for entry in self._by_session.get(session, []) if entry[1] is not account]
            if kept:
                self._by_session[session] = kept
            else:
                self._by_session.pop(session, None)
                self._told.pop(session, None)

    def _reindex(self, keys: set[str]) -> None:
        for key in keys:
            if key in self.accounts:
                self._minutes.put(self.accounts[key])

    def _end(self, visit: Visit) -> int | None:
        if visit.exited_utc_ns is not None or visit.entered_utc_ns is None:
            return None
        return visit.entered_utc_ns + self._longest_ns

    def _lay(self, session: str, visits: list[Visit]) -> set[str]:
        """Match the visits told with those known; what was issued stays as it is."""
        known = self._by_session.setdefault(session, [])
        changed = set()
        for number, visit in enumerate(visits):
            if number < len(known):
                old, account = known[number]
                if account.issued or _same(old, visit):
                    continue
                changed.add(account.key)
                if old.group != visit.group:
                    self._leave(old, account)
                    known[number] = (visit, self._join(visit, number))
                    changed.add(known[number][1].key)
                else:
                    old.entered_utc_ns, old.exited_utc_ns = visit.entered_utc_ns, visit.exited_utc_ns
                    old.remarks = visit.remarks
            else:
                account = self._join(visit, number)
                known.append((visit, account))
                changed.add(account.key)
        while len(known) > len(visits) and not known[-1][1].issued:
            old, account = known.pop()
            changed.add(account.key)
            self._leave(old, account)
        return changed

    def _join(self, visit: Visit, number: int) -> Account:
        if visit.group is None:
            key = visit.session if number == 0 else f"{visit.session}/{number + 1}"
            account = Account(key, None, [visit])
        else:
            together = [account for account in self.accounts.values() if account.group == visit.group]
            for account in together:
                if not account.issued:
                    account.visits.append(visit)
                    return account
            first = visit.entered_utc_ns if visit.entered_utc_ns is not None else visit.exited_utc_ns
            key = f"group/{visit.group}/{first}"
            account = Account(key, visit.group, [visit])
        self.accounts[account.key] = self.unsettled[account.key] = account
        return account

    def _leave(self, visit: Visit, account: Account) -> None:
        account.visits = [other for other in account.visits if other is not visit]
        if not account.visits:
            self.accounts.pop(account.key, None)
            self._minutes.drop(account)
            self.unsettled.pop(account.key, None)


def _same(a: Visit, b: Visit) -> bool:
    return (a.entered_utc_ns, a.exited_utc_ns, a.group, a.remarks) == (
        b.entered_utc_ns,
        b.exited_utc_ns,
        b.group,
        b.remarks,
    )


def _fold(session: str, told: Iterable[tuple[int, bool, str | None]]) -> list[Visit]:
    """Visits of a session from its messages in order of time."""
    visits: list[Visit] = []
    for t_utc_ns, entered, group in told:
        last = visits[-1] if visits else None
        inside = last is not None and last.exited_utc_ns is None
        if entered and not inside:
            visits.append(Visit(session, group, t_utc_ns))
        elif entered:
            assert last is not None
            last.remarks.add(ENTERED_TWICE)
            last.group = last.group or group
        elif inside:
            assert last is not None
            last.exited_utc_ns = t_utc_ns
            last.group = last.group or group
        elif last is None:
            visits.append(Visit(session, group, None, t_utc_ns, {NOT_ENTERED}))
    return visits

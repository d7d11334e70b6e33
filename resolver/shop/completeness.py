"""Whether everything about an account has been told, and what casts doubt on it for good."""

from __future__ import annotations

from collections.abc import Iterable

from agent.messages import format_utc
from resolver.inbox import AgentLog
from resolver.presence import Presence
from resolver.sessions import ENTERED_TWICE, NEVER_EXITED, NOT_ENTERED, Account
from resolver.shop.rules import Rules


def waits_for(
    account: Account, due_utc_ns: int, logs: Iterable[AgentLog], presence: Presence, rules: Rules
) -> list[str]:
    """What has not been told yet of the time up to `due_utc_ns`; empty when all has."""
    waits = []
    for log in logs:
        mark = log.believed
        holes = log.missing(account.entered_utc_ns)
        early = log.needs_early(account.entered_utc_ns) and any(
            hole.first <= log.epochs[hole.epoch].skipped for hole in holes
        )
        if mark is None or mark.until_utc_ns < due_utc_ns or early:
            if holes:
                numbers = ", ".join(f"{hole.first} to {hole.last} of epoch {hole.epoch}" for hole in holes[:3])
                waits.append(f"numbers-missing: agent {log.agent} told events that are not here ({numbers})")
            elif mark is None:
                waits.append(f"agent-silent: nothing is known of agent {log.agent}")
            else:
                waits.append(f"agent-silent: agent {log.agent} has told up to {format_utc(mark.until_utc_ns)} only")
            continue
        for plate, since in sorted(mark.open):
            if since < due_utc_ns and _may_have_been(account, plate, since, due_utc_ns, presence, rules):
                waits.append(f"open-plate: a contact on plate {plate} goes on since {format_utc(since)}")
    return waits


def lasting_doubts(
    account: Account, due_utc_ns: int, logs: Iterable[AgentLog], presence: Presence, rules: Rules
) -> list[str]:
    """What was never measured or told, and may concern the account: reasons for a person to look."""
    reasons = []
    remarks = {remark for visit in account.visits for remark in visit.remarks}
    if NOT_ENTERED in remarks:
        reasons.append("not-entered: the session exited without entering")
    if NEVER_EXITED in remarks:
        reasons.append(f"never-exited: no exit was told for {rules.longest_visit_ns / 3.6e12:g} h")
    start = account.start_utc_ns - rules.skew_ns
    for log in logs:
        for plate, first, last in sorted(log.blind_spans(start, due_utc_ns)):
            if _may_have_been(account, plate, first, last, presence, rules):
                reasons.append(f"blind-plate: plate {plate} was not measured since {format_utc(first)}")
        if log.gone_between(start, due_utc_ns):
            reasons.append(f"link-broken: events of agent {log.agent} are lost")
        if log.doubled_between(start, due_utc_ns):
            reasons.append(f"duplicate-agent: two agents call themselves {log.agent}")
    return reasons


def notes(account: Account) -> list[str]:
    """What was odd about an account and is said on its receipt, though nobody need look for it."""
    twice = sorted({visit.session for visit in account.visits if ENTERED_TWICE in visit.remarks})
    return [f"entered-twice: another entry of {session} was told while it was inside; one visit" for session in twice]


def _may_have_been(
    account: Account, plate: str, since_utc_ns: int, until_utc_ns: int, presence: Presence, rules: Rules
) -> bool:
    first = max(since_utc_ns, (account.entered_utc_ns or 0) - rules.skew_ns)
    if first > until_utc_ns:
        return False
    return presence.may_have_been(account.sessions, plate, first, until_utc_ns, rules.near_share)

"""The own status topic: echoes, late wills, pasts and twins told apart."""

from __future__ import annotations

from typing import Literal

from agent.messages import AgentStatus
from agent.uplink.identity import Identity, StatusJudge, Verdict

OWN = Identity("s", "a", "e2", "1", "r", 0, None, frozenset({"e1", "e2"}))


def status(state: Literal["online", "offline"], epoch: str) -> AgentStatus:
    return AgentStatus(state=state, epoch=epoch, version="1", store_revision="r", since=0)


def test_before_we_were_heard_what_is_retained_is_a_past() -> None:
    judge = StatusJudge(OWN)
    assert judge.judge(status("online", "lost-disk"), retained=True) is Verdict.PAST
    assert judge.judge(status("offline", "e1"), retained=True) is Verdict.PAST
    assert judge.judge(status("online", "e2"), retained=False) is Verdict.ECHO


def test_a_late_will_of_our_past_is_answered() -> None:
    judge = StatusJudge(OWN)
    judge.judge(status("online", "e2"), retained=False)
    assert judge.judge(status("offline", "e1"), retained=False) is Verdict.SAY_AGAIN
    assert judge.judge(status("offline", "e2"), retained=False) is Verdict.SAY_AGAIN
    assert judge.judge(status("online", "e1"), retained=False) is Verdict.SAY_AGAIN


def test_another_epoch_online_is_a_twin_also_when_retained_after_we_were_heard() -> None:
    judge = StatusJudge(OWN)
    assert judge.judge(status("online", "other"), retained=False) is Verdict.TWIN
    judge = StatusJudge(OWN)
    judge.judge(status("online", "e2"), retained=False)
    assert judge.judge(status("online", "other"), retained=True) is Verdict.TWIN


def test_the_will_that_another_left_while_we_were_away_is_a_twins_but_a_late_one_of_a_lost_disk_is_answered() -> None:
    judge = StatusJudge(OWN)
    judge.judge(status("online", "e2"), retained=False)
    assert judge.judge(status("offline", "lost-disk"), retained=False) is Verdict.SAY_AGAIN
    assert judge.judge(status("offline", "e1"), retained=True) is Verdict.PAST
    assert judge.judge(status("offline", "other"), retained=True) is Verdict.TWIN

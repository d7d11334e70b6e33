"""Who the agent is in this life, and whether another one says the same of itself. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from agent.journal import Link as EpochLink
from agent.messages import AgentStatus, Topics


@dataclass(frozen=True, slots=True)
class Identity:
    """One life of an agent: a store file and an epoch. `own_epochs` are those of the journal, this one among them."""

    store: str
    agent: str
    epoch: str
    version: str
    store_revision: str
    since_t_utc_ns: int
    previous: EpochLink | None
    own_epochs: frozenset[str] = field(default_factory=frozenset)

    @property
    def topics(self) -> Topics:
        return Topics(self.store)

    @property
    def client_id(self) -> str:
        return f"shelf-{self.store}-{self.agent}"

    def status(self, *, online: bool) -> str:
        """The retained status as JSON."""
        return AgentStatus(
            state="online" if online else "offline",
            epoch=self.epoch,
            version=self.version,
            store_revision=self.store_revision,
            since=self.since_t_utc_ns,
        ).model_dump_json()


class Verdict(Enum):
    """What a message on the own status topic means."""

    ECHO = auto()  # ours, as we said it
    SAY_AGAIN = auto()  # a late will, of us or of a past: we are here
    TWIN = auto()  # another process is this agent
    PAST = auto()  # what was retained before we came


class StatusJudge:
    """Judges what the broker gives back on the own status topic."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._known = identity.own_epochs | {identity.epoch}
        self._echoed = False

    def judge(self, status: AgentStatus, *, retained: bool) -> Verdict:
        """A status that was heard.

        What is retained while we have never been heard is a past, ours or a lost disk's. Once we have been, whoever
        left another epoch's word behind has lived beside us: two agents of one client id throw each other out, so
        that each finds only the other's will.
        """
        if status.state == "online" and status.epoch == self._identity.epoch:
            self._echoed = True
            return Verdict.ECHO
        if retained and not self._echoed:
            return Verdict.PAST
        if status.epoch not in self._known and (retained or status.state == "online"):
            return Verdict.TWIN
        return Verdict.PAST if retained else Verdict.SAY_AGAIN

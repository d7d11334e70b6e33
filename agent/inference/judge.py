"""Decides what a contact was, and when to say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent.detection import Contact, Level
from agent.inference.belief import Belief
from agent.inference.geometry import Geometry
from agent.inference.hands import hides_hand
from agent.inference.hypotheses import Imagination
from agent.inference.items import FOREIGN
from agent.inference.parameters import InferenceParameters
from agent.inference.readings import Weigher
from agent.inference.step import Step
from agent.inference.ways import Found, Ways
from agent.store import Item, Plate
from agent.weighing import StandIn

Action = Literal["wait", "close", "tell"]
_DIRECT = 2  # nodes of the way that takes a contact as one step


@dataclass(frozen=True)
class Verdict:
    """What to do with a contact now.

    `steps` moved goods, `pushed` only moved them along the plate, or let them slip down.
    `share` is the probability of the whole reading, each step's `certainty` that of the step alone. `nodes` are the
    plateaus that it was read from, `between` those on its way to the last where goods may have moved.
    """

    action: Action
    steps: tuple[Step, ...] = ()
    pushed: tuple[Step, ...] = ()
    share: float = 0.0
    nodes: tuple[Level, ...] = ()
    between: tuple[Level, ...] = ()


class Judge:
    """Judgement of one agent's plates over their common belief."""

    def __init__(
        self,
        items: dict[str, Item],
        plates: dict[str, Plate],
        geometry: dict[str, Geometry],
        belief: Belief,
        parameters: InferenceParameters,
    ) -> None:
        self._p = parameters
        self._geometry = geometry
        self._belief = belief
        self._weigher = Weigher(Imagination(items, plates, geometry, parameters), geometry, parameters)

    def consider(
        self, plate: str, contact: Contact, earlier: Sequence[Level] = (), stand_in: StandIn | None = None
    ) -> Verdict:
        """Judge a contact that stands on a plateau; it must have a plateau before it.

        `earlier` are plateaus from before the contact, the first of them sure: what happened since is not understood.
        `stand_in`: the plateaus are those of three corners.
        """
        before, current = contact.before, contact.current
        assert before is not None and current is not None
        between = [
            level
            for level in contact.plateaus
            if level.begin_ns >= before.end_ns and level.end_ns <= current.begin_ns  # else it is the current one
        ]
        nodes = contact.bent([*earlier, before, *between, current])
        found = self._found(plate, nodes, contact.peak_g, self._belief, len(earlier), stand_in)
        if len(nodes) > _DIRECT:
            found = self._in_the_end(plate, contact, nodes, found, stand_in)
        path = found.steps()
        steps = tuple(step for step in path if not step.nothing)
        pushed = tuple(step for step in path if step.nothing and (step.pushed or step.best is not None))
        visited = {step.after.begin_ns for step in path}
        hand_s = max((level.seconds for level in between if level.begin_ns not in visited), default=0.0)
        back = nodes[0].apart(nodes[-1]) < self._p.same_sigmas
        trembled = (contact.now_ns - contact.opened_ns) * 1e-9 > self._p.rings_out_s
        hidden = any(
            (trembled or _foreign(step)) and hides_hand(current, step.change, self._p, goods=not _foreign(step))
            for step in steps
        )
        action = self._action(contact.standing_s, hand_s, steps, found.share, back=back, hidden=hidden)
        visited = found.visited(self._p.least_doubt)
        contested = tuple(level for level in nodes[1:-1] if level.begin_ns in visited)
        return Verdict(action, steps, pushed, found.share, tuple(nodes), contested)

    def _in_the_end(
        self, plate: str, contact: Contact, nodes: list[Level], found: Found, stand_in: StandIn | None
    ) -> Found:
        """Where no meaning is likely, the one whose outcome is; where not even an outcome is, the change as one step.

        A step that is as likely as any way is told as surely as its outcome: other ways to it are no doubt.
        """
        p = self._p
        outcome, share = found.by_outcome(p.brief)
        same = outcome.ways[0].meaning == found.ways[0].meaning
        if found.share >= p.doubtful or contact.standing_s < p.likely_after_s:
            return outcome if same else found
        if share >= p.hardly:
            return outcome
        direct = self._found(plate, [nodes[0], nodes[-1]], contact.peak_g, self._belief, 0, stand_in)
        return Found(direct.ways, max(direct.log_all, found.log_all))

    def reconsider(self, plate: str, nodes: list[Level], peak_g: float, belief: Belief) -> Found:
        """What plateaus whose steps were told before may have meant, from the belief before them."""
        self.forget()
        found = self._found(plate, nodes, peak_g, belief)
        self.forget()
        return found

    def forget(self) -> None:
        """The belief changed, or a contact ended."""
        self._weigher.forget()

    def _found(
        self,
        plate: str,
        nodes: list[Level],
        peak_g: float,
        belief: Belief,
        closed: int = 0,
        stand_in: StandIn | None = None,
    ) -> Found:
        ways = Ways(plate, nodes, peak_g, self._weigher, self._geometry[plate], self._p, closed, stand_in)
        return ways.found(belief)

    def _action(
        self, quiet_s: float, hand_s: float, steps: tuple[Step, ...], certainty: float, *, back: bool, hidden: bool
    ) -> Action:
        """`quiet_s`: how long the plate stands; `hand_s`: how long a hand stood before at most; `back`: it stands as
        before. Where it does not, and no goods explain that, a hand may be there yet; `hidden`: and would not show."""
        p = self._p
        outlast_s = min(p.outlast * hand_s, p.outlast_s)
        if not steps:
            still = quiet_s >= p.nothing_after_s and certainty >= p.sure
            likely = quiet_s >= p.likely_after_s and certainty >= p.likely
            return "close" if (back and (still or likely)) or quiet_s >= p.anything_after_s else "wait"
        if quiet_s < p.light_after_s and certainty < p.light_sure and _light(steps[-1], p):
            return "wait"
        if quiet_s >= p.at_last_s or (quiet_s >= p.anything_after_s and certainty >= p.hardly and not hidden):
            return "tell"
        if any(_foreign(step) for step in steps):
            return "wait"
        likely = certainty >= p.likely and not hidden and not any(_from_nowhere(step) for step in steps)
        if likely and quiet_s >= max(p.likely_after_s, outlast_s):
            return "tell"
        # of many that nobody saw leave a hand that lingers on them may be one
        many = any(_from_nowhere(step) and step.units > len(p.unseen) for step in steps)
        sure_after_s = p.likely_after_s if many else p.sure_after_s
        return "tell" if quiet_s >= max(sure_after_s, outlast_s) and certainty >= p.sure else "wait"


def _foreign(step: Step) -> bool:
    """Something that nobody knows moved."""
    return step.best is None or (step.direction > 0 and step.items == FOREIGN)


def _light(step: Step, p: InferenceParameters) -> bool:
    """Something that nobody knows came, which may be a hand whose tremor hardly shows."""
    return step.direction > 0 and _foreign(step) and step.change.delta_g[0] < p.hand_shows_g


def _from_nowhere(step: Step) -> bool:
    """Goods were set down that nobody was seen to take: a hand that weighs as much is likelier than a hand with goods
    usually is."""
    return step.direction > 0 and step.best is not None and all(part.source is None for part in step.best.parts)

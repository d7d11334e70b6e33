"""From verdicts to numbered events, and from later insight to corrections."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from agent.detection import Level
from agent.inference import Belief, Judge, Memory, Step, Verdict, remember, take_back
from agent.messages import Correction, ItemCount
from agent.messages.events import CHANGE, CORRECTION, PICK, PUT
from agent.pipeline.movements import CERTAIN, movement, position_of
from agent.pipeline.plate import PlateRun
from agent.pipeline.split import split_swap
from agent.pipeline.told import Data, Told
from agent.store import Item

HINDSIGHT_NS = 30_000_000_000  # so long what was told may be seen otherwise
HINDSIGHT_STEPS = 4  # and so many steps back
SURE = 0.995  # what was told so surely is not asked again as long as the rest is as sure
SAME_SIGMAS = 4.0  # a contact that left the plate so near to where it was is no plateau of its own
CONVINCED = 0.985  # share of the other way, from which on what was told is corrected
SETTLED = 0.95  # a doubt is settled when what was told is surer than this
LOOKS_NS = (1_000_000_000, 2_500_000_000)  # a hand that is still there after so long rest betrays itself


@dataclass(frozen=True)
class _Told:
    """A movement that was told: its event, its step, and what it changed in the belief."""

    event: Told
    step: Step
    memory: Memory


@dataclass(frozen=True)
class _Look:
    """What was told in doubt, and will be looked at again when the plate has rested until `due_ns`."""

    nodes: tuple[Level, ...]
    peak_g: float
    number: int  # of the movements told last
    due_ns: tuple[int, ...]


@dataclass
class _Episode:
    """What happened on a plate lately: its plateaus in order and what was told between them."""

    nodes: list[Level] = field(default_factory=list)
    told: list[_Told] = field(default_factory=list)
    peak_g: float = 0.0


class Teller:
    """Numbers events, moves goods in the belief, and takes back what a later plateau shows to have been a hand."""

    def __init__(self, epoch: str, items: dict[str, Item], belief: Belief, judge: Judge) -> None:
        self._epoch = epoch
        self._items = items
        self._belief = belief
        self._judge = judge
        self._episodes: dict[str, _Episode] = {}
        self._looks: dict[str, _Look] = {}
        self._out: list[Told] = []
        self.sequence = 0

    def tell(self, kind: str, subject: str, t_ns: int, made_ns: int, data: Data) -> Told:
        """Number an event and keep it for the caller."""
        self.sequence += 1
        told = Told(self._epoch, self.sequence, kind, subject, t_ns, made_ns, data)
        self._out.append(told)
        return told

    def emptied(self) -> list[Told]:
        """What was told since the last call."""
        out, self._out = self._out, []
        return out

    def forget(self, name: str) -> None:
        """What was told of a plate stands: who acts on it is another now, so that nothing is seen in hindsight."""
        self._episodes.pop(name, None)
        self._looks.pop(name, None)

    def next_look_ns(self) -> int | None:
        """When rest is to be looked at next, for what was told in doubt; None: nothing is."""
        return min((look.due_ns[0] for look in self._looks.values()), default=None)

    def look_back(self, name: str, run: PlateRun, now_ns: int) -> None:
        """The plate still rests: where this settles what was told in doubt, that is told."""
        look = self._looks.get(name)
        if look is None or look.due_ns[0] > now_ns:
            return
        if len(look.due_ns) > 1:
            self._looks[name] = replace(look, due_ns=look.due_ns[1:])
        else:
            del self._looks[name]
        episode = self._episodes[name]
        lately = episode.told[-look.number :]
        belief = self._before(name, lately)
        if belief is None:
            return
        current = look.nodes[-1]
        rested = replace(current, rested_s=(now_ns - current.end_ns) * 1e-9)
        path, share = self._judge.reconsider(name, [*look.nodes[:-1], rested], look.peak_g, belief)
        again, others = _matching([step for step in path if not step.nothing], lately)
        if others:
            return
        if share >= CONVINCED if _otherwise(again, lately) else _settled(again, lately):
            episode.told[-look.number :] = self._again(name, run, lately, again, share, now_ns)

    def conclude(self, name: str, run: PlateRun, verdict: Verdict, quality: tuple[str, ...]) -> None:
        """Tell what a contact was, and whether it shows what was told before in another light."""
        contact = run.detector.contact
        assert contact is not None and contact.before is not None and contact.current is not None
        self._looks.pop(name, None)
        episode = self._episode(name, contact.before, contact.opened_ns)
        episode.peak_g = max(episode.peak_g, contact.peak_g)
        steps = verdict.steps
        if not run.gaps and self._doubtful(episode, verdict):
            seen = self._in_hindsight(name, run, episode, verdict)
            if seen is not None:
                steps = seen
        told_before = self.sequence
        for step in steps:
            self._movements(name, run, step, quality)
        number = self.sequence - told_before
        sure = all(step.certainty >= SETTLED for step in steps)
        if steps is verdict.steps and not sure and not run.gaps and not quality and number <= len(episode.told):
            due_ns = tuple(contact.now_ns + wait_ns for wait_ns in LOOKS_NS)
            self._looks[name] = _Look(verdict.nodes, contact.peak_g, number, due_ns)
        for step in verdict.pushed:
            remember(self._belief, name, step, None, contact.now_ns)
        episode.nodes += [step.after for step in steps if step.after is not contact.current]
        if verdict.steps or verdict.pushed or episode.nodes[-1].apart(contact.current) > SAME_SIGMAS:
            episode.nodes.append(contact.current)
        else:
            episode.nodes[-1] = episode.nodes[-1].joined(contact.current)

    @staticmethod
    def _doubtful(episode: _Episode, verdict: Verdict) -> bool:
        """Whether a later fact may show what was told in another light: something was, or is, less than sure."""
        sure = verdict.share > SURE and all(told.step.certainty > SURE for told in episode.told)
        return bool(episode.told) and not sure

    def _movements(self, name: str, run: PlateRun, step: Step, quality: tuple[str, ...]) -> None:
        contact = run.detector.contact
        assert contact is not None
        episode = self._episodes[name]
        staff = self._belief.plates[name].staff
        window = run.unseen(step)
        # nobody saw in which order: what happened in a gap is one change
        moves = split_swap(step, contact) if window is None else [(step, window[1])]
        for part, t_ns in moves:
            place = position_of(part, run.scale)
            memory = remember(self._belief, name, part, place[0] if place else None, t_ns)
            data = movement(
                name,
                part,
                contact.opened_ns,
                contact.now_ns,
                run.scale,
                self._items,
                memory.grams,
                part.certainty,
                staff,
                quality if window is None else (*quality, "gap"),
                window,
            )
            if part.direction < 0 and not staff and window is None and len(moves) == 1:
                self._learn(part)
            kind = CHANGE if window is not None else (PUT if part.direction > 0 else PICK)
            event = self.tell(kind, name, t_ns, contact.now_ns, data)
            if len(moves) == 1:
                episode.told.append(_Told(event, part, memory))
            else:
                episode.told.clear()  # halves of a step have no plateau between them to look back from
                episode.nodes.clear()

    def _learn(self, step: Step) -> None:
        """Of what people take at once, and of what a unit weighs; goods sold by weight are taken one by one."""
        counts = tuple(qty for sku, qty in step.items if not self._items[sku].by_weight)
        if counts and len(counts) == len(step.items) and min(counts) > 0:
            self._belief.habits.learn(counts, step.certainty)
        best = step.best
        clean = best is not None and len(best.parts) == 1 and step.certainty >= self._belief.parameters.weights_least
        if clean and counts == (1,) and best is not None and best.parts[0].source is None:
            self._belief.weights.learn(step.items[0][0], abs(step.change.delta_g[0]))

    def _episode(self, name: str, before: Level, opened_ns: int) -> _Episode:
        """The plate's episode, begun anew where it grew old."""
        episode = self._episodes.setdefault(name, _Episode())
        while episode.told and (
            len(episode.told) > HINDSIGHT_STEPS or episode.told[0].event.made_t_mono_ns < opened_ns - HINDSIGHT_NS
        ):
            oldest = episode.told.pop(0)
            episode.nodes = [node for node in episode.nodes if node.begin_ns >= oldest.step.after.begin_ns]
        if not episode.told:
            self._episodes[name] = episode = _Episode()
        if not episode.nodes:
            episode.nodes.append(before)
        last = episode.nodes[-1]
        episode.nodes[-1] = replace(last, rested_s=max(opened_ns - last.end_ns, 0) * 1e-9)
        return episode

    def _in_hindsight(self, name: str, run: PlateRun, episode: _Episode, verdict: Verdict) -> tuple[Step, ...] | None:
        """What is to be told now where the way through all plateaus since differs from what was told; None: nothing."""
        contact = run.detector.contact
        assert contact is not None and contact.current is not None
        start = episode.told[0].step.before
        between = [*episode.nodes, *contact.plateaus]
        nodes = [start, *_in_order(start, between, contact.current), contact.current]
        belief = self._before(name, episode.told)
        if belief is None:
            return None
        path, share = self._judge.reconsider(name, nodes, episode.peak_g, belief)
        seen = [step for step in path if not step.nothing]
        same = _same(seen, [*(told.step for told in episode.told), *verdict.steps])
        again, late = _matching(seen, episode.told)
        if any(step.after.begin_ns <= contact.opened_ns for step in late) or not (
            _settled(again, episode.told) if same else share >= CONVINCED
        ):
            return None
        episode.told = self._again(name, run, episode.told, again, share, contact.now_ns)
        return verdict.steps if same else tuple(late)

    def _before(self, name: str, steps: list[_Told]) -> Belief | None:
        """The belief as it was before the steps told last; None where their goods moved on."""
        belief = self._belief.fork(name)
        for told in reversed(steps):
            if not take_back(belief, told.memory):
                return None
        return belief

    def _again(
        self, name: str, run: PlateRun, before: list[_Told], again: list[Step | None], share: float, now_ns: int
    ) -> list[_Told]:
        """Take back the steps told last, move their goods as they are seen now, and tell what is another or surer.

        That they can be taken back, `_before` has shown.
        """
        for told in reversed(before):
            take_back(self._belief, told.memory)
        out = []
        for told, step in zip(before, again, strict=True):
            if step is None:
                data = Correction(
                    corrects=told.event.id, items=(), confidence=share, withdrawn=True, reason="a hand, not goods"
                )
                self.tell(CORRECTION, name, now_ns, now_ns, data)
                continue
            place = position_of(step, run.scale)
            memory = remember(self._belief, name, step, place[0] if place else None, told.event.t_mono_ns)
            out.append(_Told(told.event, step, memory))
            other = step.items != told.step.items
            if other or _surer(step, told.step):
                items = tuple(
                    ItemCount(sku=sku, qty=qty, weight_g=abs(memory.grams[sku]) if self._items[sku].by_weight else None)
                    for sku, qty in step.items
                )
                reason = "a later change" if other else "what came later fits"
                data = Correction(
                    corrects=told.event.id, items=items, confidence=min(step.certainty, CERTAIN), reason=reason
                )
                self.tell(CORRECTION, name, now_ns, now_ns, data)
        return out


def _matching(steps: list[Step], before: list[_Told]) -> tuple[list[Step | None], list[Step]]:
    """For each movement told, how it is seen now (None: not at all); and those seen that are none of them.

    A movement may be seen now from an earlier plateau, or on a later one, than it was told: the plate rested, or a hand
    was still near.
    """
    left = {(step.before.begin_ns, step.after.begin_ns): step for step in steps}
    out = [left.pop((told.step.before.begin_ns, told.step.after.begin_ns), None) for told in before]
    for place, told in enumerate(before):
        if out[place] is None:
            alike = (key for key, step in left.items() if _moved_alike(step, told.step))
            out[place] = left.pop(next(alike, (0, 0)), None)
    return out, list(left.values())


def _moved_alike(step: Step, told: Step) -> bool:
    same = step.items == told.items and step.direction == told.direction
    return same and step.before.begin_ns <= told.after.begin_ns <= step.after.begin_ns


def _otherwise(again: list[Step | None], before: list[_Told]) -> bool:
    return any(step is None or step.items != told.step.items for step, told in zip(again, before, strict=True))


def _surer(step: Step, before: Step) -> bool:
    return step.certainty >= SETTLED > before.certainty


def _settled(again: list[Step | None], before: list[_Told]) -> bool:
    return any(step is not None and _surer(step, told.step) for step, told in zip(again, before, strict=True))


def _in_order(start: Level, levels: list[Level], current: Level) -> list[Level]:
    """Plateaus after the start and before the current one, none overlapping the one before."""
    out: list[Level] = []
    end_ns = start.end_ns
    for level in sorted(levels, key=lambda level: level.begin_ns):
        if level.begin_ns >= end_ns and level.end_ns <= current.begin_ns and level is not start:
            out.append(level)
            end_ns = level.end_ns
    return out


def _same(seen: list[Step], told: list[Step]) -> bool:
    return [(s.after.begin_ns, s.items) for s in seen] == [(s.after.begin_ns, s.items) for s in told]

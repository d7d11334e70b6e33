"""From verdicts to numbered events, and from later insight to corrections."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from agent.detection import Contact, Level
from agent.inference import (
    Belief,
    Items,
    Judge,
    Memory,
    Step,
    Verdict,
    left_otherwise,
    remember,
    take_back,
    what_it_was,
)
from agent.messages import Correction, ItemCount
from agent.messages.events import CHANGE, CORRECTION, PICK, PUT
from agent.pipeline.hindsight import (
    CONVINCED,
    SETTLED,
    ToldStep,
    convinced,
    in_order,
    matching,
    origin,
    otherwise,
    same,
    settled,
    surer,
)
from agent.pipeline.learning import learn
from agent.pipeline.movements import CERTAIN, movement, position_of
from agent.pipeline.plate import PlateRun
from agent.pipeline.split import split_swap
from agent.pipeline.told import Data, Told
from agent.store import Item

HINDSIGHT_NS = 30_000_000_000  # so long what was told may be seen otherwise
HINDSIGHT_STEPS = 4  # and so many steps back
SURE = 0.995  # what was told so surely is not asked again as long as the rest is as sure
SAME_SIGMAS = 4.0  # a contact that left the plate so near to where it was is no plateau of its own
MOST_EARLIER = 3  # plateaus before a contact that are looked at with it
LOOKS_NS = (1_000_000_000, 2_500_000_000, 8_000_000_000)  # a hand that is there yet betrays itself; a light one last


@dataclass(frozen=True)
class _Look:
    """What was told in doubt, and will be looked at again when the plate has rested until `due_ns`."""

    nodes: tuple[Level, ...]
    peak_g: float
    number: int  # of the movements told last
    due_ns: tuple[int, ...]


@dataclass(frozen=True)
class _Unsettled:
    """Plateaus of contacts that were closed as nothing and left the plate otherwise than before, from the last one that
    was sure on; and how far the weight departed."""

    levels: tuple[Level, ...]
    peak_g: float


@dataclass
class _Episode:
    """What happened on a plate lately: its plateaus in order and what was told between them."""

    nodes: list[Level] = field(default_factory=list)
    told: list[ToldStep] = field(default_factory=list)
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
        self._unsettled: dict[str, _Unsettled] = {}
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
        self._unsettled.pop(name, None)

    def earlier(self, name: str, contact: Contact) -> tuple[Level, ...]:
        """Plateaus from before a contact that are to be judged with it: the plate was not seen to come back.

        How far the weight departed then counts for the contact, too.
        """
        unsettled = self._unsettled.get(name)
        if unsettled is None or contact.before is None:
            return ()
        if unsettled.levels[0].end_ns < contact.opened_ns - HINDSIGHT_NS:
            return ()
        contact.peak_g = max(contact.peak_g, unsettled.peak_g)
        return unsettled.levels

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
        found = self._judge.reconsider(name, [*look.nodes[:-1], rested], look.peak_g, belief)
        again, others = matching([step for step in found.steps() if not step.nothing], lately)
        if others:
            return
        if convinced(found, again, others, lately) if otherwise(again, lately) else settled(again, lately):
            episode.told[-look.number :] = self._again(name, run, lately, again, found.share, now_ns)

    def conclude(self, name: str, run: PlateRun, verdict: Verdict, quality: tuple[str, ...]) -> None:
        """Tell what a contact was, and whether it shows what was told before in another light."""
        contact = run.detector.contact
        assert contact is not None and contact.before is not None and contact.current is not None
        self._looks.pop(name, None)
        self._keep_unsettled(name, contact, verdict)
        episode = self._episode(name, contact.before, contact.opened_ns)
        episode.peak_g = max(episode.peak_g, contact.peak_g)
        steps = verdict.steps
        if not run.gaps and self._doubtful(episode, verdict, contact.current):
            steps = self._in_hindsight(name, run, episode, verdict)
        told_before = self.sequence
        for step in steps:
            self._movements(name, run, step, quality)
        number = self.sequence - told_before
        sure = all(step.certainty >= SETTLED for step in steps)
        if steps is verdict.steps and not sure and not run.gaps and not quality and number <= len(episode.told):
            self._look_later(name, verdict.nodes, contact.peak_g, number, contact.now_ns)
        for step in verdict.pushed:
            remember(self._belief, name, step, None, contact.now_ns)
        current = verdict.nodes[-1]
        known = {level.begin_ns for level in (*episode.nodes, current)}
        seen = [*verdict.between, *(step.after for step in steps)]
        if episode.nodes and episode.nodes[-1].apart(verdict.nodes[0]) > SAME_SIGMAS:
            seen.insert(0, verdict.nodes[0])  # the plate crept at rest: what moved began there
        episode.nodes += {level.begin_ns: level for level in seen if level.begin_ns not in known}.values()
        moved = steps or verdict.steps or verdict.pushed or not episode.nodes
        if moved or episode.nodes[-1].apart(current) > SAME_SIGMAS:
            episode.nodes.append(current)
        else:
            episode.nodes[-1] = episode.nodes[-1].joined(current)

    def _look_later(self, name: str, nodes: tuple[Level, ...], peak_g: float, number: int, now_ns: int) -> None:
        """Look again at the movements told last when the plate has rested."""
        self._looks[name] = _Look(nodes, peak_g, number, tuple(now_ns + wait_ns for wait_ns in LOOKS_NS))

    def _keep_unsettled(self, name: str, contact: Contact, verdict: Verdict) -> None:
        """Where a contact left the plate otherwise than before, and no goods explain that, the next is judged with it.

        So no weight is taken for granted that a hand may hold yet.
        """
        start, *others = (*self.earlier(name, contact), contact.before)
        self._unsettled.pop(name, None)
        assert start is not None and contact.current is not None
        pushed = start.apart_in_weight(contact.current) < SAME_SIGMAS if verdict.pushed else False
        explained = bool(verdict.steps) or pushed or any(step.best is not None for step in verdict.pushed)
        if not explained and start.apart(contact.current) > SAME_SIGMAS:
            levels = (start, *(level for level in others[1 - MOST_EARLIER :] if level is not None))
            self._unsettled[name] = _Unsettled(levels, contact.peak_g)

    @staticmethod
    def _doubtful(episode: _Episode, verdict: Verdict, current: Level) -> bool:
        """Whether a later fact may show what was told in another light: something was, or is, less than sure, something
        unknown is said to have moved, or the plate is as it was before."""
        if not episode.told:
            return False
        sure = verdict.share > SURE and all(told.step.certainty > SURE for told in episode.told)
        unknown = any(step.best is None for step in verdict.steps)
        starts = (told.step.before for told in episode.told)
        return not sure or unknown or any(start.apart(current) < SAME_SIGMAS for start in starts)

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
            if not staff and window is None and len(moves) == 1:
                learn(self._belief, self._items, part)
            kind = CHANGE if window is not None else (PUT if part.direction > 0 else PICK)
            event = self.tell(kind, name, t_ns, contact.now_ns, data)
            self._explain(part, memory, contact.now_ns)
            if len(moves) == 1:
                episode.told.append(ToldStep(event, part, memory))
            else:
                episode.told.clear()  # halves of a step have no plateau between them to look back from
                episode.nodes.clear()

    def _explain(self, step: Step, memory: Memory, now_ns: int) -> None:
        """Goods that surely came back as others than they were taken for were those when they left, from whatever plate
        that was."""
        items = what_it_was(step.best) if step.best is not None and step.certainty >= CONVINCED else None
        told = (each for episode in self._episodes.values() for each in episode.told)
        bundle = next(iter(memory.pool[1]), None)
        left = None if bundle is None else origin(told, bundle)
        if items is None or bundle is None or left is None:
            return
        left_otherwise(self._belief, left.memory, items)
        grams = dict.fromkeys((sku for sku, _ in items), bundle.weight_g)
        self._correct(left, items, grams, step.certainty, "what of it came back", now_ns)

    def _correct(
        self, told: ToldStep, items: Items, grams: dict[str, float], certainty: float, reason: str, now_ns: int
    ) -> None:
        """Tell that a movement was of other goods, or is surer; `grams` of those sold by weight."""
        counts = tuple(
            ItemCount(sku=sku, qty=qty, weight_g=abs(grams[sku]) if self._items[sku].by_weight else None)
            for sku, qty in items
        )
        data = Correction(corrects=told.event.id, items=counts, confidence=min(certainty, CERTAIN), reason=reason)
        self.tell(CORRECTION, told.memory.plate, now_ns, now_ns, data)

    def _episode(self, name: str, before: Level, opened_ns: int) -> _Episode:
        """The plate's episode, begun anew where it grew old, or where the goods that it began with moved on."""
        episode = self._episodes.setdefault(name, _Episode())
        while episode.told and (
            len(episode.told) > HINDSIGHT_STEPS
            or episode.told[0].event.made_t_mono_ns < opened_ns - HINDSIGHT_NS
            or self._before(name, episode.told) is None
        ):
            oldest = episode.told.pop(0)
            episode.nodes = [node for node in episode.nodes if node.begin_ns >= oldest.step.after.begin_ns]
        if not episode.told:
            self._episodes[name] = episode = _Episode()
        if not episode.nodes:
            episode.nodes.append(before)
        last = episode.nodes[-1]
        episode.nodes[-1] = replace(last, rested_s=last.rested_s + max(opened_ns - last.end_ns, 0) * 1e-9)
        return episode

    def _in_hindsight(self, name: str, run: PlateRun, episode: _Episode, verdict: Verdict) -> tuple[Step, ...]:
        """What is to be told now. Where the way through all plateaus since is another, what was told is corrected.

        Where it only may be another, nothing is told surer than it is by all ways.
        """
        contact = run.detector.contact
        assert contact is not None and contact.current is not None
        start = episode.told[0].step.before
        current = verdict.nodes[-1]
        between = [*episode.nodes, *verdict.nodes[:-1]]
        nodes = [start, *in_order(start, between, current), current]
        belief = self._before(name, episode.told)
        if belief is None:
            return verdict.steps
        found = self._judge.reconsider(name, nodes, episode.peak_g, belief)
        as_told = [*(told.step for told in episode.told), *verdict.steps]
        seen = [step for step in found.steps() if not step.nothing]
        again, late = matching(seen, episode.told)
        alike = same(seen, as_told)
        earlier = any(step.after.begin_ns <= contact.opened_ns for step in late)
        sure = settled(again, episode.told) if alike else convinced(found, again, late, episode.told)
        if not earlier and sure:
            episode.told = self._again(name, run, episode.told, again, found.share, contact.now_ns)
            return verdict.steps if alike else tuple(late)
        if alike:
            return verdict.steps
        if not verdict.steps:  # a hand that left shows only by how the plate rests then
            self._look_later(name, tuple(nodes), episode.peak_g, len(episode.told), contact.now_ns)
        return tuple(replace(s, certainty=min(s.certainty, found.chance(s))) for s in verdict.steps)

    def _before(self, name: str, steps: list[ToldStep]) -> Belief | None:
        """The belief as it was before the steps told last; None where their goods moved on."""
        belief = self._belief.fork(name)
        for told in reversed(steps):
            if not take_back(belief, told.memory):
                return None
        return belief

    def _again(
        self, name: str, run: PlateRun, before: list[ToldStep], again: list[Step | None], share: float, now_ns: int
    ) -> list[ToldStep]:
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
            out.append(ToldStep(told.event, step, memory))
            other = step.items != told.step.items
            if other or surer(step, told.step):
                reason = "a later change" if other else "what came later fits"
                self._correct(told, step.items, memory.grams, step.certainty, reason, now_ns)
        return out

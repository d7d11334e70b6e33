"""When a contact is judged, by which priors, and what becomes of plate and belief when it is understood."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.detection import Contact
from agent.inference import InferenceParameters, Judge
from agent.pipeline.plate import PlateRun
from agent.pipeline.teller import Teller
from agent.pipeline.unseen import nothing_lost


class Judging:
    """Of one agent's plates."""

    def __init__(
        self,
        runs: Mapping[str, PlateRun],
        judge: Judge,
        unseen: Judge,
        teller: Teller,
        quality: Callable[[str, PlateRun], tuple[str, ...]],
        parameters: InferenceParameters,
        block_ns: int,
    ) -> None:
        """`runs` in the order in which the plates stand; `unseen` judges what happened while nobody measured, or not
        all; `quality` is what is said of a plate; at rest, plates are looked at every `block_ns`."""
        self._block_ns = block_ns
        names = list(runs)
        self._beside = {
            name: [runs[near] for near in names[max(k - 1, 0) : k + 2] if near != name] for k, name in enumerate(names)
        }
        self._judge, self._unseen, self._teller, self._quality, self._p = judge, unseen, teller, quality, parameters

    def look(self, name: str, run: PlateRun) -> None:
        """Put a standing plateau of a plate in a contact to judgement where the time has come."""
        detector, contact = run.detector, run.detector.contact
        assert contact is not None
        current = contact.current
        if current is None:
            contact.asked_ns = 0
            return
        if contact.before is None:
            if current.seconds < self._p.likely_after_s:
                return
            contact.before = run.remembered(contact.opened_ns)
            if contact.before is None:  # the first time ever: there is nothing to compare with
                detector.settle(current)
                run.gaps.clear()
                return
            run.gaps.insert(0, (contact.before.end_ns, max(contact.opened_ns, contact.before.end_ns)))
        if current.seconds < self._p.nothing_after_s or run.cells.health.suspect:
            return
        if contact.asked_ns and contact.now_ns - contact.asked_ns < round(self._p.ask_every_s * 1e9):
            return
        contact.asked_ns = contact.now_ns
        seen = run.cells.seen(contact)
        seen.peak_g = max(seen.peak_g, self._beside_g(name, seen))
        partly = bool(run.gaps) or run.cells.turned_in(seen)
        judge = self._unseen if partly else self._judge
        partly = partly or run.cells.stand_in is not None
        earlier = () if partly else self._teller.earlier(name, seen)
        verdict = run.honest(seen, judge.consider(name, seen, earlier, run.cells.stand_in))
        if verdict.action == "wait":
            return
        if run.gaps and verdict.action == "close":
            verdict = nothing_lost(verdict, seen, self._p, run.cells.stand_in)
        if partly:
            self._teller.forget(name)  # what three cells said, or nobody saw, shows nothing in another light
        detector.contact = seen
        self._teller.conclude(name, run, verdict, self._quality(name, run))
        if run.gaps:
            self._teller.forget(name)
        detector.settle(current, seen=not run.gaps)
        moved = run.cells.told(seen, verdict, current)
        if moved is not None:
            self._teller.forget(name)
            detector.shift(moved)
        self._judge.forget()
        self._unseen.forget()
        run.gaps.clear()

    def _beside_g(self, name: str, contact: Contact) -> float:
        """What plates beside this one bore since it rested: where edges rub, it bears some of that, as if it crept."""
        assert contact.before is not None
        since_ns = contact.before.end_ns
        return max((run.detector.touched_g(since_ns) for run in self._beside[name]), default=0.0)

    def look_back(self, runs: dict[str, PlateRun], now_ns: int, horizon_ns: int) -> int:
        """Look again at what was told in doubt of plates that rest by `now_ns`; up to when none need be looked at."""
        due_ns = self._teller.next_look_ns()
        if due_ns is not None and due_ns <= now_ns:
            for name, run in runs.items():
                if run.detector.contact is None and run.cells.plain:
                    self._teller.look_back(name, run, now_ns)
            due_ns = self._teller.next_look_ns()
        if due_ns is None or due_ns <= now_ns:  # a plate in a contact is not asked: its look holds nothing up
            return horizon_ns
        return min(horizon_ns, due_ns - due_ns % self._block_ns + self._block_ns)

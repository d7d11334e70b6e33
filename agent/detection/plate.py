"""One plate between rest and contact."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.detection.ahead import Departure, Outlook, RestAhead
from agent.detection.contact import Contact
from agent.detection.level import Level
from agent.detection.noise import NoiseState, RestNoise
from agent.detection.parameters import DetectionParameters
from agent.detection.ring import Ring, Waves
from agent.detection.runs import TrailingRun
from agent.detection.trace import Trace

_NS = 1e-9
_FORGET_S = 0.3  # rest is remembered so much longer than a plateau before a contact


class PlateDetector:
    """Constructor, state, two updates: `rest` for whole blocks while nothing happens, `touch` for ticks in a contact.

    `look_ahead` and `accept` are `rest` for many blocks at once.

    The caller gives every row once, in order, and asks `contact` which of the two comes next. Until a first plateau
    was seen there is a contact without a `before`.
    """

    def __init__(
        self, modes: int, start_sigma_g: NDArray[np.float64], floor_g: float, parameters: DetectionParameters
    ) -> None:
        self._p = self.parameters = parameters
        self.noise = RestNoise(start_sigma_g, floor_g, parameters)
        self.rings = [Ring(parameters) for _ in range(modes)]
        self._trace = Trace(modes)
        self._quiet = TrailingRun(self.noise, self.rings, parameters, soft=False)
        self._soft = TrailingRun(self.noise, self.rings, parameters, soft=True)
        self._rest: Level | None = None  # the plateau that rest began with
        self._rest_since_ns = 0
        self._touched = (0, 0.0)  # when the last contact ended, and how far the weight departed in it
        self._learnt_ns = 0
        self._block_mean: NDArray[np.float64] | None = None
        self.contact: Contact | None = Contact(None, 0, self._trace, parameters)

    @property
    def rests_on(self) -> Level | None:
        """The plateau that rest began with: the same one for as long as nothing happens. None within a contact."""
        return self._rest if self.contact is None else None

    @property
    def level(self) -> Level | None:
        """The plateau the plate rests on, measured anew from the last of rest; None within a contact."""
        if self.contact is not None or self._rest is None:
            return None
        return self._before(self._trace.end_ns + round(self._p.guard_s / _NS)) if len(self._trace) else self._rest

    def rest(self, t_ns: NDArray[np.int64], z: NDArray[np.float64], saturated: NDArray[np.bool_]) -> int:
        """Rows [n] of a block at rest. Returns how many were at rest; where fewer than n, a contact opens there."""
        if not len(t_ns):
            return 0
        departed = self._departure(z, saturated)
        n = len(t_ns) if departed is None else departed
        self._trace.append(t_ns[:n], z[:n], saturated[:n])
        if departed is not None:
            self._open(int(t_ns[departed]))
            return n
        self._learn()
        self._trace.forget_before(self._needed_ns(int(t_ns[-1])))
        return n

    @property
    def foreseeable(self) -> bool:
        """Rest may be looked ahead at. Else `rest` must be asked, as for a while after a contact."""
        if self.contact is not None or self._rest is None or self._block_mean is None or not len(self._trace):
            return False
        ringing = self._rest.ring_g > 0 and self._learnt_ns - self._rest.end_ns < round(1 / _NS)
        return self._trace.end_ns == self._learnt_ns and not ringing

    def look_ahead(self, outlook: Outlook, begin: int, end: int) -> RestAhead | None:
        """How `rest` would go on over blocks that follow what it took last; None where it must be asked.

        Rows of an outlook hold no saturated ones. It must be `foreseeable`.
        """
        end = begin + _leading(outlook.enough[begin:end])
        if begin == end:
            return None
        assert self._block_mean is not None
        departure = outlook.departure(begin, end, self._block_mean)
        noise = self.noise.look_ahead(outlook, begin, departure.step)
        gone = self._gone(departure, noise.sigma_g[:-1], noise.wander_g[:-1])
        return RestAhead(outlook, begin, _leading(~gone), noise)

    def departs(self, departure: Departure) -> NDArray[np.bool_]:
        """Which blocks [blocks] depart from rest by the noise of now."""
        return self._gone(departure, self.noise.sigma_g, self.noise.wander_g)

    def _gone(
        self, departure: Departure, sigma_g: NDArray[np.float64], wander_g: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        p = self._p
        spread = np.sqrt(sigma_g**2 / p.mean_samples + wander_g**2)
        gone = (departure.row > p.departure_sigmas * sigma_g) | (departure.mean > p.mean_departure_sigmas * spread)
        result: NDArray[np.bool_] = np.logical_or.reduce(gone, axis=1)
        return result

    def accept(self, ahead: RestAhead, number: int) -> None:
        """Rest went on over the first `number` blocks (at least one, at most `still`) of what was looked ahead at."""
        outlook, last = ahead.outlook, ahead.begin + number - 1
        end = int(outlook.first[last] + outlook.count[last])
        self._learnt_ns = int(outlook.last_ns[last])
        needed_ns = self._needed_ns(self._learnt_ns)
        begin = min(max(int(outlook.t_ns.searchsorted(needed_ns)), int(outlook.first[ahead.begin])), end)
        self._trace.append(outlook.t_ns[begin:end], outlook.z[begin:end], np.zeros(end - begin, np.bool_))
        self._trace.forget_before(needed_ns)
        self._block_mean = outlook.mean[last].copy()
        self.noise.accept(ahead.noise, number)

    @property
    def block_mean(self) -> NDArray[np.float64] | None:
        """Mean [modes] of the last block of rest; None before any."""
        return self._block_mean

    def accept_block(
        self, t_ns: NDArray[np.int64], z: NDArray[np.float64], mean: NDArray[np.float64], noise: NoiseState
    ) -> None:
        """Rest went on over a block of rows [n] with this mean, as `RestTogether` saw; must be `foreseeable`."""
        self._learnt_ns = int(t_ns[-1])
        self._trace.append(t_ns, z, np.zeros(len(t_ns), np.bool_))
        self._trace.forget_before(self._needed_ns(self._learnt_ns))
        self._block_mean = mean
        self.noise.accept_block(noise)

    def _needed_ns(self, now_ns: int) -> int:
        """From when on rest is remembered."""
        return now_ns - round((self._p.rest_memory_s + _FORGET_S) / _NS)

    def touch(self, t_ns: NDArray[np.int64], z: NDArray[np.float64], saturated: NDArray[np.bool_]) -> None:
        """Rows [n] of a tick within a contact."""
        contact = self.contact
        assert contact is not None
        if not len(t_ns):
            return
        if not len(self._trace):
            self._trace.opened_ns = contact.opened_ns = int(t_ns[0])
        self._trace.append(t_ns, z, saturated)
        if contact.before is None:
            self.noise.presume(self._trace.z)
        else:
            rested_g = float(contact.before.mean[0])
            off_g = [abs(weight_g - rested_g) for weight_g in self._trace.z[-(len(t_ns) + 1) :, 0].tolist()]
            # a load lasts: what a lone conversion shows, the next one does not, is none
            contact.peak_g = max(contact.peak_g, *map(min, off_g, off_g[1:]), 0.0)
        for run in (self._soft, self._quiet):
            if run is self._soft and contact.before is None:
                continue
            ended = run.update(self._trace, contact.before)
            if ended is not None and (run is self._quiet or not self._overlaps(contact, ended)):
                contact.remember(ended)
        contact.current = self._quiet.level
        oldest = contact.now_ns - round(self._p.contact_memory_s / _NS)
        if contact.current is not None:
            oldest = min(oldest, contact.current.begin_ns)
        self._trace.forget_before(oldest)

    def settle(self, level: Level, *, seen: bool = True) -> None:
        """The contact is over: the plate rests on `level` since its beginning. `seen`: it was measured throughout."""
        if seen:
            self._learn_wander(level)
        t_ns, z, _ = self._trace.since(level.begin_ns)
        span = t_ns <= level.begin_ns + round(self._p.longest_fit_s / _NS)
        if level.ring_g > 0 and self._goods_moved(level) and np.count_nonzero(span) >= self._p.block_samples:
            self._learn_rings((t_ns[span] - t_ns[0]) * _NS, z[span], float(level.mean[0]))
        self._trace.forget_before(level.begin_ns)
        if self.contact is not None:
            self._touched = (self.contact.now_ns, self.contact.peak_g)
        self._rest, self._rest_since_ns = level, level.begin_ns
        self._learnt_ns = level.begin_ns - 1
        self._block_mean = None
        self._quiet.forget()
        self._soft.forget()
        self.contact = None

    def touched_g(self, since_ns: int) -> float:
        """How far the weight departed in the contact that goes on, or ended since an instant; 0: there is none."""
        ended_ns, peak_g = self._touched
        now_g = 0.0 if self.contact is None else self.contact.peak_g
        return max(now_g, peak_g if ended_ns >= since_ns else 0.0)

    def _learn_wander(self, level: Level) -> None:
        """A contact so slight that nobody was there is the room's own: what moved is wander, not goods."""
        contact = self.contact
        if contact is None or contact.before is None or level.ring_g > 0:
            return
        if contact.peak_g < self._p.slight_sigmas * float(self.noise.sigma_g[0]):
            self.noise.learn_wander(level.mean - contact.before.mean, level.tremor_g or 0.0)

    def _learn_rings(self, t_s: NDArray[np.float64], z: NDArray[np.float64], load_g: float) -> None:
        """Of a ring-down [n, modes]; the weight's ring is heard in the moments, too, and is not theirs."""
        others: Waves = ()
        for mode, ring in enumerate(self.rings):
            ring.learn(t_s, z[:, mode], float(self.noise.sigma_g[mode]), load_g, others)
            hz = ring.at(load_g)
            if mode == 0 and hz is not None:
                others = ((hz, ring.damping),)

    def _goods_moved(self, level: Level) -> bool:
        """Else the ring may be that of a plate beside this one, heard through the shelf."""
        contact = self.contact
        if contact is None or contact.before is None:
            return False
        moved = np.abs(level.mean - contact.before.mean)
        return bool((moved > self._p.own_ring_sigmas * self.noise.sigma_g).any())

    def shift(self, by_g: NDArray[np.float64]) -> None:
        """The scale's zero moved by `by_g` [modes] while the plate rests."""
        assert self._rest is not None
        self._trace.z[:] += by_g
        self._rest = replace(self._rest, mean=self._rest.mean + by_g)
        if self._block_mean is not None:
            self._block_mean = self._block_mean + by_g

    def interrupt(self) -> None:
        """Conversions stopped: what comes next is compared with the level before, as a contact."""
        if self.contact is None and len(self._trace):
            self._open(self._trace.end_ns)

    def distrust(self, since_ns: int, doubt_g2: float) -> None:
        """Rows since an instant were measured otherwise than those to come: nothing that stood then counts.

        What comes next is compared, as a contact, with the level before; with a doubt (variance) it is that of then.
        """
        self.interrupt()
        contact = self.contact
        if contact is None:
            return
        stood = [*contact.plateaus, *([contact.current] if contact.current is not None else [])]
        contact.plateaus = [level for level in stood if level.end_ns <= since_ns]
        contact.current, contact.peak_g = None, 0.0
        before = contact.before
        if before is not None and doubt_g2:
            begin_ns, end_ns = min(before.begin_ns, since_ns), min(before.end_ns, since_ns)
            contact.before = replace(before, begin_ns=begin_ns, end_ns=end_ns, variance=before.variance + doubt_g2)
        self._quiet.forget()
        self._soft.forget()
        if len(self._trace):
            self._trace.opened_ns = self._trace.end_ns + 1

    def snapshot(self) -> dict[str, Any]:
        """JSON-able state: what outlives a restart."""
        return {"noise": self.noise.snapshot(), "rings": [ring.snapshot() for ring in self.rings]}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back a snapshot."""
        self.noise.restore(state["noise"])
        for ring, saved in zip(self.rings, state["rings"], strict=False):
            ring.restore(saved)

    def _open(self, t_ns: int) -> None:
        before = self._before(t_ns)
        # where rows are missing before the departure, nobody knows when in between it was
        rested_ns = max(self._trace.end_ns if len(self._trace) else 0, t_ns - t_ns % self._p.block_ns)
        self._trace.opened_ns = t_ns
        self.contact = Contact(before, t_ns, self._trace, self._p, rested_ns=rested_ns)

    def _before(self, t_ns: int) -> Level:
        """The plateau before a departure: the last of rest, without the very last."""
        assert self._rest is not None
        end_ns = t_ns - round(self._p.guard_s / _NS)
        begin_ns = max(end_ns - round(self._p.rest_memory_s / _NS), self._rest_since_ns)
        rows_t, rows = self._trace.between(begin_ns, end_ns)
        recent = self._rest.ring_g == 0 or begin_ns > self._rest.end_ns
        if len(rows_t) < self._p.least_samples or not recent:
            return self._rest
        variance = self.noise.sigma_g**2 / len(rows_t) + self.noise.wander_g**2
        return Level(int(rows_t[0]), int(rows_t[-1]), len(rows_t), rows.mean(axis=0), variance)

    def _departure(self, z: NDArray[np.float64], saturated: NDArray[np.bool_]) -> int | None:
        """First row that left rest."""
        assert self._rest is not None
        base = self._rest.mean if self._block_mean is None else self._block_mean
        sigma = self.noise.sigma_g
        ring = self._rest.ring_g if self._block_mean is None else 0.0
        off = np.abs(z - base)
        limit = self._p.departure_sigmas * sigma + ring
        gone = (off > limit).any(axis=1) | saturated
        m = self._p.mean_samples
        if len(z) >= m:
            total = z[m - 1 :] - base
            for k in range(1, m):
                total = total + (z[m - 1 - k : len(z) - k] - base)
            spread = np.sqrt(sigma**2 / m + self.noise.wander_g**2)
            far = np.abs(total / m) > self._p.mean_departure_sigmas * spread + ring
            gone[m - 1 :] |= far.any(axis=1)
        where = np.flatnonzero(gone)
        return int(where[0]) if len(where) else None

    def _learn(self) -> None:
        """Noise from rest, a block of enough rows at a time."""
        assert self._rest is not None
        t_ns, z, _ = self._trace.since(self._learnt_ns + 1)
        if len(t_ns) < self._p.block_samples or t_ns[-1] - t_ns[0] < self._p.block_ns * 3 // 4:
            return
        self._learnt_ns = int(t_ns[-1])
        mean = z.mean(axis=0)
        ringing = self._rest.ring_g > 0 and self._learnt_ns - self._rest.end_ns < round(1 / _NS)
        if not ringing:
            step = None if self._block_mean is None else mean - self._block_mean
            self.noise.learn(z, step, int(t_ns[-1] - t_ns[0]))
        self._block_mean = mean

    @staticmethod
    def _overlaps(contact: Contact, level: Level) -> bool:
        """A soft plateau adds nothing where a quiet one stood within it."""
        known = [*contact.plateaus, *([contact.current] if contact.current else [])]
        return any(
            not other.soft and other.begin_ns < level.end_ns and other.end_ns > level.begin_ns for other in known
        )


def _leading(flags: NDArray[np.bool_]) -> int:
    """How many are true before the first that is not."""
    return len(flags) if flags.all() else int(np.argmin(flags))

"""The agent's own time line: it never goes back, outlives the process, and an offset leads from it to UTC.

Everything inside the agent happens on the line. UTC is the line plus an offset, which is learnt from the machine's
clock while that is synchronised, follows small changes slowly, and takes a step only after it has stood for a while:
a clock set wrong for a moment changes nothing.
"""

from __future__ import annotations

from agent.journal import SavedLine
from agent.service.clock import Clock, Sync

SECOND_NS = 1_000_000_000
SLEW_LIMIT_NS = 50_000_000  # larger differences are steps
SLEW_SHARE = 500e-6  # of the time passed: what NTP daemons allow themselves
CONFIRM_NS = 30 * SECOND_NS  # a step must stand so long
HOLDOVER_NS = 3600 * SECOND_NS  # without synchronisation; a crystal of 50 ppm drifts 0.18 s
PATIENCE_NS = 120 * SECOND_NS  # messages.md: then events go out marked


class TimeLine:
    """Line and offset. Not thread-safe but for `now_ns`, which reads one constant."""

    def __init__(self, clock: Clock, sync: Sync, saved: SavedLine | None) -> None:
        """Continue the saved line: within one boot exactly, over a reboot by UTC, but never behind where it was."""
        self._clock, self._sync = clock, sync
        self._boot_id = clock.boot_id()
        mono_ns, utc_ns = clock.mono_ns(), clock.utc_ns()
        same_boot = saved is not None and bool(self._boot_id) and saved.boot_id == self._boot_id
        if saved is None:
            self._line_minus_mono_ns = utc_ns - mono_ns
        elif same_boot:
            self._line_minus_mono_ns = saved.line_minus_mono_ns
        else:
            self._line_minus_mono_ns = max(utc_ns - saved.offset_ns, saved.line_ns + 1) - mono_ns
        self._offset_ns = saved.offset_ns if saved and same_boot else utc_ns - self.now_ns()
        self._good_ns = saved.good_ns if saved and same_boot else None
        self._until_ns = saved.until_ns if saved else None
        self._began_ns = self._polled_ns = self.now_ns()
        self._horizon: tuple[int, int] | None = None  # the latest instant up to which all is known, and its UTC
        self._step: tuple[int, int] | None = None  # an offset that is not believed yet, and since when it stands
        self.stepped_ns: int | None = None  # the last step that was taken
        self.poll()

    def now_ns(self) -> int:
        """Now, on the line."""
        return self._clock.mono_ns() + self._line_minus_mono_ns

    def now_utc_ns(self) -> int:
        """Now, in UTC as the agent knows it."""
        return self.now_ns() + self._offset_ns

    @property
    def offset_ns(self) -> int:
        """UTC less the line."""
        return self._offset_ns

    def horizon_utc_ns(self, t_line_ns: int) -> int:
        """UTC of the instant up to which all is known. An instant that stands still (no board delivers) keeps the UTC
        that it was given first: slewed back with the clock, it would lie before what a watermark has told."""
        if self._horizon is None or self._horizon[0] != t_line_ns:
            self._horizon = (t_line_ns, t_line_ns + self._offset_ns)
        return self._horizon[1]

    @property
    def synchronised(self) -> bool:
        """UTC is right: synchronised now, or not long ago, and not before what was told already."""
        now_ns = self.now_ns()
        if self._good_ns is None or now_ns - self._good_ns > HOLDOVER_NS:
            return False
        return self._until_ns is None or now_ns + self._offset_ns >= self._until_ns

    @property
    def patience_is_over(self) -> bool:
        """Not synchronised since the start, and waited long enough."""
        return not self.synchronised and self.now_ns() - self._began_ns >= PATIENCE_NS

    def told_until(self, until_t_utc_ns: int | None) -> None:
        """The latest instant that a watermark told: UTC before it is not believed."""
        if until_t_utc_ns is not None and (self._until_ns is None or until_t_utc_ns > self._until_ns):
            self._until_ns = until_t_utc_ns

    def poll(self) -> None:
        """Look at the clock; about once a second."""
        now_ns = self.now_ns()
        passed_ns, self._polled_ns = now_ns - self._polled_ns, now_ns
        if not self._sync.synchronised():
            self._step = None
            if self._good_ns is None:
                self._offset_ns = self._clock.utc_ns() - now_ns  # the best guess that there is
            return
        raw_ns = self._clock.utc_ns() - now_ns
        change_ns = raw_ns - self._offset_ns
        if self._good_ns is None:
            self._offset_ns, self._good_ns = raw_ns, now_ns
        elif abs(change_ns) <= SLEW_LIMIT_NS:
            bound_ns = int(max(passed_ns, 0) * SLEW_SHARE)
            self._offset_ns += max(-bound_ns, min(bound_ns, change_ns))
            self._good_ns, self._step = now_ns, None
        else:
            self._consider_step(raw_ns, now_ns)

    def _consider_step(self, raw_ns: int, now_ns: int) -> None:
        if self._step is None or abs(raw_ns - self._step[0]) > SLEW_LIMIT_NS:
            self._step = (raw_ns, now_ns)
        elif now_ns - self._step[1] >= CONFIRM_NS:
            self.stepped_ns = raw_ns - self._offset_ns
            self._offset_ns, self._good_ns, self._step = raw_ns, now_ns, None

    def saved(self) -> SavedLine:
        """What a later process needs to go on."""
        return SavedLine(
            boot_id=self._boot_id,
            line_minus_mono_ns=self._line_minus_mono_ns,
            line_ns=self.now_ns(),
            offset_ns=self._offset_ns,
            good_ns=self._good_ns,
            until_ns=self._until_ns,
        )

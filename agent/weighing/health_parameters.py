"""When a cell does not measure, drifts, or leaps: the numbers behind `agent.weighing.health`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HealthParameters:
    """When a cell does not measure, and when it does again."""

    suspect_rows: int = 3  # so many absent or repeated in a row: nothing is decided on them
    silent_rows: int = 4  # absent; chips whose rates differ leave out one now and then, never several
    silent_s: float = 0.5  # and for so long: chips that a busy machine reads stand still for less, and go on
    stuck_chance: float = 1e-12  # that a sound cell repeats itself so often
    least_repeats: float = 0.02  # of conversions, by chance: 50 nV are some 25 counts
    repeats_slack: float = 1.2  # what was seen may be less than what is usual
    most_repeats: float = 0.9  # a source without noise: repeats say nothing
    unlearnt_rows: int = 40  # before a cell's repeats are known
    repeats_memory_s: float = 30.0
    saturated_s: float = 0.25  # while the other cells say that there is no such load
    overload_s: float = 10.0  # where no other cell can say: nobody leans so hard for so long
    window_s: float = 1.0  # wild and drifting cells are looked for so often
    leap_share: float = 0.01  # of the plate's rated load, there and back within two conversions
    leap_counts: float = 3200.0  # and at least 20 x the usual noise
    calm_share: float = 0.25  # of a leap: other cells move by less
    wild_share: float = 0.08  # of conversions; isolated wild ones are 0.1-1 %
    wild_rows: int = 4  # and at least
    alone_windows: int = 2  # a plate of one cell has none to ask: so many windows in a row
    alone_factor: float = 10.0  # and so much larger leaps
    step_s: float = 0.25  # drift shows in the means of so long
    creeping_steps: int = 4  # so many of them: what happens meanwhile is not measured well
    drift_steps: int = 12  # and so many: the cell does not measure
    drift_steadily: float = 0.75  # of the steps go one way; hands make the others
    drift_evenness: float = 0.25  # and usually differ by less than this share; a hand's press does not
    drift_g: float = 0.25  # a step is larger than this
    drift_share: float = 0.000025  # and than this share of the rated load; creep and warmth take minutes for it
    absorbed_memory_s: float = 600.0
    absorbed_g: float = 10.0  # what one cell drifted at rest within that memory
    absorbed_share: float = 0.0025  # of the rated load: five times what 10 degC explain
    sound_s: float = 1.0  # without a blemish for so long, a cell measures again
    sound_wild_s: float = 2.5  # one that was wild: two windows without a leap
    sound_drift_s: float = 10.0  # one that crept: it must have had the time to be seen again

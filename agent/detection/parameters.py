"""All numbers of detection. Weights are multiples of the measured noise, spans are seconds, never samples."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DetectionParameters:
    """When a plate rests, when a hand is near, and what counts as a plateau."""

    tick_ns: int = 25_000_000  # contacts are looked at so often
    block_ns: int = 250_000_000  # rest is looked at so often

    # rest
    departure_sigmas: float = 6.0  # a conversion so far from rest opens a contact; a false one costs nothing
    mean_departure_sigmas: float = 5.5  # likewise the mean of `mean_samples` conversions
    mean_samples: int = 4
    rest_memory_s: float = 1.2  # the plateau before a contact is measured over so long
    block_samples: int = 8  # a variance from fewer conversions says little
    guard_s: float = 0.1  # the last of rest already holds the first of a touch
    noise_memory_s: float = 20.0  # noise at rest is forgotten at this pace
    slight_sigmas: float = 10.0  # a contact that never moved the weight by more is the room's, not a hand's
    wander_share: float = 0.15  # of what such a contact teaches
    noise_growth: float = 4.0  # a block's variance counts at most so many times the known one

    # plateaus
    shortest_s: float = 0.10  # below this no plateau is looked for
    ring_shortest_s: float = 0.17  # a sinusoid needs more than its period
    ladder_s: tuple[float, ...] = (0.17, 0.25, 0.35, 0.5, 0.7)  # other lengths of a trailing plateau
    longest_fit_s: float = 1.2  # enough to average; more would only meet drift
    least_samples: int = 4  # the chip's filter needs four conversions to forget
    quiet_slack: float = 0.3  # variance above that of rest that is still quiet: footfalls, load
    quiet_sigmas: float = 3.5  # and the chance of the variance estimate itself
    trend_sigmas: float = 4.5  # a slope so sure is no plateau
    soft_share: float = 0.016  # a plateau with a hand near: deviation as share of the change
    soft_shortest_s: float = 0.24
    soft_least_samples: int = 3  # it is only a candidate; at 10 SPS a short one has no more
    slow_rate_hz: float = 40.0  # below this a plateau between two quick movements has a few conversions only
    slow_shortest_s: float = 0.14  # two that agree are such a one: the chip's filter has come to an end there
    slow_least_samples: int = 2
    slow_share: float = 0.035  # and so nearly do they, as a share of the change
    slow_settling: float = 0.1  # share of the last step between conversions that the filter may still have before it
    tremor_s: float = 0.06  # a hand's 2-10 Hz stand out over means of so long
    tremor_means: int = 4  # and at least so many of them; in less the conversions themselves must tell
    ring_alone_s: float = 0.42  # the tremor of a hand, of 8 Hz in width, is no one fading swing for so long
    ring_dies_s: float = 0.6  # after half of so long a slow ring has faded, a hand has not
    tremor_high_hz: float = 10.5  # what swings slower may be a hand, as long as the ring is not known
    same_gap_s: float = 0.15  # plateaus so close in time
    same_sigmas: float = 3.0  # and in level are one
    candidates: int = 8  # plateaus remembered within a contact, the longest ones
    contact_memory_s: float = 8.0  # conversions remembered within a contact

    # how straight a load moved
    bend_longest_s: float = 0.9  # a way that took longer was no one movement
    bend_least_rows: int = 3
    bend_least_sigmas: float = 12.0  # of the weight: a place is known well enough
    bend_still: float = 0.08  # share of the change: nearer to a plateau nothing moves, but the ring
    bend_skew: float = 0.1  # of the squared motion from row to row: cells convert up to a row apart, plates ring

    # ring
    ring_low_hz: float = 6.5
    ring_high_hz: float = 36.0
    ring_grid: int = 40  # frequencies tried while none is learnt
    ring_grid_learnt: int = 9
    ring_damping: float = 0.045  # before it is learnt; brackets 0.02-0.05
    ring_least_rate_hz: float = 40.0  # below this the ring cannot be told from noise
    ring_misfit: float = 0.04  # share of the ring's amplitude that the model usually leaves
    ring_keeps: float = 4.0  # and explains so many times the mean square that it leaves
    let_go: float = 2.0  # what leaves so many times less by itself had a hand before it, which has let go
    coherent_swings: float = 5.5  # only a ring keeps step for so many; a hand is soon fitted with fewer
    ring_skew: float = 0.4  # more, by the part of a swing that passes between conversions: cells convert apart
    moment_skew: float = 0.6  # likewise of a moment's ring, of which the weight shows that part
    fading_doubt: float = 0.3  # of a ring's damping, from one touch to another
    ring_allowed: float = 0.12  # and at most; the more it leaves, the less sure the level
    ring_allowed_long: float = 0.09  # over so many swings that frequency and damping are told as well
    rough_share: float = (
        0.2  # of the weight's ring: a moment that leaves less is known roughly, where the weight is well
    )
    rough_variance: float = 0.12  # of what it leaves: over a few periods a second ring nearly averages out
    ring_leftover: float = 3.0  # what is left is no noise: neighbouring conversions err together
    own_ring_sigmas: float = 15.0  # a ring teaches where the level moved by so much: no neighbour's
    plate_mass_g: float = 1500.0  # of a board and its brackets: what a load adds to slows the ring
    load_doubt: float = 0.4  # share of what the load should change: where it stands, and what the plate weighs
    ring_memory: float = 0.015  # relative change of frequency between contacts

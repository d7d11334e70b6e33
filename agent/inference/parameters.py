"""All numbers of inference: priors, spreads, and when to speak."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class InferenceParameters:
    """Probabilities are shares of what may happen; weights in grams, places in mm, spans in seconds."""

    # when to speak: quiet for so long, and so sure
    sure: float = 0.97
    sure_after_s: float = 0.17
    likely: float = 0.60
    likely_after_s: float = 0.32
    anything_after_s: float = 0.9
    rings_out_s: float = 2.0  # what swings slowly for longer was never let go
    at_last_s: float = 10.0  # what is less sure than `hardly` waits so long: a hand betrays itself
    hardly: float = 0.3
    doubtful: float = 0.5  # below this it is asked what is there in the end, rather than by which way
    brief: float = 0.1  # then one step is told in place of several that are not so many times as likely
    light_after_s: float = 2.0  # what nobody knows and may be a hand too light to show its tremor stands so long first
    light_sure: float = 0.9  # unless it is as sure as that
    nothing_after_s: float = 0.15
    outlast: float = 1.25  # where a hand was, what is told stands so many times as long as its longest plateau
    outlast_s: float = 0.7  # but no longer than this
    ask_every_s: float = 0.1  # between these, the same question is not put again

    # how many, from where
    counts: tuple[float, ...] = (0.80, 0.13, 0.045, 0.015, 0.006, 0.003, 0.0015, 0.0008)
    pieces: tuple[float, ...] = (0.92, 0.055, 0.012, 0.005, 0.002, 0.001)  # of goods sold by weight: one by one
    unseen: tuple[float, ...] = (0.70, 0.20, 0.06, 0.04)  # units of one put that nobody saw leave
    filled_more: float = 0.6  # of what who fills lanes has set down: one unit more at once
    staff_counts: int = 24  # staff fills lanes: any number up to this is alike
    beyond_stock: float = 0.02  # a unit that should not be there any more
    pick_one_product: float = 0.90
    pick_stray: float = 0.25  # share a stray has beside the lanes
    known_again: float = 2.0  # a unit that was set back is taken so many times as often as another of its lane
    pushed_again: float = 0.3  # of single units taken after a push: the very one that was pushed
    pushes: int = 3  # so many are remembered
    known_doubt: float = 0.5  # units of a lane of which nobody knows, whatever its stock is said to be
    pick_two_products: float = 0.06
    habit_weight: float = 4.0  # picks that what is known beforehand counts for
    habit_memory: float = 60.0  # picks that are remembered
    habit_least: float = 0.6  # certainty of one that teaches
    put_kinds: tuple[float, ...] = (0.63, 0.20, 0.01, 0.05, 0.06, 0.05)  # usual shares of puts, by `habits.PUTS`
    put_habit_weight: float = 2.0  # what is usual counts for so many: one person does as he did a moment ago,
    put_habit_memory: float = 20.0  # and the next one comes soon
    pick_three_products: float = 0.004
    pick_else: float = 0.002  # what is foreign was put before, and is remembered
    put_two_bundles: float = 0.06
    returned_one: float = 0.75  # of what comes back of several taken at once: one unit,
    returned_whole: float = 0.2  # or all of them
    put_together: float = 0.3  # what was taken at once is set back at once
    put_lane_unseen: float = 0.006  # of own goods that nobody saw leave: far rarer than a hand that presses
    put_lane_filling: float = 0.5  # but where some just came, more follow,
    put_lane_onward: float = 0.7  # mostly of the same product, until its lane is full
    filling_s: float = 60.0
    put_leant: float = 0.02  # of units set back: they lean against the side
    put_leant_away: float = 0.005  # likewise on a plate where they do not belong
    put_used: float = 0.02  # of puts: a pack that was taken comes back used,
    used: tuple[tuple[float, float, float], ...] = ((0.6, 0.08, 0.03), (0.4, 0.55, 0.2))  # share, what is left, its sd
    leant_share: float = 0.93  # which leaves so much of their weight to the plate
    leant_share_sd: float = 0.03
    slip: float = 0.05  # and later they slip down
    slip_sd_g: float = 0.5  # beside what is known of the weight that the side carried
    least_doubt: float = 0.01  # what else a thing may be is remembered from this probability on
    doubts: int = 3
    put_lane_empty: float = 0.2  # but an empty lane waits to be filled
    put_other_unseen: float = 0.0005
    put_else: float = 0.06
    put_away: float = 0.2  # goods are so much more seldom set down on a plate where they do not belong
    put_soon: float = 0.8  # of what is set down was just taken,
    put_soon_s: float = 8.0
    put_memory_s: float = 300.0  # the rest a while ago
    put_memory_floor: float = 0.05
    pool_ease: float = 0.3  # so much taken goods weigh as much as all that nobody saw
    swap: float = 0.0007  # of changes: goods go and others come within one movement
    swap_at_once: float = 0.01  # of swaps: what goes and what comes cross so that the weight shows neither by
    swap_shows: float = 0.5  # so much of the lighter of them
    together_counts: int = 3  # of each product when several products move at once

    # spreads
    spread_units: float = 20.0  # units that any spread of a weight was estimated from: its tails are Student's
    spread_most: float = 1.5  # but it is no more than so many times as wide
    place_sd_mm: float = 3.0  # corner error, and that a unit is no point
    stray_sd_mm: float = 1.5  # what was weighed where it stands is taken from there
    stray_sd_g: float = 0.5  # and its moments are known to so much
    out_of_lane: float = 0.02  # pushed along the plate before
    out_of_lane_moved: float = 0.30  # likewise when something was seen to be pushed
    still_moved: float = 0.5  # with every unit that is taken it is likelier to have been that one
    put_out_of_lane: float = 0.2
    stray_still: float = 0.03  # what was set down stands elsewhere by now, and nobody saw it being pushed
    stray_moved: float = 0.12  # likewise when something was
    remembered_sd: float = 0.0005  # of a unit's weight between two weighings: span, hysteresis
    change_sd: float = 0.0003  # of any change: non-linearity
    creep: tuple[float, ...] = (1e-3, 2.5e-4, 6e-5)  # of the largest load of a contact, be it on the plate beside
    exact: float = 0.5  # a plate that was touched for moments only comes back as it was,
    settle_g: float = 0.1  # beside the noise, a plate that comes back to rest
    unusual: float = 0.05  # now and then a plate comes back less exactly: rubbing edges, hysteresis
    unusual_slack: float = 30.0  # by so many times
    unusual_creep: float = 4.0  # likewise of its creep
    moved_sd_g: float = 120.0  # moment of a thing pushed along the plate
    moved_heavy_sd_g: float = 600.0  # or a crate
    moved: float = 0.05
    push_lever: float = 0.5  # of what a push does to the moments: so much may it twist the plate, as a multiple of k

    # how straight goods move (natural logarithms of how far the way bends, as a multiple of what noise explains)
    bend_one: float = 0.6  # of one place, usually
    bend_one_sd: float = 0.5
    bend_alike: float = 0.6  # units of one product in one hand move more nearly together than others by so much
    bend_share: float = 0.16  # of what parts that moved by themselves would bend it: they move nearly together
    bend_sd: float = 0.65
    bend_odd: float = 0.06  # hands press beside what they take,
    bend_odd_at: float = 2.5  # which bends it by any measure
    bend_odd_sd: float = 1.0
    bend_known: float = 0.6  # of the variance of a lane: units that are taken together stand alike in their lanes
    neighbour_mm: float = 35.0  # from the middle of two units of a product to each
    neighbour_aside_mm: float = 8.0  # units of a column, or row, stand in line so well
    neighbour_behind: float = 0.7  # of two that are taken together stand behind one another, others side by side

    # something else
    else_low_g: float = 8.0  # things that people carry in are seldom lighter
    else_fall: float = 3.0  # and so much more seldom, as a power
    else_heavy_g: float = 3_000.0  # nor heavier, likewise
    else_high_g: float = 10_000.0
    undone_s: float = 1.2  # so long what was set down stands before it is taken again; what is gone sooner by
    undone_fall_s: float = 0.1  # so much is e times as rare
    undone_sigmas: float = 2.0  # and the plate is as it was, or else another unit was taken
    undone_unseen: float = 0.03  # own goods that nobody saw leave come, and are taken again within the same episode
    foreign_least_s: float = 0.8  # what stood for less and is gone was a hand

    # a hand that rests on the plate
    hand: float = 0.4  # of the plateaus within a contact are a hand's
    hand_scale_g: float = 150.0  # half of all touches are lighter
    hand_light_g: float = 10.0  # nobody touches with much less
    hand_rest_s: float = 0.35  # a hand that disturbs nothing for so long is e times as rare
    hand_shows_g: float = 25.0  # but the tremor of one that is lighter hardly shows
    hand_rest_cap: float = 16.0
    hand_wander: float = 0.12  # of its force, from one plateau of the same hand to a later one
    hand_wander_s: float = 1.5  # so much later
    hand_shift: float = 0.01  # of its moments, beside what its force does to them
    hand_at_goods: float = 0.6  # hands that press or linger where the goods are that they take or set down
    hand_at_goods_mm: float = 35.0  # so near
    hand_tremor: float = 0.04  # of its force, 2-10 Hz
    hand_hidden: float = 6.0  # and there is no hand where a plateau moves by so many times less
    hand_tremor_spread: float = 0.7  # in the logarithm
    hand_swings: float = 4.0  # and hardly moves the plate by more than so many times its own, or that of a light one
    hand_tremor_keeps: float = 0.5  # likewise, from one plateau of the same hand to the next
    hand_kept: float = 0.8  # of the plateaus that follow a hand's are the same hand's
    hand_period_s: float = 0.35  # a tremor shows fully after so long
    hand_stillness_cap: float = 8.0
    still_chance: float = 3.0  # noise alone moves a plateau by so many times (squared) the least that shows
    still_cap: float = 12.0
    slow_ring_visit: float = -3.0  # a plateau that swings as slowly as a hand, taken for a true one
    rung_by: float = 2.0  # likewise one that rings by more than so many times what moved,
    rung_g: float = 60.0  # and what footfalls and a closing door do
    quickest_s: float = 0.3  # from one plateau to the next where goods moved twice
    quickest_fall_s: float = 0.015  # what is quicker by so much is e times as rare
    same_sigmas: float = 4.0  # plateaus no further apart may be one
    soft_visit: float = -1.5  # a plateau with a hand near, taken for a true one

    # learning of unit weights
    weights_prior: float = 20.0  # units that the store file's figures count for
    weights_memory: float = 60.0  # units that are remembered
    weights_bound: float = 0.03  # of the told weight: no mean is moved further
    weights_spread: float = 2.0  # no standard deviation is changed by more than this factor
    weights_least: float = 0.98  # certainty of an event that teaches

    # how much is followed
    readings: int = 3  # of a change, by name; the others count together
    least_reading: float = 1e-4  # share of a reading that is worth a name
    ways: int = 6  # meanings of the plateaus up to one
    hopeless_way: float = 14.0  # logarithm below the likeliest

    # memory
    pool_size: int = 200
    pool_s: float = 4 * 3600.0
    strays: int = 32

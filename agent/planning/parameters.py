"""All numbers of planning. What the running agent believes of goods and places is taken from its own parameters."""

from __future__ import annotations

from dataclasses import dataclass

# Noise of one conversion in counts, by nominal conversions a second: three times the data sheet's 90 and 50 nV,
# which is what real boards measure.
NOISE_COUNTS = {80: 135.0, 10: 75.0}


@dataclass(frozen=True)
class PlanParameters:
    """What is held against each other, how finely, and from where on it is told."""

    rate_hz: int = 80  # nominal conversions a second
    least_error: float = 0.01  # smaller errors are not listed
    least_share: float = 1e-4  # nor movements that come up more seldom than once in so many takes
    counts: int = 3  # units of one product taken at once
    neighbours: int = 1  # plates on either side, in the order of the file, from where goods are put on a plate
    reach_plates: int = 6  # a better place is looked for among so many plates on either side
    better_share: float = 0.5  # a placing is better when it divides the error at least by 1/this

    # integration
    reach_sds: float = 5.0  # densities are nothing farther out
    steps_a_sd: float = 3.0
    most_weights: int = 400
    places: int = 40  # cells along an axis of the plate
    apart_sds: float = 8.0  # two units that both were weighed before are told apart beyond this difference
    differences: int = 12  # steps of that difference on either side

    @property
    def noise_counts(self) -> float:
        """Standard deviation of one conversion in counts."""
        return NOISE_COUNTS[self.rate_hz]

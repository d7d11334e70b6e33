"""Rest looked ahead at over many blocks: figures and noise are those of block after block, bit for bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.detection import DetectionParameters, Outlook, RestNoise

P = DetectionParameters()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    modes=st.sampled_from([1, 2, 3]),
    blocks=st.sampled_from([1, 2, 40]),
    known=st.sampled_from([0, 3, 30]),
    restless=st.sampled_from([0.0, 0.1]),
)
def test_figures_and_noise_are_those_of_one_block_after_the_other(
    seed: int, modes: int, blocks: int, known: int, restless: float
) -> None:
    rng = np.random.default_rng(seed)
    count = rng.integers(8, 22, blocks + known)
    t_ns = np.cumsum(rng.integers(11_000_000, 14_000_000, count.sum()))
    first = np.cumsum(count) - count
    z = rng.normal(1_000.0, 1.0, (modes, count.sum()))
    for block in np.flatnonzero(rng.random(len(count)) < restless):
        z[:, first[block] : first[block] + count[block]] *= 1.01 + 0.01 * rng.normal(size=count[block])
    parts = [np.ascontiguousarray(z[:, a : a + n].T) for a, n in zip(first.tolist(), count.tolist(), strict=True)]
    spans = [int(t_ns[a + n - 1] - t_ns[a]) for a, n in zip(first.tolist(), count.tolist(), strict=True)]

    one, ahead = (RestNoise(np.full(modes, 0.7), 0.1, P) for _ in range(2))
    before: NDArray[np.float64] | None = None
    states = []
    for k, (part, span_ns) in enumerate(zip(parts, spans, strict=True)):
        mean = part.mean(axis=0)
        step_g = None if before is None else mean - before
        if k < known:
            ahead.learn(part, step_g, span_ns)
        elif k == known:
            base = mean if before is None else before
            step_g = mean - base
        one.learn(part, step_g, span_ns)
        before = mean
        states.append((one.state.variance.tolist(), one.state.wander.tolist(), one.rate_hz))

    rest = slice(known, None)
    outlook = Outlook(t_ns, z.T, first[rest], count[rest], P)
    assert outlook.mean.tolist() == [part.mean(axis=0).tolist() for part in parts[rest]]
    assert outlook.variance.tolist() == [np.var(part, axis=0, ddof=1).tolist() for part in parts[rest]]
    departure = outlook.departure(0, blocks, base)
    off = [part - mean for part, mean in zip(parts[rest], np.concatenate((base[None], outlook.mean[:-1])), strict=True)]
    assert departure.row.tolist() == [np.abs(own).max(axis=0).tolist() for own in off]
    seen = ahead.look_ahead(outlook, 0, departure.step)
    told = zip(seen.variance[1:].tolist(), seen.wander[1:].tolist(), seen.rate_hz[1:], strict=True)
    assert list(told) == states[known:]

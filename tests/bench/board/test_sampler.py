"""SAMPLEs gathered as conversions come are those gathered from the whole recording."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bench.board.sampler import Sample, Sampler
from bench.recordings.framing import assemble
from bench.recordings.measuring import Conversions


@given(st.integers(0, 10_000), st.integers(1, 8), st.sampled_from([80, 10]), st.booleans())
def test_the_same_samples_as_a_recording(seed: int, channels: int, rate_hz: int, one_dies: bool) -> None:
    rng = np.random.default_rng(seed)
    times = []
    for channel in range(channels):
        n = 30 if one_dies and channel == 0 and channels > 1 else 60
        periods = rng.uniform(0.95, 1.05) / rate_hz * (1.0 + rng.uniform(-0.02, 0.02, n))
        kept = rng.random(n) > 0.03
        times.append((rng.uniform(0, 1 / rate_hz) + np.cumsum(periods))[kept])
    counts = [rng.integers(-1000, 1000, len(t)) for t in times]
    whole = assemble(Conversions(times, counts), rate_hz)

    sampler = Sampler(channels, rate_hz)
    live: list[Sample] = []
    read = [(float(t), k, int(n)) for k in range(channels) for t, n in zip(times[k], counts[k], strict=True)]
    for t, channel, value in sorted(read):
        live += sampler.take(t, channel, value)
    live += sampler.pass_time(1e9)

    assert [sample.present for sample in live] == whole.present.tolist()
    assert [sample.first_s for sample in live] == whole.first_s.tolist()
    assert [sample.counts for sample in live] == whole.counts.tolist()
    np.testing.assert_allclose([sample.sent_s for sample in live], whole.sent_s)


def test_a_sample_waits_no_longer_than_its_deadline() -> None:
    sampler = Sampler(2, 80, since_s=1.0)
    assert sampler.take(1.0, 0, 7) == []
    assert sampler.pass_time(1.0 + 1.4 / 80) == []
    assert sampler.pass_time(1.0 + 1.6 / 80) == [Sample(1.0 + 1.5 / 80, 1.0, 0b01, [7, 0])]
    assert sampler.pass_time(9.0) == []

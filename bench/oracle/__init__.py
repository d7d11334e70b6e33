"""The information limit: what could be said by whoever knew the true instants and ideal plateaus."""

from bench.oracle.limit import oracle
from bench.oracle.priors import Prior, learn_priors

__all__ = ["Prior", "learn_priors", "oracle"]

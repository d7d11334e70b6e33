"""A level and damped sinusoids in a window of conversions: least squares for many frequencies at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TERMS = 3
_RIDGE = 1e-9  # on what is solved, so that terms which are the same within a window have a solution

Heard = tuple[NDArray[np.float64], float]
"""Frequencies [F] or [1] that are fitted beside those which are sought, and their damping."""


@dataclass(frozen=True, slots=True, eq=False)
class Detail:
    """Of one frequency: variance of the level in that of a conversion, amplitude at the window's beginning, and what is
    left of each conversion [n]."""

    unit: float
    amplitude_g: float
    apart: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Alone:
    """Of each frequency [F], fitted alone: `levels`, and residual sums of squares, `residual`."""

    residual: NDArray[np.float64]
    _mean: float
    _off: NDArray[np.float64]
    _wave: NDArray[np.float64]
    _middle: NDArray[np.float64]
    _square: NDArray[np.float64]
    _both: NDArray[np.float64]
    _share: NDArray[np.float64]

    @property
    def levels(self) -> NDArray[np.float64]:
        """Asked for seldom: most windows do not ring."""
        result: NDArray[np.float64] = self._mean - np.add.reduce(self._share * self._middle, axis=0)
        return result

    def detail(self, k: int) -> Detail:
        """Of frequency k."""
        (x, y), (a, b), (xx, yy) = (part[:, k].tolist() for part in (self._middle, self._share, self._square))
        xy = float(self._both[k])
        unit = 1 / len(self._off) + (x * x * yy - 2 * x * y * xy + y * y * xx) / (xx * yy - xy * xy)
        return Detail(unit, math.hypot(a, b), self._off - self._share[:, k] @ self._wave[:, k])


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """The same of frequencies that are fitted beside others."""

    levels: NDArray[np.float64]
    residual: NDArray[np.float64]
    _inverse: NDArray[np.float64]
    _shares: NDArray[np.float64]
    _apart: NDArray[np.float64]

    def detail(self, k: int) -> Detail:
        """Of frequency k."""
        _, a, b, *_ = self._shares[k].tolist()
        return Detail(float(self._inverse[k, 0, 0]), math.hypot(a, b), self._apart[k])


def solve(
    t_s: NDArray[np.float64],
    z: NDArray[np.float64],
    frequency: NDArray[np.float64],
    damping: NDArray[np.float64],
    others: list[Heard] | None = None,
    each: int = 1,
) -> Alone | Beside:
    """Least squares for every frequency of [F], each with its damping [F]; `others` are fitted beside it. Frequencies
    come `each` times in a row."""
    if not others:
        return _alone(t_s, z, frequency, damping, each)
    design: NDArray[np.float64] = np.empty((len(frequency), len(t_s), _TERMS + 2 * len(others)))
    design[:, :, 0] = 1.0
    design[:, :, 1], design[:, :, 2] = _waves(t_s, frequency, damping[:, None], each)
    for k, (heard, heard_damping) in enumerate(others):
        design[:, :, _TERMS + 2 * k], design[:, :, _TERMS + 2 * k + 1] = _waves(t_s, heard, heard_damping)
    turned = np.swapaxes(design, 1, 2)
    inverse = np.linalg.inv(turned @ design + _RIDGE * np.eye(design.shape[2])).astype(np.float64, copy=False)
    shares = (inverse @ (turned @ z)[:, :, None])[:, :, 0]
    apart = z - (design @ shares[:, :, None])[:, :, 0]
    return Beside(shares[:, 0], (apart**2).sum(axis=1), inverse, shares, apart)


def sharpened(t_s: NDArray[np.float64], z: NDArray[np.float64], hz: float, damping: float) -> tuple[float, float]:
    """Frequency and damping nearer to those of a window's sinusoid: one step of Gauss and Newton from a guess.

    With z = c + Re(A exp(kt)), a small change of k adds Re(A dk t exp(kt)): five linear terms, whose shares tell dk.
    """
    cosine, sine = _waves(t_s, np.array([hz]), np.array([[damping]]))[:, 0]
    design = np.stack((np.ones_like(t_s), cosine, sine, t_s * cosine, t_s * sine), axis=1)
    turned = design.T
    _, a, b, p, q = np.linalg.solve(turned @ design + _RIDGE * np.eye(len(turned)), turned @ z).tolist()
    omega = 2 * math.pi * hz
    k = complex(-damping * omega, omega) + complex(p, -q) / (complex(a, -b) or 1.0)
    return k.imag / (2 * math.pi), -k.real / (k.imag or 1.0)


def _waves(
    t_s: NDArray[np.float64], frequency: NDArray[np.float64], damping: NDArray[np.float64] | float, each: int = 1
) -> NDArray[np.float64]:
    """Cosine and sine [2, F, n] of frequencies [F] that fade by their `damping` [F, 1]."""
    swing = (2 * np.pi * frequency[::each])[:, None] * t_s
    out: NDArray[np.float64] = np.empty((2, *swing.shape))
    np.cos(swing, out=out[0])
    np.sin(swing, out=out[1])
    if each > 1:
        swing, out = swing.repeat(each, axis=0), out.repeat(each, axis=1)
    swing *= -damping
    out *= np.exp(swing, out=swing)
    return out


def _alone(
    t_s: NDArray[np.float64],
    z: NDArray[np.float64],
    frequency: NDArray[np.float64],
    damping: NDArray[np.float64],
    each: int,
) -> Alone:
    """About their means, the two terms of a ring are told by two equations, which are solved by hand."""
    n = len(t_s)
    wave = _waves(t_s, frequency, damping[:, None], each)
    middle = np.add.reduce(wave, axis=2) / n
    wave -= middle[:, :, None]
    mean = float(np.add.reduce(z)) / n
    off = z - mean
    square = np.einsum("kfn,kfn->kf", wave, wave)
    square += _RIDGE
    both = np.einsum("fn,fn->f", wave[0], wave[1])
    seen = wave @ off
    share = square[::-1] * seen
    share -= both * seen[::-1]
    share /= square[0] * square[1] - both * both
    residual = float(off @ off) - np.add.reduce(share * (seen + _RIDGE * share), axis=0)
    return Alone(residual, mean, off, wave, middle, square, both, share)

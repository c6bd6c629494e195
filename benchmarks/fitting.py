"""From measurements to numbers: ratios over the rounds, and how costs grow with size."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls


class Spread(NamedTuple):
    """Values of several rounds: their median and range."""

    median: float
    low: float
    high: float


class Growth(NamedTuple):
    """How a cost grows with size."""

    # Straight line: cost of nothing, and of one more
    fixed: float
    each: float
    residual: float  # largest relative distance of a size's median from the line
    exponent: float  # of a power law above fixed costs: 1 when cost is proportional to size


def spread(values: Sequence[float]) -> Spread:
    """Median and range of some values.

    Parameters
    ----------
    values : sequence of float

    Returns
    -------
    Spread
    """
    return Spread(float(np.median(values)), min(values), max(values))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Ratio of two costs, round by round, because other work on the machine changes both.

    Parameters
    ----------
    ours, theirs : sequence of float
        The costs in each round.

    Returns
    -------
    Spread
    """
    return spread([our / their for our, their in zip(ours, theirs, strict=True)])


def growth(sizes: Sequence[float], costs: Sequence[Sequence[float]]) -> Growth:
    """Fit how costs grow.

    Parameters
    ----------
    sizes : sequence of float
        Three or more.
    costs : sequence of sequence of float
        The costs of each size, in its rounds; their median counts.

    Returns
    -------
    Growth
    """
    x, y = np.asarray(sizes, float), np.array([np.median(rounds) for rounds in costs])
    exponents = np.linspace(0.2, 3, 561)
    misfits = [_fit(x**exponent, y)[1] for exponent in exponents]
    (fixed, each), _ = _fit(x, y)
    residual = float(np.max(np.abs(fixed + each * x - y) / y))
    return Growth(fixed, each, residual, float(exponents[np.argmin(misfits)]))


def _fit(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Fit a straight line without negative costs, by relative distance; also gives the misfit."""
    return nnls(np.column_stack([np.ones_like(x), x]) / y[:, None], np.ones_like(y))

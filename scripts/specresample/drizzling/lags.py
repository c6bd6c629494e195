"""Which pixels of a drizzled image share noise: the steps from one to another, the lags."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

Lag = tuple[int, int]  # (dy, dx) in output pixels

# Sampling that fewer pixels than these percentiles have does not count: at the ends of a slit the
# wavelengths of several exposures interleave.
_PERCENTILES = (1, 99)

# A drop that is larger than a whole number of output pixels by e shares with one pixel more, in the
# mean over its places, e^3/6 of its variance. With this e it is 0.02 %.
_NEGLIGIBLE = 0.1

_FAR = 1e4  # input pixels, more than any slit has


@dataclass(frozen=True)
class NoiseReach:
    """How far the noise of an input pixel reaches.

    Attributes
    ----------
    lags : tuple of Lag
        Steps from a pixel to those that share noise with it, without those that are the opposite of
        another.
    spacing : tuple of int
        Spacing (sy, sx) of input pixels: no two so far apart along an axis touch the same pair of
        output pixels.
    """

    lags: tuple[Lag, ...]
    spacing: tuple[int, int]


def noise_reach(pixmap: np.ndarray, drop: float) -> NoiseReach:
    """Find out how far noise reaches (docs/specification.md, "Errors and covariance").

    A drizzled pixel falls on output pixels that are at most L = ceil(p m) apart, where m is the
    number of output pixels to an input pixel. Input pixels that touch a given output pixel or one
    L beside it have centres within (L + 1) / m + p input pixels.

    Parameters
    ----------
    pixmap : ndarray, shape (ny, nx, 2)
        Where the centres of input pixels fall on the output grid: x and y, in this order.
    drop : float
        Size p of the drizzled pixels in input pixels: ``pixfrac``, or 0 of the point kernel.

    Returns
    -------
    NoiseReach
    """
    # Of steps along input y and x, in output y and x.
    steps = [np.abs(np.diff(pixmap[..., ::-1], axis=axis)).reshape(-1, 2) for axis in (0, 1)]
    low, high = np.moveaxis([_range(step) for step in steps], 0, -1)
    reach = np.maximum(1, np.ceil(drop * high.max(axis=1) - _NEGLIGIBLE)).astype(int)
    # It suffices that pixels are apart along one axis of the output.
    apart = ((reach + 1)[:, None] / np.maximum(low, 1 / _FAR) + drop).min(axis=0)
    ranges = range(reach[0] + 1), range(-reach[1], reach[1] + 1)
    return NoiseReach(
        lags=tuple(lag for lag in product(*ranges) if lag > (0, 0)),
        spacing=tuple(int(step) + 1 for step in apart),
    )


def _range(steps: np.ndarray) -> np.ndarray:
    """Smallest and largest step that matter along both axes, shape (2, 2)."""
    steps = steps[np.isfinite(steps).all(axis=1)]
    return np.percentile(steps, _PERCENTILES, axis=0) if len(steps) else np.ones((2, 2))


def lag_pairs(shape: tuple[int, int], lag: Lag) -> tuple[tuple, tuple]:
    """Slices of an image that pair every pixel with the one at a lag.

    Parameters
    ----------
    shape : tuple of int
        Shape (ny, nx) of the image.
    lag : Lag

    Returns
    -------
    tuple of slices, tuple of slices
        Of the first pixels of all pairs and of the second.
    """
    ends = [(max(0, -step), min(n, n - step)) for n, step in zip(shape, lag, strict=True)]
    first = tuple(slice(start, max(start, stop)) for start, stop in ends)
    second = tuple(
        slice(part.start + step, part.stop + step) for part, step in zip(first, lag, strict=True)
    )
    return first, second


def same_wavelength(
    covariance: Mapping[Lag, np.ndarray], shape: tuple[int, int], dispersion_axis: int
) -> np.ndarray:
    """Sum the covariances of every pixel with the other pixels of its wavelength.

    Parameters
    ----------
    covariance : mapping of Lag to ndarray, shape (ny, nx)
        Covariance of every pixel with the one at the lag.
    shape : tuple of int
    dispersion_axis : int
        1 when wavelength runs along x, 2 along y.

    Returns
    -------
    ndarray, shape (ny, nx)
    """
    total = np.zeros(shape)
    for lag, values in covariance.items():
        if lag[2 - dispersion_axis] == 0:
            first, second = lag_pairs(shape, lag)
            total[first] += values[first]
            total[second] += values[first]
    return total

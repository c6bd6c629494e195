"""Outliers: pixels in which an exposure disagrees with the median of its source's exposures.

docs/specification.md, "Outliers". All arithmetic is in the single precision of the data, because a
pixel at the limit must fall on the side on which the reference has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from astropy.stats import sigma_clip
from drizzle.resample import blot_image

# What counts as one of the weights of an image, from which its threshold is taken.
_CLIP_SIGMA = 3
_CLIP_ROUNDS = 5


@dataclass(frozen=True)
class OutlierLimits:
    """Beyond which difference from the median a pixel is an outlier.

    Attributes
    ----------
    snr : tuple of float
        In errors of the median: for a pixel, and for one that has an outlier among its neighbours.
    scale : tuple of float
        In steps of the median from a pixel to the next, likewise.
    weight : float
        Weight that a drizzled pixel needs to count in the median, as a part of the mean weight.
    background : float
        What exposures have more than the median, in their own unit.
    """

    snr: tuple[float, float]
    scale: tuple[float, float]
    weight: float
    background: float

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, object]) -> "OutlierLimits":
        """Take them from the arguments of a product.

        Parameters
        ----------
        arguments : mapping
            ``outlier_snr`` and ``outlier_scale``, two numbers as text, ``outlier_maskpt`` and
            ``outlier_backg``.
        """
        snr, scale = (
            tuple(map(float, arguments[name].split())) for name in ("outlier_snr", "outlier_scale")
        )
        return cls(snr, scale, arguments["outlier_maskpt"], arguments["outlier_backg"])


def weight_threshold(weights: np.ndarray, part: float) -> float:
    """Weight below which a drizzled pixel does not count in the median.

    Parameters
    ----------
    weights : ndarray, shape (ny, nx)
        Drizzled weights.
    part : float
        Part of the mean of the clipped weights.

    Returns
    -------
    float
        0 when no pixel has weight.
    """
    some = weights[np.isfinite(weights) & (weights != 0)]
    if not some.size:
        return 0.0
    # In single precision: squares of large weights overflow, and then no weight is unusual.
    usual = sigma_clip(some, sigma=_CLIP_SIGMA, maxiters=_CLIP_ROUNDS, masked=False)
    return np.mean(usual, dtype=np.float64) * part


def group_mean(singles: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Average the detectors of one exposure.

    Parameters
    ----------
    singles : sequence of mapping of str to ndarray
        Of each detector ``sci``, ``err`` and ``wht`` on one grid, NaN without weight.

    Returns
    -------
    dict of str to ndarray
        The same arrays (float32).
    """
    if len(singles) == 1:
        return dict(singles[0])
    weight = np.sum([single["wht"] for single in singles], axis=0)
    mean = {}
    for name in ("sci", "err"):
        parts = [np.where(s["wht"] > 0, s["wht"] * s[name], 0) for s in singles]
        with np.errstate(invalid="ignore"):
            mean[name] = np.sum(parts, axis=0) / weight
    return mean | {"wht": weight}


def median(images: np.ndarray) -> np.ndarray:
    """Median of several images, pixel by pixel, without what is NaN.

    Parameters
    ----------
    images : ndarray, shape (n, ny, nx)

    Returns
    -------
    ndarray, shape (ny, nx)
        NaN where all of them are.
    """
    ordered = np.sort(images, axis=0)  # NaN last
    count = len(images) - np.isnan(images).sum(axis=0)
    middle = np.stack([np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(images) - 1)])
    lower, upper = np.take_along_axis(ordered, middle, axis=0)
    return (lower + upper) / 2


def blot(image: np.ndarray, pixmap: np.ndarray) -> np.ndarray:
    """Take an image on the output grid back to the pixels of an exposure.

    Parameters
    ----------
    image : ndarray of float32, shape (my, mx)
    pixmap : ndarray, shape (ny, nx, 2)
        Where the exposure's pixels fall on the output grid: x and y, in this order.

    Returns
    -------
    ndarray of float32, shape (ny, nx)
        Interpolated linearly; NaN outside.
    """
    out = np.full(pixmap.shape[:2], np.nan, np.float32)
    # drizzle wants a number for every pixel; this one is outside.
    pixmap = np.where(np.isnan(pixmap), -1, pixmap)
    blot_image(image, pixmap, out_img=out, fillval=np.nan, interp="linear")
    return out


def find_outliers(
    sci: np.ndarray, expected: np.ndarray, error: np.ndarray, limits: OutlierLimits
) -> np.ndarray:
    """Find the outliers of an exposure's slit.

    Parameters
    ----------
    sci : ndarray of float32, shape (ny, nx)
        What the exposure has, bad pixels as well, because their neighbours are judged by them.
    expected : ndarray of float32, shape (ny, nx)
        The median, blotted.
    error : ndarray of float32, shape (ny, nx)
        The median error, blotted.
    limits : OutlierLimits

    Returns
    -------
    ndarray of bool, shape (ny, nx)
    """
    error = np.nan_to_num(error)
    step = steepest(expected)
    with np.errstate(invalid="ignore"):
        difference = np.abs(sci - expected - limits.background)
        seed, neighbour = (
            difference > scale * step + snr * error
            for scale, snr in zip(limits.scale, limits.snr, strict=True)
        )
    return grown(seed) & neighbour


def steepest(image: np.ndarray) -> np.ndarray:
    """Largest difference of each pixel from its four neighbours, NaN among them left out.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)

    Returns
    -------
    ndarray, shape (ny, nx)
        0 without neighbours.
    """
    out = np.zeros_like(image)
    for lines in (out, out.T):
        step = np.abs(np.diff(image if lines is out else image.T, axis=0))
        np.fmax(lines[1:], step, out=lines[1:])
        np.fmax(lines[:-1], step, out=lines[:-1])
    return out


def grown(mask: np.ndarray) -> np.ndarray:
    """Add to a mask the eight neighbours of its pixels.

    Parameters
    ----------
    mask : ndarray of bool, shape (ny, nx)

    Returns
    -------
    ndarray of bool, shape (ny, nx)
    """
    mask = np.pad(mask, 1)
    rows = mask[:-2] | mask[1:-1] | mask[2:]
    return rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]

"""Outliers: pixels in which an exposure disagrees with the median of its source's exposures.

docs/specification.md, "Outliers". All arithmetic is in the single precision of the data, because a
pixel at the limit must fall on the side on which the reference has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from astropy.stats import sigma_clip
from drizzle.resample import blot_image

from specresample.common.arrays import ArrayFile
from specresample.common.image_stack import ImageStack
from specresample.drizzling.found_outliers import SlitOutliers
from specresample.drizzling.slit import OntoGrid, drizzle_slit
from specresample.drizzling.times import exposure_groups
from specresample.drizzling.weights import inverse_variance_weights
from specresample.footprint.prepared import PreparedSlit
from specresample.grids.rectified import Grid
from specresample.grids.sources import SourceSlits
from specresample.level2b.flags import DO_NOT_USE

# Medians are taken of these planes.
_PLANES = ("sci", "err")

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
        """Take them from the arguments of a product, which hold pairs of numbers as text."""
        snr, scale = (
            tuple(map(float, arguments[name].split())) for name in ("outlier_snr", "outlier_scale")
        )
        return cls(snr, scale, arguments["outlier_maskpt"], arguments["outlier_backg"])


def source_outliers(
    slits: SourceSlits,
    grid: Grid,
    arrays: Mapping[str, ArrayFile],
    limits: OutlierLimits,
    scratch: Path,
) -> dict[str, SlitOutliers]:
    """Find the outliers of a source in all its exposures.

    Parameters
    ----------
    slits : dict of str to PreparedSlit
        Its slit in every exposure.
    grid : Grid
        The grid that it has by default.
    arrays : mapping of str to ArrayFile
        Prepared arrays of the exposures.
    limits : OutlierLimits
    scratch : Path
        Folder for temporary files.

    Returns
    -------
    dict of str to SlitOutliers
        By exposure; without any when there are fewer than two exposures.
    """
    keys = [*slits]
    groups = exposure_groups([slit.metadata for slit in slits.values()])
    if len(groups) < 2:
        nothing = SlitOutliers(np.empty((0, 2), int), np.array(0))
        return dict.fromkeys(slits, nothing)

    def data(key: str) -> dict[str, np.ndarray]:
        found = arrays[key].group(str(slits[key].number))
        return {"err": np.zeros_like(found["sci"])} | found

    rows, columns = grid.shape
    with ImageStack((len(_PLANES) * rows, columns), scratch) as stack:
        for group in groups:
            single = group_mean([_drizzled(data(keys[number]), grid) for number in group])
            light = single["wht"] < weight_threshold(single["wht"], limits.weight)
            planes = [np.where(light, np.float32(np.nan), single[name]) for name in _PLANES]
            stack.add(np.concatenate(planes))
        lines = np.concatenate([median(images) for images in stack.bands()])
    medians = np.split(lines, len(_PLANES))
    return {key: _compared(slit, data(key), grid, medians, limits) for key, slit in slits.items()}


def _drizzled(data: Mapping[str, np.ndarray], grid: Grid) -> dict[str, np.ndarray]:
    # NON_SCIENCE does not matter here, as in the reference.
    good = (data["dq"] & DO_NOT_USE) == 0
    weights = inverse_variance_weights(good, data.get("var_rnoise"))
    pixmap = grid.pixel_map(data["coordinates"])
    onto = OntoGrid(weights, pixmap, grid.shape, pixfrac=1.0, kernel="square")
    return drizzle_slit({name: data[name] for name in _PLANES}, onto)


def _compared(
    slit: PreparedSlit,
    data: Mapping[str, np.ndarray],
    grid: Grid,
    medians: list[np.ndarray],
    limits: OutlierLimits,
) -> SlitOutliers:
    pixmap = grid.pixel_map(data["coordinates"])
    expected, error = (blot(image, pixmap) for image in medians)
    measured = data["sci"].copy()
    measured[np.isnan(measured)] = data["invalid_sci"]
    metadata = slit.metadata
    stated = metadata.get("meta.background.level") is not None
    if stated and not metadata.get("meta.background.subtracted"):
        # The preparation subtracted it.
        limits = replace(limits, background=0.0)
    found = find_outliers(measured, expected, error, limits)
    compared = np.isfinite(measured) & np.isfinite(expected)
    return SlitOutliers(np.argwhere(found), np.array(compared.sum()))


def group_mean(singles: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Average ``sci``, ``err`` and ``wht`` of the detectors of one exposure, drizzled alone."""
    if len(singles) == 1:
        return dict(singles[0])
    weight = np.sum([single["wht"] for single in singles], axis=0)
    mean = {}
    for name in _PLANES:
        parts = [np.where(s["wht"] > 0, s["wht"] * s[name], 0) for s in singles]
        with np.errstate(invalid="ignore"):
            mean[name] = np.sum(parts, axis=0) / weight
    return mean | {"wht": weight}


def weight_threshold(weights: np.ndarray, part: float) -> float:
    """Weight below which a drizzled pixel does not count: a part of the mean of usual weights."""
    some = weights[np.isfinite(weights) & (weights != 0)]
    if not some.size:
        return 0.0
    # In single precision: squares of large weights overflow, and then no weight is unusual.
    usual = sigma_clip(some, sigma=_CLIP_SIGMA, maxiters=_CLIP_ROUNDS, masked=False)
    return np.mean(usual, dtype=np.float64) * part


def median(images: np.ndarray) -> np.ndarray:
    """Median along the first axis, without what is NaN; NaN where all are."""
    ordered = np.sort(images, axis=0)  # NaN last
    count = len(images) - np.isnan(images).sum(axis=0)
    middle = np.stack([np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(images) - 1)])
    lower, upper = np.take_along_axis(ordered, middle, axis=0)
    return (lower + upper) / 2


def blot(image: np.ndarray, pixmap: np.ndarray) -> np.ndarray:
    """Interpolate an image on the output grid at an exposure's pixels; NaN outside."""
    out = np.full(pixmap.shape[:2], np.nan, np.float32)
    # drizzle wants a number for every pixel; this one is outside.
    pixmap = np.where(np.isnan(pixmap), -1, pixmap)
    blot_image(image, pixmap, out_img=out, fillval=np.nan, interp="linear")
    return out


def find_outliers(
    sci: np.ndarray, expected: np.ndarray, error: np.ndarray, limits: OutlierLimits
) -> np.ndarray:
    """Find the outliers of an image, given the median and its error at the same pixels.

    ``sci`` holds bad pixels as well, because their neighbours are judged by them.
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
    """Largest difference of each pixel from its four neighbours that are not NaN; 0 without."""
    out = np.zeros_like(image)
    for lines in (out, out.T):
        step = np.abs(np.diff(image if lines is out else image.T, axis=0))
        np.fmax(lines[1:], step, out=lines[1:])
        np.fmax(lines[:-1], step, out=lines[:-1])
    return out


def grown(mask: np.ndarray) -> np.ndarray:
    """Add to a mask the eight neighbours of its pixels."""
    mask = np.pad(mask, 1)
    rows = mask[:-2] | mask[1:-1] | mask[2:]
    return rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]

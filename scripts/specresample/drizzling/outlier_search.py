"""Find the outliers of a source in all its exposures (docs/specification.md, "Outliers")."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from specresample.common.arrays import ArrayFile
from specresample.common.image_stack import ImageStack
from specresample.drizzling.found_outliers import SlitOutliers
from specresample.drizzling.outliers import (
    OutlierLimits,
    blot,
    find_outliers,
    group_mean,
    median,
    weight_threshold,
)
from specresample.drizzling.slit import drizzle_slit
from specresample.drizzling.times import exposure_groups
from specresample.drizzling.weights import inverse_variance_weights
from specresample.footprint.prepared import PreparedSlit
from specresample.grids.rectified import Grid
from specresample.grids.sources import SourceSlits
from specresample.level2b.flags import DO_NOT_USE

# Medians are taken of these planes.
_PLANES = ("sci", "err")


def source_outliers(
    slits: SourceSlits,
    grid: Grid,
    arrays: Mapping[str, ArrayFile],
    limits: OutlierLimits,
    scratch: Path,
) -> dict[str, SlitOutliers]:
    """Find the outliers of a source.

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

    with ImageStack(grid.shape, scratch) as sci, ImageStack(grid.shape, scratch) as err:
        for group in groups:
            single = group_mean([_drizzled(data(keys[number]), grid) for number in group])
            light = single["wht"] < weight_threshold(single["wht"], limits.weight)
            for name, stack in zip(_PLANES, (sci, err), strict=True):
                stack.add(np.where(light, np.float32(np.nan), single[name]))
        medians = [_median(stack, grid.shape) for stack in (sci, err)]
    return {key: _compared(slit, data(key), grid, medians, limits) for key, slit in slits.items()}


def _drizzled(data: Mapping[str, np.ndarray], grid: Grid) -> dict[str, np.ndarray]:
    # NON_SCIENCE does not matter here, as in the reference.
    good = (data["dq"] & DO_NOT_USE) == 0
    return drizzle_slit(
        {name: data[name] for name in _PLANES},
        inverse_variance_weights(good, data.get("var_rnoise")),
        grid.pixel_map(data["coordinates"]),
        grid.shape,
        pixfrac=1.0,
        kernel="square",
    )


def _median(stack: ImageStack, shape: tuple[int, int]) -> np.ndarray:
    out = np.empty(shape, np.float32)
    for rows, images in stack.bands():
        out[rows] = median(images)
    return out


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
    if _background_is_off(slit):
        limits = replace(limits, background=0.0)
    found = find_outliers(measured, expected, error, limits)
    compared = np.isfinite(measured) & np.isfinite(expected)
    return SlitOutliers(np.argwhere(found), np.array(compared.sum()))


def _background_is_off(slit: PreparedSlit) -> bool:
    """Whether SCI is without a background that the level-2b file states and did not subtract."""
    known = slit.metadata.get("meta.background.level") is not None
    return known and not slit.metadata.get("meta.background.subtracted")

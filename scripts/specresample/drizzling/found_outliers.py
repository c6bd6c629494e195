"""Outliers that were found in exposures: their flags, their places in a product."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from specresample.drizzling.times import exposure_groups
from specresample.footprint.prepared import Exposures, PreparedExposure, PreparedSlit
from specresample.grids.product_grids import ProductGrids
from specresample.level2b.flags import DO_NOT_USE, OUTLIER, mark_invalid

# Values of S_OUTLIR.
COMPLETE, SKIPPED = "COMPLETE", "SKIPPED"

_STATUS = "meta.cal_step.outlier_detection"

# An outlier in the image of a slit, and on the output grid.
_PLACE = [("row", np.int32), ("column", np.int32), ("x", np.float32), ("y", np.float32)]


@dataclass(frozen=True)
class SlitOutliers:
    """Outliers of a slit in one exposure.

    Attributes
    ----------
    pixels : ndarray of int, shape (n, 2)
        Row and column in its prepared arrays.
    compared : ndarray of int, shape ()
        How many pixels could be compared with a median; 0 when there is none.
    """

    pixels: np.ndarray
    compared: np.ndarray

    def flag(self, data: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Flag them in the prepared arrays of the slit, so that they count no more.

        Parameters
        ----------
        data : mapping of str to ndarray

        Returns
        -------
        dict of str to ndarray
            The same arrays: with DO_NOT_USE and OUTLIER in ``dq``, and NaN in the others.
        """
        shape = data["dq"].shape
        images = {name: array.copy() for name, array in data.items() if array.shape == shape}
        images["dq"][tuple(self.pixels.T)] |= DO_NOT_USE | OUTLIER
        return {**data, **mark_invalid(images)}

    def place(self, corner: tuple[int, int], pixmap: np.ndarray) -> np.ndarray:
        """Say where they are.

        Parameters
        ----------
        corner : tuple of int
            Row and column of the slit's image at which its prepared arrays begin.
        pixmap : ndarray, shape (ny, nx, 2)
            Where the pixels fall on the output grid: x and y, in this order.

        Returns
        -------
        ndarray, shape (n,)
            With the fields ``row`` and ``column`` of the slit's image, and ``x`` and ``y`` of the
            output grid.
        """
        places = np.empty(len(self.pixels), _PLACE)
        places["row"], places["column"] = (self.pixels + corner).T
        places["x"], places["y"] = pixmap[tuple(self.pixels.T)].T
        return places


def with_outlier_status(exposures: Exposures, grids: ProductGrids) -> Exposures:
    """State in the metadata of exposures whether outliers were looked for.

    Parameters
    ----------
    exposures : mapping of str to PreparedExposure
    grids : ProductGrids

    Returns
    -------
    dict of str to PreparedExposure
        With S_OUTLIR in each slit, COMPLETE where its source has at least two exposures, and
        SKIPPED elsewhere; in the exposure itself COMPLETE where it is in any slit.
    """
    searched: set[tuple[str, int]] = set()
    for source in grids.sources:
        slits = source.slits_in(exposures).values()
        if len(exposure_groups([slit.metadata for slit in slits])) > 1:
            searched |= source.slits.items()

    with_searched = {key for key, _ in searched}

    def stated(part: PreparedExposure | PreparedSlit, complete: bool) -> object:
        status = COMPLETE if complete else SKIPPED
        return replace(part, metadata={**part.metadata, _STATUS: status})

    result = {}
    for key, exposure in exposures.items():
        slits = tuple(stated(slit, (key, slit.number) in searched) for slit in exposure.slits)
        result[key] = replace(stated(exposure, key in with_searched), slits=slits)
    return result

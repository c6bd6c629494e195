"""Variances of a combination as the reference makes them (``errors: reference``).

docs/specification.md, "Combination".
"""

from collections.abc import Mapping

import numpy as np

from specresample.drizzling.combined_errors import CombinedErrors, VarianceSum
from specresample.drizzling.slit import VARIANCES


class ReferenceErrors:
    """Running sums over the exposures of a source.

    Parameters
    ----------
    shape : tuple of int
        Shape (ny, nx) of the output grid.
    scale_ratio : float
        Input over output pixel scale; variances grow with it, since the pixels of a finer grid
        share their noise.
    """

    def __init__(self, shape: tuple[int, int], scale_ratio: float) -> None:
        self._variances = {name: VarianceSum(shape) for name in VARIANCES}
        self._scale_ratio = scale_ratio

    def add(
        self, single: Mapping[str, np.ndarray], *, variance_weight: float | None = None
    ) -> None:
        """Add an exposure.

        Parameters
        ----------
        single : mapping of str to ndarray
            From `specresample.drizzling.slit.drizzle_slit`, with ``wht`` and those variances that
            are there.
        variance_weight : float, optional
            Weight of the exposure's variances; without, they are weighted by the inverse of its
            resampled read-noise variance, or alike where it has none.
        """
        weight = _variance_weight(single, variance_weight)
        for name, total in self._variances.items():
            if name in single:
                total.add(single[name], weight)

    def finish(self) -> CombinedErrors:
        """Divide by the weights."""
        return CombinedErrors(
            {name: total.finish(self._scale_ratio) for name, total in self._variances.items()}
        )


def _variance_weight(single: Mapping[str, np.ndarray], weight: float | None) -> np.ndarray:
    if weight is not None:
        return np.full(single["wht"].shape, float(weight))
    read_noise = single.get("var_rnoise")
    if read_noise is None:
        return np.ones(single["wht"].shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = 1.0 / read_noise.astype(float)
    return np.where((read_noise > 0) & np.isfinite(read_noise), weight, 0.0)

"""Exact variances and covariances of a combination (``errors: pixel``, ``errors: aperture``)."""

from collections.abc import Mapping

import numpy as np

from specresample.drizzling.combined_errors import CombinedErrors, VarianceSum
from specresample.drizzling.covariance import CovarianceSum
from specresample.drizzling.noise import FLAT, NOISE


class ExactErrors:
    """Running sums over the exposures of a source, with the weights that its science has.

    Parameters
    ----------
    shape : tuple of int
        Shape (ny, nx) of the output grid.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._noise = {name: VarianceSum(shape) for name in NOISE}
        self._flat = np.zeros(shape)
        self._flat_weight = np.zeros(shape)
        self._covariance = CovarianceSum(shape)

    def add(
        self, single: Mapping[str, np.ndarray], *, variance_weight: float | None = None
    ) -> None:
        """Add an exposure.

        Parameters
        ----------
        single : mapping of str to ndarray
            ``wht`` from `specresample.drizzling.slit.drizzle_slit`; the variances that are there
            and, where they are wanted, ``covariance`` from
            `specresample.drizzling.noise.drizzle_noise` with its ``lags``.
        variance_weight : float, optional
            Does not matter: exact variances have the weights of the science.
        """
        weight = single["wht"].astype(float)
        known = [single[name] for name in NOISE if name in single]
        for name, total in self._noise.items():
            if name in single:
                total.add(single[name], weight)
        if FLAT in single:
            # All exposures have the same flat field, so that its error does not average down.
            use = np.isfinite(single[FLAT]) & (weight > 0)
            self._flat[use] += weight[use] * np.sqrt(single[FLAT][use])
            self._flat_weight[use] += weight[use]
        if "covariance" in single and known:
            noise = np.where(np.isnan(known).all(axis=0), np.nan, np.nansum(known, axis=0))
            lags = [(int(dy), int(dx)) for dy, dx in single["lags"]]
            planes = dict(zip(lags, single["covariance"], strict=True))
            self._covariance.add(weight, noise, planes)

    def finish(self) -> CombinedErrors:
        """Divide by the weights."""
        variances = {name: total.finish() for name, total in self._noise.items()}
        noise = np.nansum([plane.astype(float) for plane in variances.values()], axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            flat = ((self._flat / self._flat_weight) ** 2).astype(np.float32)
        return CombinedErrors(variances | {FLAT: flat}, self._covariance.finish(noise))

"""Errors of a combination: running sums over the exposures of a source, and what they come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from specresample.drizzling.lags import Lag, lag_pairs, same_wavelength
from specresample.drizzling.noise import FLAT, NOISE
from specresample.drizzling.slit import VARIANCES


@dataclass(frozen=True)
class CombinedErrors:
    """Errors of a combination.

    Attributes
    ----------
    variances : dict of str to ndarray
        Of read-out, photons and flat field, by the names of `VARIANCES`; NaN where not known.
    covariance : mapping of Lag to ndarray
        Covariance, by read-out and photons, of every pixel with the one at the lag.
    """

    variances: dict[str, np.ndarray]
    covariance: Mapping[Lag, np.ndarray] = field(default_factory=dict)

    def for_apertures(self, dispersion_axis: int) -> "CombinedErrors":
        """Add to every pixel its covariances with the others of its wavelength.

        An extraction that knows of no covariances sums these variances over its aperture. The sum
        is a little too large, because pixels at the edge also share noise with pixels outside.

        Parameters
        ----------
        dispersion_axis : int
            1 when wavelength runs along x, 2 along y.

        Returns
        -------
        CombinedErrors
            Read-out and photons grow by the same factor.
        """
        noise = np.nansum([self.variances[name].astype(float) for name in NOISE], axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            growth = 1 + same_wavelength(self.covariance, noise.shape, dispersion_axis) / noise
        growth = np.where(noise > 0, growth, 1)
        grown = {name: (self.variances[name] * growth).astype(np.float32) for name in NOISE}
        return replace(self, variances=self.variances | grown)

    def arrays(self) -> dict[str, np.ndarray]:
        """Give the variances and ``err``, the root of their sum over those that are known."""
        components = np.array([self.variances[name] for name in VARIANCES])
        error = np.sqrt(np.nansum(components, axis=0))
        error[np.isnan(components).all(axis=0)] = np.nan
        return self.variances | {"err": error}

    def covariance_arrays(self) -> dict[str, np.ndarray]:
        """Give ``covariance`` (float32, shape (n_lags, ny, nx)) and ``lags``, shape (n_lags, 2)."""
        planes = np.array([*self.covariance.values()], np.float32)
        return {"covariance": planes, "lags": np.array([*self.covariance])}


class ReferenceErrors:
    """Variances as the reference makes them (docs/specification.md, "Combination").

    Parameters
    ----------
    shape : tuple of int
        Shape (ny, nx) of the output grid.
    scale_ratio : float
        Input over output pixel scale; variances grow with it, since the pixels of a finer grid
        share their noise.
    """

    def __init__(self, shape: tuple[int, int], scale_ratio: float) -> None:
        self._variances = {name: _VarianceSum(shape) for name in VARIANCES}
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
        read_noise = single.get("var_rnoise")
        if variance_weight is None and read_noise is not None:
            known = (read_noise > 0) & np.isfinite(read_noise)
            weight = np.zeros(known.shape)
            np.divide(1.0, read_noise, out=weight, where=known, dtype=float)
        else:
            weight = np.full(single["wht"].shape, variance_weight or 1.0)
        for name, total in self._variances.items():
            if name in single:
                total.add(single[name], weight)

    def finish(self) -> CombinedErrors:
        """Divide by the weights."""
        return CombinedErrors(
            {name: total.finish(self._scale_ratio) for name, total in self._variances.items()}
        )


class ExactErrors:
    """Exact variances and covariances (``errors: pixel``, ``errors: aperture``).

    Parameters
    ----------
    shape : tuple of int
        Shape (ny, nx) of the output grid.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._noise = {name: _VarianceSum(shape) for name in NOISE}
        self._flat = np.zeros(shape)
        self._flat_weight = np.zeros(shape)
        self._covariance = CovarianceSum(shape)

    def add(
        self, single: Mapping[str, np.ndarray], *, variance_weight: float | None = None
    ) -> None:
        """Add an exposure; variances have the weights of the science, whatever the weight given.

        Parameters
        ----------
        single : mapping of str to ndarray
            ``wht`` from `specresample.drizzling.slit.drizzle_slit`, and what there is from
            `specresample.drizzling.noise.drizzle_noise`.
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
            lags = map(tuple, single["lags"].tolist())
            planes = dict(zip(lags, single["covariance"], strict=True))
            self._covariance.add(weight, noise, planes)

    def finish(self) -> CombinedErrors:
        """Divide by the weights."""
        variances = {name: total.finish() for name, total in self._noise.items()}
        noise = np.nansum([plane.astype(float) for plane in variances.values()], axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            flat = ((self._flat / self._flat_weight) ** 2).astype(np.float32)
        return CombinedErrors(variances | {FLAT: flat}, self._covariance.finish(noise))


class _VarianceSum:
    """Running sums for the variance of a weighted mean, sum(w^2 v) / (sum w)^2."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._total = np.zeros(shape)
        self._weight = np.zeros(shape)

    def add(self, variance: np.ndarray, weight: np.ndarray) -> None:
        """Add an exposure; pixels without weight or with an impossible variance do not count."""
        use = (variance >= 0) & np.isfinite(variance) & (weight > 0)
        self._total[use] += weight[use] ** 2 * variance[use]
        self._weight[use] += weight[use]

    def finish(self, factor: float = 1.0) -> np.ndarray:
        """Divide by the weights, and multiply by a factor; NaN where nothing counts."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return (self._total * factor / self._weight / self._weight).astype(np.float32)


class CovarianceSum:
    """Running sums over the exposures of a source.

    The noise of exposures is independent, so that the covariance of their weighted mean is
    C_jk = sum_e W_j W_k C_jk / (sum_e W_j  sum_e W_k), with the weights W of every exposure.

    Parameters
    ----------
    shape : tuple of int
        Shape (ny, nx) of the output grid.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        self._variance = np.zeros(shape)
        self._covariance: dict[Lag, np.ndarray] = {}

    def add(
        self, weight: np.ndarray, variance: np.ndarray, covariance: Mapping[Lag, np.ndarray]
    ) -> None:
        """Add a drizzled exposure, which may have other lags than those before.

        Parameters
        ----------
        weight, variance : ndarray, shape (ny, nx)
            Pixels without weight or of unknown variance do not count.
        covariance : mapping of Lag to ndarray, shape (ny, nx)
            Of every pixel with the one at the lag.
        """
        weight = np.where(np.isfinite(variance), weight, 0).astype(float)
        self._variance += weight**2 * np.nan_to_num(variance)
        for lag, plane in covariance.items():
            first, second = lag_pairs(self._shape, lag)
            total = self._covariance.setdefault(lag, np.zeros(self._shape))
            total[first] += weight[first] * weight[second] * plane[first]

    def finish(self, variance: np.ndarray) -> dict[Lag, np.ndarray]:
        """Give the covariances of the combined image.

        Parameters
        ----------
        variance : ndarray, shape (ny, nx)
            Of the combined image. The correlation is that of the exposures with variances.

        Returns
        -------
        dict of Lag to ndarray, shape (ny, nx)
            By ascending lag; 0 where it is not known.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            per_sum = np.nan_to_num(np.sqrt(variance / self._variance), posinf=0.0)
        result = {}
        for lag, total in sorted(self._covariance.items()):
            first, second = lag_pairs(self._shape, lag)
            result[lag] = np.zeros(self._shape)
            result[lag][first] = total[first] * per_sum[first] * per_sum[second]
        return result

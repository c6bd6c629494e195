"""Variances of a combination, and the errors they come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from specresample.drizzling.lags import Lag, same_wavelength
from specresample.drizzling.noise import NOISE
from specresample.drizzling.slit import VARIANCES


class VarianceSum:
    """Running sums for the variance of a weighted mean, sum(w^2 v) / (sum w)^2.

    Parameters
    ----------
    shape : tuple of int
        Shape (ny, nx) of the output grid.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._total = np.zeros(shape)
        self._weight = np.zeros(shape)

    def add(self, variance: np.ndarray, weight: np.ndarray) -> None:
        """Add an exposure; pixels without a positive weight and a possible variance do not count.

        Parameters
        ----------
        variance, weight : ndarray, shape (ny, nx)
        """
        use = (variance >= 0) & np.isfinite(variance) & (weight > 0)
        self._total[use] += weight[use] ** 2 * variance[use]
        self._weight[use] += weight[use]

    def finish(self, factor: float = 1.0) -> np.ndarray:
        """Divide by the weights.

        Parameters
        ----------
        factor : float
            Multiplies the variance.

        Returns
        -------
        ndarray of float32
            NaN where nothing counts.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return (self._total * factor / self._weight / self._weight).astype(np.float32)


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
        """Give the arrays that a product has of errors.

        Returns
        -------
        dict of str to ndarray
            The variances and ``err``, the root of their sum over those that are known.
        """
        components = np.array([self.variances[name] for name in VARIANCES])
        error = np.sqrt(np.nansum(components, axis=0))
        error[np.isnan(components).all(axis=0)] = np.nan
        return self.variances | {"err": error}

    def covariance_arrays(self) -> dict[str, np.ndarray]:
        """Give the arrays that a product has of covariances.

        Returns
        -------
        dict of str to ndarray
            ``covariance`` (float32, shape (n_lags, ny, nx)) and ``lags``, shape (n_lags, 2).
        """
        planes = np.array([*self.covariance.values()], np.float32)
        return {"covariance": planes, "lags": np.array([*self.covariance])}

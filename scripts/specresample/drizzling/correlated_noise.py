"""Variances of sums over pixels that share noise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from specresample.drizzling.lags import Lag, lag_pairs, same_wavelength
from specresample.drizzling.noise import FLAT, NOISE

if TYPE_CHECKING:
    from astropy.nddata import Covariance


@dataclass(frozen=True)
class CorrelatedNoise:
    """Noise of the pixels of a rectified slit.

    Attributes
    ----------
    variance : ndarray, shape (ny, nx)
        Variance of every pixel by read-out and photons, in squares of the unit of SCI; 0 where
        there is no data.
    covariance : mapping of Lag to ndarray, shape (ny, nx)
        Covariance of every pixel with the one at the lag (dy, dx), in squares of the unit of SCI.
        Pixels at other lags are independent.
    flat : ndarray, shape (ny, nx)
        Error of every pixel by the flat field, in the unit of SCI: all pixels are wrong together.
    dispersion_axis : int
        1 when wavelength runs along x, 2 along y.
    """

    variance: np.ndarray
    covariance: Mapping[Lag, np.ndarray]
    flat: np.ndarray
    dispersion_axis: int

    @classmethod
    def of_product(
        cls,
        variances: Mapping[str, np.ndarray],
        covariance: Mapping[Lag, np.ndarray],
        *,
        errors: str,
        dispersion_axis: int,
    ) -> "CorrelatedNoise":
        """Give the noise of a product from its arrays.

        Parameters
        ----------
        variances : mapping of str to ndarray, shape (ny, nx)
            By the names of `specresample.drizzling.slit.VARIANCES`; not finite where not known.
        covariance : mapping of Lag to ndarray, shape (ny, nx)
        errors : str
            What the variances are: ``pixel`` or ``aperture``, with the covariances in them.
        dispersion_axis : int
            1 when wavelength runs along x, 2 along y.
        """
        known = {
            name: np.where(np.isfinite(plane), plane, 0).astype(float)
            for name, plane in variances.items()
        }
        variance = sum(known[name] for name in NOISE)
        covariance = {lag: plane.astype(float) for lag, plane in covariance.items()}
        if errors == "aperture":
            variance -= same_wavelength(covariance, variance.shape, dispersion_axis)
        return cls(variance, covariance, np.sqrt(known[FLAT]), dispersion_axis)

    def along_slit(self) -> "CorrelatedNoise":
        """Keep the covariances of pixels of the same wavelength, and have it run along x."""
        axis = self.dispersion_axis
        along_x = np.asarray if axis == 1 else np.transpose
        covariance = {
            (lag[axis - 1], 0): along_x(plane)
            for lag, plane in self.covariance.items()
            if lag[2 - axis] == 0
        }
        return CorrelatedNoise(along_x(self.variance), covariance, along_x(self.flat), 1)

    def aperture_variance(self, weights: np.ndarray) -> float:
        """Variance of a weighted sum over pixels.

        Parameters
        ----------
        weights : ndarray, shape (ny, nx)
            What each pixel is multiplied with before the sum: 1 in a box, the weights of an optimal
            extraction; 0 outside the aperture.

        Returns
        -------
        float
            Variance of ``nansum(weights * SCI)``, in squares of the unit of SCI.
        """
        return float(self._contributions(weights).sum() + (weights * self.flat).sum() ** 2)

    def spectrum_variance(self, weights: np.ndarray) -> np.ndarray:
        """Variance of a spectrum whose pixels are weighted sums over one wavelength each.

        Parameters
        ----------
        weights : ndarray, shape (ny, nx)
            As of `aperture_variance`.

        Returns
        -------
        ndarray, shape (n_wavelengths,)
            Variance of ``nansum(weights * SCI)`` along the slit, in squares of the unit of SCI.
        """
        noise = self.along_slit()
        weights = weights if self.dispersion_axis == 1 else weights.T
        return noise._contributions(weights).sum(axis=0) + (weights * noise.flat).sum(axis=0) ** 2

    def covariance_matrix(
        self, region: tuple[slice, slice] = np.s_[:, :], unit: object = None
    ) -> "Covariance":
        """Covariance matrix of the pixels of a region, without what the flat field does to them.

        Parameters
        ----------
        region : tuple of slice
            Along y and x, without steps; by default the whole slit.
        unit : unit-like, optional
            Unit of SCI.

        Returns
        -------
        astropy.nddata.Covariance
            Of the flattened region, in squares of ``unit``.
        """
        # No step of the workflow needs these.
        from astropy import units as u
        from astropy.nddata import Covariance
        from scipy.sparse import csr_array

        variance = self.variance[region]
        pixels = np.arange(variance.size).reshape(variance.shape)
        parts = [(variance, pixels, pixels)]
        for lag, plane in self.covariance.items():
            first, second = lag_pairs(variance.shape, lag)
            parts.append((plane[region][first], pixels[first], pixels[second]))
        values, *places = (np.concatenate([*map(np.ravel, p)]) for p in zip(*parts, strict=True))
        return Covariance(
            csr_array((values, places), shape=(variance.size, variance.size)),
            data_shape=variance.shape,
            assume_symmetric=True,
            unit=None if unit is None else u.Unit(unit) ** 2,
        )

    def _contributions(self, weights: np.ndarray) -> np.ndarray:
        """Give what every pixel, with its pairs at all lags, adds to the variance of a sum."""
        total = weights**2 * self.variance
        for lag, plane in self.covariance.items():
            first, second = lag_pairs(total.shape, lag)
            # Twice, because of the opposite lag.
            total[first] += 2 * weights[first] * weights[second] * plane[first]
        return total

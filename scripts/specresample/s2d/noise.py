"""The noise of a slit of a product: variances of sums of pixels, with their covariances."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy import units as u
from astropy.io import fits
from astropy.nddata import Covariance
from scipy.sparse import coo_array

from specresample.common.errors import ResampleError
from specresample.drizzling.lags import Lag, lag_pairs, same_wavelength


@dataclass(frozen=True)
class SlitNoise:
    """Noise of the pixels of a slit, as they are in the file.

    Attributes
    ----------
    variance : ndarray, shape (ny, nx)
        Variance of every pixel by read-out and photons, in squares of ``unit``; 0 where there is no
        data.
    covariance : mapping of Lag to ndarray, shape (ny, nx)
        Covariance of every pixel with the one at the lag (dy, dx), in squares of ``unit``. Pixels
        at other lags are independent.
    flat : ndarray, shape (ny, nx)
        Error of every pixel by the flat field, in ``unit``: all pixels are wrong together.
    unit : astropy.units.UnitBase
        Unit of SCI.
    dispersion_axis : int
        1 when wavelength runs along x, 2 along y.
    """

    variance: np.ndarray
    covariance: Mapping[Lag, np.ndarray]
    flat: np.ndarray
    unit: u.UnitBase
    dispersion_axis: int

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
            Variance of ``nansum(weights * SCI)``, in squares of ``unit``.
        """
        noise = self._contributions(weights, self.covariance).sum()
        return float(noise + (weights * self.flat).sum() ** 2)

    def spectrum_variance(self, weights: np.ndarray) -> np.ndarray:
        """Variance of a spectrum whose pixels are weighted sums over one wavelength each.

        Parameters
        ----------
        weights : ndarray, shape (ny, nx)
            As of `aperture_variance`.

        Returns
        -------
        ndarray, shape (n_wavelengths,)
            Variance of ``nansum(weights * SCI)`` along the slit, in squares of ``unit``.
        """
        along_slit = self.dispersion_axis - 1
        lags = [lag for lag in self.covariance if lag[1 - along_slit] == 0]
        noise = self._contributions(weights, lags).sum(axis=along_slit)
        return noise + (weights * self.flat).sum(axis=along_slit) ** 2

    def covariance_matrix(self, region: tuple[slice, slice] = np.s_[:, :]) -> Covariance:
        """Covariance matrix of the pixels of a region, without what the flat field does to them.

        Parameters
        ----------
        region : tuple of slice
            Along y and x; by default the whole slit.

        Returns
        -------
        astropy.nddata.Covariance
            Of the flattened region, in squares of ``unit``.
        """
        shape = self.variance[region].shape
        pixels = np.arange(self.variance[region].size).reshape(shape)
        parts = [(pixels, pixels, self.variance[region])]
        for lag, plane in self.covariance.items():
            first, second = lag_pairs(shape, lag)
            parts.append((pixels[first], pixels[second], plane[region][first]))
        rows, columns, values = (
            np.concatenate([*map(np.ravel, part)]) for part in zip(*parts, strict=True)
        )
        upper = coo_array((values.astype(float), (rows, columns)), shape=(pixels.size, pixels.size))
        return Covariance(upper.tocsr(), data_shape=shape, assume_symmetric=True, unit=self.unit**2)

    def _contributions(self, weights: np.ndarray, lags: Iterable[Lag]) -> np.ndarray:
        """Give what every pixel, with its pairs at some lags, adds to the variance of a sum."""
        total = weights**2 * self.variance
        for lag in lags:
            first, second = lag_pairs(total.shape, lag)
            # Twice, because of the opposite lag.
            total[first] += 2 * weights[first] * weights[second] * self.covariance[lag][first]
        return total


def read_noise(path: str | Path, slit: int = 1) -> SlitNoise:
    """Read the noise of a slit of a product made with ``covariance: true``.

    Parameters
    ----------
    path : str or Path
        A product.
    slit : int
        Number of the slit in the file (EXTVER), counted from 1.

    Returns
    -------
    SlitNoise

    Raises
    ------
    ResampleError
        When the product has no such slit or no covariances.
    """
    with fits.open(path, memmap=False) as hdus:
        here = {hdu.name: hdu for hdu in hdus if hdu.ver == slit}
        if "SCI" not in here:
            raise ResampleError(f"{path}: it has no slit {slit}")
        if "COVAR" not in here:
            raise ResampleError(
                f"{path}: slit {slit} has no covariances (COVAR); make the product with "
                "errors: pixel and covariance: true"
            )
        header = here["COVAR"].header
        planes = here["COVAR"].data.astype(float)
        lags = [(header[f"LAGY{k}"], header[f"LAGX{k}"]) for k in range(1, len(planes) + 1)]
        covariance = dict(zip(lags, planes, strict=True))
        sci = here["SCI"]
        axis = int(sci.header.get("DISPAXIS") or 1)
        variance = sum(_values(here, name) for name in ("VAR_RNOISE", "VAR_POISSON"))
        if hdus[0].header["ERRTYPE"] == "aperture":
            variance -= same_wavelength(covariance, variance.shape, axis)
        return SlitNoise(
            variance=variance,
            covariance=covariance,
            flat=np.sqrt(_values(here, "VAR_FLAT")),
            unit=u.Unit(sci.header["BUNIT"]),
            dispersion_axis=axis,
        )


def _values(extensions: Mapping[str, fits.ImageHDU], name: str) -> np.ndarray:
    return np.nan_to_num(extensions[name].data.astype(float), posinf=0.0)

"""Read the noise of a slit of a product, with its covariances."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy import units as u
from astropy.io import fits
from astropy.nddata import Covariance
from scipy.sparse import coo_array

from specresample.common.errors import ResampleError
from specresample.drizzling.correlated_noise import CorrelatedNoise
from specresample.drizzling.lags import lag_pairs, same_wavelength


def read_noise(path: str | Path, slit: int = 1) -> CorrelatedNoise:
    """Read the noise of a slit of a product made with ``covariance: true``.

    Parameters
    ----------
    path : str or Path
        A product.
    slit : int
        Number of the slit in the file (EXTVER), counted from 1.

    Returns
    -------
    CorrelatedNoise
        In the unit of SCI.

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
        axis = int(here["SCI"].header.get("DISPAXIS") or 1)
        variance = sum(_values(here, name) for name in ("VAR_RNOISE", "VAR_POISSON"))
        if hdus[0].header["ERRTYPE"] == "aperture":
            variance -= same_wavelength(covariance, variance.shape, axis)
        return CorrelatedNoise(variance, covariance, np.sqrt(_values(here, "VAR_FLAT")), axis)


def covariance_matrix(
    noise: CorrelatedNoise, region: tuple[slice, slice] = np.s_[:, :], unit: object = None
) -> Covariance:
    """Covariance matrix of the pixels of a region, without what the flat field does to them.

    Parameters
    ----------
    noise : CorrelatedNoise
    region : tuple of slice
        Along y and x, without steps; by default the whole slit.
    unit : unit-like, optional
        Unit of SCI.

    Returns
    -------
    astropy.nddata.Covariance
        Of the flattened region, in squares of ``unit``.
    """
    variance = noise.variance[region]
    pixels = np.arange(variance.size).reshape(variance.shape)
    parts = [(pixels, pixels, variance)]
    for lag, plane in noise.covariance.items():
        first, second = lag_pairs(variance.shape, lag)
        parts.append((pixels[first], pixels[second], plane[region][first]))
    first, second, values = (
        np.concatenate([*map(np.ravel, part)]) for part in zip(*parts, strict=True)
    )
    upper = coo_array((values, (first, second)), shape=(variance.size, variance.size))
    return Covariance(
        upper.tocsr(),
        data_shape=variance.shape,
        assume_symmetric=True,
        unit=None if unit is None else u.Unit(unit) ** 2,
    )


def _values(extensions: Mapping[str, fits.ImageHDU], name: str) -> np.ndarray:
    return np.nan_to_num(extensions[name].data.astype(float), posinf=0.0)

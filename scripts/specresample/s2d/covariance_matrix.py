"""The covariance matrix of pixels as the field's own object, which has many uses for it."""

import numpy as np
from astropy import units as u
from astropy.nddata import Covariance
from scipy.sparse import coo_array

from specresample.drizzling.correlated_noise import CorrelatedNoise
from specresample.drizzling.lags import lag_pairs


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

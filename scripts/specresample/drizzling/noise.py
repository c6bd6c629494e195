"""Drizzle the noise of one slit of one exposure: exact variances and covariances.

docs/specification.md, "Errors and covariance". Drizzle itself makes the variance C_jj of a drizzled
pixel j of any image of variances. Of an image in which input pixels with variance are so far apart
that no two touch both j and k, it gives the covariance C_jk as well: the square root of C_jj C_kk.
Such images are the colours here.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from specresample.drizzling.lags import NoiseReach, lag_pairs
from specresample.drizzling.slit import OntoGrid

# Noise that is independent from pixel to pixel, and what all exposures share.
NOISE = ("var_rnoise", "var_poisson")
FLAT = "var_flat"


def drizzle_noise(
    variances: Mapping[str, np.ndarray], onto: OntoGrid, reach: NoiseReach | None = None
) -> dict[str, np.ndarray]:
    """Drizzle the variances of one slit onto an output grid.

    Parameters
    ----------
    variances : mapping of str to ndarray, shape (ny, nx)
        Any of ``var_rnoise``, ``var_poisson`` and ``var_flat``, in squares of the unit of the data.
    onto : OntoGrid
    reach : NoiseReach, optional
        Give covariances at its lags.

    Returns
    -------
    dict of str to ndarray
        Variances of the given names (float32), NaN without weight or where the variance of a pixel
        that counts is negative or not finite. ``var_flat`` is the square of the mean of its square
        roots. With ``reach`` also its ``lags``, shape (n_lags, 2), and ``covariance``, shape
        (n_lags, ny, nx), of ``var_rnoise`` and ``var_poisson`` together: plane k holds that of
        pixel j with j + lag k at j, 0 where it is not known.
    """
    names = [name for name in NOISE if name in variances]
    weights = onto.weights
    noise = [_known(variances[name], weights) for name in names]
    colours = _colours(np.sum(noise, axis=0), reach.spacing) if reach and noise else []
    squared = [*noise, *colours]
    flat = np.sqrt(_known(variances.get(FLAT, np.zeros_like(weights)), weights))
    planes = np.zeros((len(squared), *onto.shape), np.float32)
    near_one = replace(onto, weights=_near_one(weights))
    drizzled = near_one.drizzle(flat, {"out_img2": [*planes]}, data2=squared)
    # Copies, so that the planes of the colours do not stay.
    out = {name: plane.copy() for name, plane in zip(names, planes, strict=False)}
    if FLAT in variances:
        out[FLAT] = drizzled.out_img**2
    unknown = ~(drizzled.out_wht > 0)
    for plane in out.values():
        plane[unknown | ~np.isfinite(plane)] = np.nan
    if reach:
        of_colours = planes[len(names) :]
        # In place, because there are many.
        out["covariance"] = _products(np.sqrt(of_colours, out=of_colours), reach)
        out["lags"] = np.array(reach.lags)
    return out


def _known(variance: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Variances where they count: NaN where there is none, 0 where it does not matter."""
    known = np.where(np.isfinite(variance) & (variance >= 0), variance, np.float32(np.nan))
    return np.where(weights > 0, known, np.float32(0)).astype(np.float32)


def _near_one(weights: np.ndarray) -> np.ndarray:
    """Weights divided by a power of two, because drizzle squares them in single precision."""
    return np.ldexp(weights, -np.frexp(weights.max(initial=0))[1])


def _colours(variance: np.ndarray, spacing: tuple[int, int]) -> list[np.ndarray]:
    """Images of every sy-th line and sx-th column, 0 between; their sum is the image."""
    sy, sx = (min(step, n) for step, n in zip(spacing, variance.shape, strict=True))
    planes = np.zeros((sy, sx, *variance.shape), np.float32)
    for y, x in np.ndindex(sy, sx):
        planes[y, x, y::sy, x::sx] = variance[y::sy, x::sx]
    return [*planes.reshape(-1, *variance.shape)]


def _products(roots: np.ndarray, reach: NoiseReach) -> np.ndarray:
    """Covariances from the roots of the variances of every colour, shape (n_colours, ny, nx)."""
    shape = roots.shape[1:]
    covariance = np.zeros((len(reach.lags), *shape), np.float32)
    for plane, lag in zip(covariance, reach.lags, strict=True):
        first, second = lag_pairs(shape, lag)
        products = np.einsum("cyx,cyx->yx", roots[:, *first], roots[:, *second])
        plane[first] = np.where(np.isfinite(products), products, 0)
    return covariance

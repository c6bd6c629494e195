"""Sum of a rectified spectrum over its spatial profile (docs/specification.md, "Quick sum")."""

import numpy as np

from specresample.drizzling.correlated_noise import CorrelatedNoise

_SIGNIFICANT = 3.0  # sigma above which a row of the profile takes part in the sum


def spatial_profile(sci: np.ndarray, wht: np.ndarray) -> np.ndarray:
    """Collapse a spectrum along its dispersion.

    Parameters
    ----------
    sci, wht : ndarray, shape (rows, columns)
        Values and weights, wavelength along x.

    Returns
    -------
    ndarray, shape (rows,)
        Mean of every row; NaN where it has no valid pixel.
    """
    weight = np.where(np.isfinite(sci), wht, 0.0)
    with np.errstate(invalid="ignore"):
        return (weight * np.nan_to_num(sci)).sum(axis=1) / weight.sum(axis=1)


def sum_rows(
    sci: np.ndarray,
    err: np.ndarray | None,
    wht: np.ndarray,
    noise: CorrelatedNoise | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Sum a spectrum over its spatial profile (Horne 1986, PASP 98, 609).

    Parameters
    ----------
    sci, err, wht : ndarray, shape (rows, columns)
        Values, errors (or None) and weights, wavelength along x.
    noise : CorrelatedNoise, optional
        Covariances, which the error of the sum takes into account. Without them, pixels count
        as independent.

    Returns
    -------
    flux, error : ndarray, shape (columns,)
        In units of ``sci``; NaN where there is no valid pixel. Without errors all pixels count
        alike, and the error is NaN. Rows without significant signal are left out. When no row has
        any, the sum is over the whole slit.
    """
    has_errors = err is not None and bool((np.isfinite(err) & (err > 0)).any())
    variance = err.astype(float) ** 2 if has_errors else np.ones(sci.shape)
    good = np.isfinite(sci) & np.isfinite(variance) & (variance > 0)
    profile = np.nan_to_num(spatial_profile(sci, wht))
    if has_errors:
        profile[profile < _SIGNIFICANT * _profile_error(sci, wht, variance)] = 0
    profile = np.clip(profile, 0, None)
    if not profile.any():
        profile = np.ones(len(profile))
    profile /= profile.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(good, profile[:, None] / variance, 0)
        total = (weight * profile[:, None]).sum(axis=0)
        flux = (weight * np.nan_to_num(sci)).sum(axis=0) / total
        if noise is not None:
            error = np.sqrt(noise.spectrum_variance(np.nan_to_num(weight / total)))
        else:
            error = 1 / np.sqrt(total) if has_errors else np.full(flux.shape, np.nan)
    error[~np.isfinite(flux)] = np.nan
    return flux, error


def _profile_error(sci: np.ndarray, wht: np.ndarray, variance: np.ndarray) -> np.ndarray:
    known = np.isfinite(sci) & np.isfinite(variance)
    weight = np.where(known, wht.astype(float), 0)
    with np.errstate(invalid="ignore"):
        return np.sqrt((weight**2 * np.nan_to_num(variance)).sum(axis=1)) / weight.sum(axis=1)


def signal_to_noise(flux: np.ndarray, error: np.ndarray) -> float:
    """Median signal-to-noise ratio of the pixels of a spectrum; NaN when none is known."""
    known = np.isfinite(flux) & np.isfinite(error)
    return float(np.median(flux[known] / error[known])) if known.any() else float("nan")

"""Spherical geometry on numpy arrays: tangent planes, RA across zero, separations."""

import numpy as np
from numpy.typing import ArrayLike


def to_tangent(
    ra: ArrayLike, dec: ArrayLike, ra0: float, dec0: float
) -> tuple[np.ndarray, np.ndarray]:
    """Gnomonic projection of the sky onto the tangent plane at a point.

    Parameters
    ----------
    ra, dec : array_like
        Sky coordinates in degrees.
    ra0, dec0 : float
        Tangent point in degrees.

    Returns
    -------
    tuple of ndarray
        Coordinates in the plane in degrees, x towards East and y towards North: Calabretta &
        Greisen 2002 (A&A 395, 1077), section 5.1.3, with the native pole at the tangent point.
    """
    alpha, delta, delta0 = np.deg2rad(np.subtract(ra, ra0)), np.deg2rad(dec), np.deg2rad(dec0)
    cosine = np.sin(delta) * np.sin(delta0) + np.cos(delta) * np.cos(delta0) * np.cos(alpha)
    x = np.cos(delta) * np.sin(alpha) / cosine
    # Near the tangent point the textbook form cancels, so sin(delta - delta0) is split off.
    half = np.sin(alpha / 2) ** 2
    y = (np.sin(delta - delta0) + 2 * np.sin(delta0) * np.cos(delta) * half) / cosine
    return np.rad2deg(x), np.rad2deg(y)


def from_tangent(
    x: ArrayLike, y: ArrayLike, ra0: float, dec0: float
) -> tuple[np.ndarray, np.ndarray]:
    """Sky coordinates of points in the tangent plane; the inverse of `to_tangent`.

    Parameters
    ----------
    x, y : array_like
        Coordinates in the plane in degrees.
    ra0, dec0 : float
        Tangent point in degrees.

    Returns
    -------
    tuple of ndarray
        RA in [0, 360) and Dec in degrees.
    """
    x, y, delta0 = np.deg2rad(x), np.deg2rad(y), np.deg2rad(dec0)
    north = np.cos(delta0) - y * np.sin(delta0)
    ra = ra0 + np.rad2deg(np.arctan2(x, north))
    dec = np.arctan2(np.sin(delta0) + y * np.cos(delta0), np.hypot(x, north))
    return unwrap_ra(ra), np.rad2deg(dec)


def unwrap_ra(ra: ArrayLike) -> np.ndarray:
    """Bring right ascensions in degrees to [0, 360)."""
    ra = np.mod(ra, 360.0)
    # The modulus of a tiny negative number is rounded to 360.
    return np.where(ra == 360.0, 0.0, ra)


def wrap_ra(ra: np.ndarray) -> np.ndarray:
    """Bring right ascensions to one side of RA = 0, that of the first of them.

    Parameters
    ----------
    ra : ndarray
        Degrees; all within a part of the sky smaller than 180 degrees in RA.

    Returns
    -------
    ndarray
        Degrees, below 0 or above 360 where the points straddle RA = 0.
    """
    finite = ra[np.isfinite(ra)]
    return ra - 360.0 * np.round((ra - finite[0]) / 360.0) if finite.size else ra


def separation(ra1: ArrayLike, dec1: ArrayLike, ra2: ArrayLike, dec2: ArrayLike) -> np.ndarray:
    """Angle between directions, in degrees, exact for small angles.

    Parameters
    ----------
    ra1, dec1, ra2, dec2 : array_like
        Degrees.

    Returns
    -------
    ndarray
        Degrees (haversine formula).
    """
    ra1, dec1, ra2, dec2 = (np.deg2rad(angle) for angle in (ra1, dec1, ra2, dec2))
    haversine = (
        np.sin((dec2 - dec1) / 2) ** 2 + np.cos(dec1) * np.cos(dec2) * np.sin((ra2 - ra1) / 2) ** 2
    )
    return np.rad2deg(2 * np.arcsin(np.sqrt(haversine)))

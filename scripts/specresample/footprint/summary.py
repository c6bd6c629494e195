"""Reduce the coordinates of a slit's pixels to what an output grid is built from."""

import warnings
from dataclasses import replace

import numpy as np

from specresample.common.sky import to_tangent, wrap_ra
from specresample.footprint.hull import hull_corners
from specresample.footprint.prepared import FootprintSummary


def summarise(
    coordinates: np.ndarray, kind: str, dispersion_axis: int, centre_slice: int
) -> FootprintSummary:
    """Reduce the coordinates of all pixels to what an output grid is built from.

    Parameters
    ----------
    coordinates : ndarray, shape (3, ny, nx)
        RA, Dec (degrees) and wavelength (um), NaN where invalid.
    kind : str
        Kind of output grid: ``slit``, ``interpolated`` or ``lamp``.
    dispersion_axis : int
        1 along x, 2 along y.
    centre_slice : int
        Column (row for dispersion axis 2) from which the spatial sampling is taken.

    Returns
    -------
    FootprintSummary
        With what the coordinates of the pixels tell; hull and limits where they are celestial.
    """
    # Dispersion along the last axis.
    turned = coordinates if dispersion_axis == 1 else coordinates.transpose(0, 2, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        medians = np.nanmedian(turned[2], axis=0)
    centre = turned[:2, :, min(centre_slice, turned.shape[2] - 1)]
    summary = FootprintSummary(
        kind=kind,
        dispersion_axis=dispersion_axis,
        wavelengths=medians[np.isfinite(medians)].tolist(),
        centre=centre[:, np.isfinite(centre).all(axis=0)].tolist(),
    )
    if kind == "lamp":
        return summary
    valid = coordinates[:2, np.isfinite(coordinates[:2]).all(axis=0)]
    ra = wrap_ra(valid[0])
    limits = [[float(axis.min()), float(axis.max())] for axis in (ra, valid[1])]
    return replace(summary, hull=convex_hull(valid).tolist(), limits=limits)


def convex_hull(radec: np.ndarray) -> np.ndarray:
    """Corners of the convex hull of points on a small part of the sky.

    Gnomonic projections map hulls to hulls, so the extremes of the points in any tangent plane are
    those of these corners.

    Parameters
    ----------
    radec : ndarray, shape (2, n)
        RA and Dec in degrees.

    Returns
    -------
    ndarray, shape (2, m)
        RA and Dec of the corners.
    """
    plane = np.array(to_tangent(*radec, *radec[:, 0]))
    # A slit is a thin strip: turned along its length and stretched to a square, so that rounding
    # in the hull's construction stays small against its width.
    offsets = plane - plane.mean(axis=1, keepdims=True)
    axes = np.linalg.svd(offsets @ offsets.T)[0]
    turned = axes.T @ offsets
    extent = np.ptp(turned, axis=1, keepdims=True)
    corners = hull_corners(turned / np.where(extent > 0, extent, 1))
    # Extremes of the plain coordinates are kept, also where the hull has merged them.
    extremes = [f(row) for row in plane for f in (np.argmin, np.argmax)]
    return radec[:, np.union1d(corners, extremes)]

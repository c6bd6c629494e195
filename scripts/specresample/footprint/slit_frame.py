"""Evaluate a NIRSpec WCS by way of its slit frame."""

import logging

import numpy as np
from numpy.polynomial import polynomial

from specresample.common.errors import ResampleError
from specresample.common.sky import to_tangent
from specresample.footprint.prepared import SlitPositionFit
from specresample.level2b.slit_wcs import SlitWcs
from specresample.level2b.transforms import through

log = logging.getLogger(__name__)

# The slit position as a polynomial of two tangent-plane coordinates and wavelength: degrees that
# follow the instrument's own transforms to far below its other errors.
_DEGREES = (3, 3, 2)
_LATTICE = (5, 9, 5)  # points along slit x, slit y and wavelength; enough for the degrees
_SLIT_POSITION_ERROR = 1e-4  # beyond which the fit is said to be bad

_CLIPPING_SIGMA = 100.0
_CLIPPING_ROUNDS = 5


def through_slit_frame(
    wcs: SlitWcs, detector: tuple[np.ndarray, np.ndarray], sci: np.ndarray, inside: np.ndarray
) -> tuple[np.ndarray, dict[str, object]]:
    """Evaluate a NIRSpec WCS by way of its slit frame.

    Parameters
    ----------
    wcs : SlitWcs
    detector : tuple of ndarray, shape (n,)
        x and y of detector pixels: those of ``sci`` first, and others after them.
    sci : ndarray, shape (ny, nx)
        Science image; invalid pixels are NaN.
    inside : ndarray of bool, shape (ny, nx)
        Whether a pixel is inside the bounding box.

    Returns
    -------
    world : ndarray, shape (3, n)
        World coordinates of the detector pixels.
    summary : dict
        What the slit frame tells of a `FootprintSummary`: ``fiducial`` and ``slit_position``.

    Raises
    ------
    ResampleError
        When the WCS has no slit frame, gives no finite coordinates or has no inverse.
    """
    if "slit_frame" not in wcs.frames:
        raise ResampleError("its NIRSpec WCS has no slit_frame")
    n_to_slit = wcs.frames.index("slit_frame")
    to_slit, to_world = wcs.transforms[:n_to_slit], wcs.transforms[n_to_slit:]

    slit = np.array(through(to_slit, detector))
    position, wavelength = np.where(inside, slit[1:, : sci.size].reshape(2, *sci.shape), np.nan)
    if not np.isfinite(position + wavelength).any():
        raise ResampleError("its WCS gives no finite world coordinates")
    fiducial = _fiducial(position, wavelength, np.where(inside, sci, np.nan))
    lattice = _slit_lattice(position, wavelength)
    points = np.concatenate([slit, fiducial, lattice], axis=1)
    # The last frame: world, or moving_target where the telescope followed one.
    world = np.array(through(to_world, points))

    n = slit.shape[1]
    target, around = world[:2, n], world[:, n + 1 :]
    _, position, *_ = through((transform.inverse for transform in reversed(to_world)), around)
    fit = _fit_slit_position(around, position, target)
    return world[:, :n], {"fiducial": tuple(target.tolist()), "slit_position": fit}


def _fiducial(position: np.ndarray, wavelength: np.ndarray, sci: np.ndarray) -> np.ndarray:
    """Fiducial point of a slit (docs/specification.md, "Output grid, NIRSpec", 1)."""
    good = np.isfinite(position) & np.isfinite(wavelength) & np.isfinite(sci)
    weights = np.full(sci.shape, np.nan, dtype=np.float32)
    if good.any():
        weights[good] = sci[good] - np.nanmin(sci)
        weights[far_off(weights)] = 0.0
    if good.any() and weights.any():
        mean = np.average(position[good], weights=weights[good])
    else:
        mean = np.nanmean(position)
    return np.array([[0.0], [mean], [np.nanmean(wavelength)]])


def far_off(values: np.ndarray) -> np.ndarray:
    """Find values that are not finite, or a hundred standard deviations from the others.

    Parameters
    ----------
    values : ndarray

    Returns
    -------
    ndarray of bool
        Shape of ``values``.
    """
    out = ~np.isfinite(values)
    for _ in range(_CLIPPING_ROUNDS):
        inside = values[~out].astype(float)
        far = np.abs(values - np.median(inside)) > _CLIPPING_SIGMA * np.std(inside)
        if not (far & ~out).any():
            break
        out |= far
    return out


def _slit_lattice(position: np.ndarray, wavelength: np.ndarray) -> np.ndarray:
    """Points in the slit frame around all that the output grid may cover, shape (3, n)."""
    low, high = np.nanmin(position), np.nanmax(position)
    middle, length = (high + low) / 2, high - low
    # Along the slit twice its length, since nods lie beside it.
    starts = -1, middle - length, np.nanmin(wavelength)
    stops = 1, middle + length, np.nanmax(wavelength)
    lattice = np.meshgrid(*map(np.linspace, starts, stops, _LATTICE), indexing="ij")
    return np.reshape(lattice, (3, -1))


def _fit_slit_position(
    world: np.ndarray, position: np.ndarray, target: np.ndarray
) -> SlitPositionFit:
    """Fit the slit position as a polynomial of tangent-plane coordinates and wavelength."""
    finite = np.isfinite(world).all(axis=0) & np.isfinite(position)
    world, position = world[:, finite], position[finite]
    if not finite.any():
        raise ResampleError("its WCS has no inverse from the world to its slit")
    variables = [*to_tangent(world[0], world[1], *target), world[2]]
    centres = [float(np.mean(v)) for v in variables]
    scales = [float(np.ptp(v)) / 2 or 1.0 for v in variables]
    scaled = [(v - c) / s for v, c, s in zip(variables, centres, scales, strict=True)]
    matrix = polynomial.polyvander3d(*scaled, _DEGREES)
    coefficients, *_ = np.linalg.lstsq(matrix, position)
    error = float(np.abs(matrix @ coefficients - position).max(initial=0))
    if error > _SLIT_POSITION_ERROR:
        log.warning("slit positions of the product are off by up to %.2g slit heights", error)
    return SlitPositionFit(
        centres=tuple(centres),
        scales=tuple(scales),
        coefficients=coefficients.reshape([degree + 1 for degree in _DEGREES]).tolist(),
    )

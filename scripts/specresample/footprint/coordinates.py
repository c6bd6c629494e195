"""World coordinates of a slit's pixels, and the summary of them that the output grid needs.

The WCS of a slit is evaluated here, once, and nowhere else.
"""

import logging
import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import gwcs
import numpy as np
from astropy.modeling import Model
from astropy.stats import sigma_clip
from astropy.utils.exceptions import AstropyUserWarning
from numpy.polynomial import polynomial
from scipy.spatial import ConvexHull, QhullError

from specresample.common.errors import ResampleError
from specresample.common.sky import separation, to_tangent, wrap_ra

log = logging.getLogger(__name__)

# An exposure with more good pixels than this can be the spatial reference (docs/specification.md,
# "Output grid, NIRSpec").
MIN_GOOD_PIXELS = 100

# The slit position as a polynomial of two tangent-plane coordinates and wavelength: degrees that
# follow the instrument's own transforms to far below its other errors.
_SKY_DEGREE = 3
_WAVELENGTH_DEGREE = 2
_SLIT_POSITION_ERROR = 1e-4  # beyond which the fit is said to be bad
_LATTICE = (5, 9, 5)  # points along slit x, slit y and wavelength; enough for the degrees above


@dataclass
class Footprint:
    """Where a slit's pixels are on the sky and in wavelength.

    Attributes
    ----------
    rows, columns : slice
        The part of the slit's image that can be drizzled, with a margin of one pixel: the corners
        of a pixel are interpolated between it and its neighbours.
    coordinates : ndarray, shape (3, ny, nx)
        World coordinates of the pixels of that part: RA and Dec in degrees (or MSA x and y for
        lamp data) and wavelength in um; NaN outside the bounding box.
    summary : dict
        Plain values for `specresample.grids.rectified`; see `summarise`.
    """

    rows: slice
    columns: slice
    coordinates: np.ndarray
    summary: dict


def trace_slit(
    wcs: gwcs.WCS,
    sci: np.ndarray,
    good: np.ndarray,
    *,
    instrument: str,
    dispersion_axis: int,
    source: tuple[float, float] | None = None,
) -> Footprint:
    """Evaluate a slit's WCS at every pixel and summarise the result.

    Parameters
    ----------
    wcs : gwcs.WCS
        From detector pixels to (RA, Dec, wavelength) or, for lamp data, (x, y, wavelength).
    sci : ndarray, shape (ny, nx)
        Science image; invalid pixels are NaN.
    good : ndarray of bool, shape (ny, nx)
        Pixels with weight.
    instrument : str
        Name of the instrument, ``NIRSPEC`` or ``MIRI``.
    dispersion_axis : int
        1 when wavelength runs along x, 2 along y (keyword DISPAXIS).
    source : tuple of float, optional
        Detector pixel (x, y) of the source; its world coordinates go into the summary.

    Returns
    -------
    Footprint

    Raises
    ------
    ResampleError
        When the WCS is not spectral or gives no finite coordinates.
    """
    if wcs.output_frame is None or "SPECTRAL" not in getattr(wcs.output_frame, "axes_type", ()):
        raise ResampleError("its WCS has no wavelength")
    box = bounding_box(wcs, sci.shape)
    rows, columns = drizzled_part(box, sci.shape)
    y, x = np.mgrid[rows, columns].astype(float)
    sky_like = any(str(unit) in ("deg", "arcsec") for unit in wcs.output_frame.unit)
    along_slit = sky_like and instrument.upper() == "NIRSPEC"

    (x0, x1), (y0, y1) = box
    inside = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)

    centre = np.mean(box, axis=1)
    step = (0, 1) if dispersion_axis == 1 else (1, 0)
    # Two more points give the spatial pixel scale at the centre of the bounding box, a third one
    # the source.
    more = np.array([centre, centre + step, centre if source is None else source])
    detector = (np.append(x, more[:, 0]), np.append(y, more[:, 1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        if along_slit:
            world, slit_summary = _through_slit_frame(wcs, detector, sci[rows, columns], inside)
        else:
            world, slit_summary = np.array(wcs(*detector, with_bounding_box=False)), {}

    coordinates, more = world[:, : x.size].reshape(3, *x.shape), world[:, x.size :]
    coordinates = np.where(inside, coordinates, np.nan)
    if not np.isfinite(coordinates).all(axis=0).any():
        raise ResampleError("its WCS gives no finite world coordinates")
    if _runs_across(coordinates[2], dispersion_axis):
        raise ResampleError(
            f"its wavelength does not run along its dispersion axis (DISPAXIS {dispersion_axis})"
        )

    low, high = box[dispersion_axis - 1]
    # The reference counts from the first pixel of the bounding box; the slit grid takes the middle
    # of the box as seen from pixel 0, the others from there.
    first = math.floor(low + 0.5) - (columns, rows)[dispersion_axis - 1].start
    centre_slice = first + int((low + high) / 2 if along_slit else (high - low) / 2)
    kind = "slit" if along_slit else "interpolated" if sky_like else "lamp"
    summary = summarise(coordinates, kind, dispersion_axis, centre_slice) | slit_summary
    scale = separation(*more[:2, 0], *more[:2, 1]) * 3600 if sky_like else np.nan
    summary["pixel_scale"] = float(scale) if np.isfinite(scale) else None
    summary["source"] = None if source is None else more[:, 2].tolist()
    summary["has_data"] = bool(np.sum(good & (sci != 0)) > MIN_GOOD_PIXELS)
    return Footprint(rows, columns, coordinates, summary)


def _runs_across(wavelength: np.ndarray, dispersion_axis: int) -> bool:
    """Whether wavelength changes faster across the dispersion than along it."""
    along, across = 2 - dispersion_axis, dispersion_axis - 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        steps = [np.nanmedian(np.abs(np.diff(wavelength, axis=a))) for a in (along, across)]
    return bool(steps[0] < steps[1])


def bounding_box(wcs: gwcs.WCS, shape: tuple[int, int]) -> np.ndarray:
    """Bounding box of a WCS, or the whole image when it has none.

    Parameters
    ----------
    wcs : gwcs.WCS
    shape : tuple of int
        Shape (ny, nx) of the image.

    Returns
    -------
    ndarray, shape (2, 2)
        Lower and upper limit in x, then in y.
    """
    box = wcs.bounding_box
    if box is None:
        return np.array([(-0.5, shape[1] - 0.5), (-0.5, shape[0] - 0.5)])
    return np.array(box.bounding_box(order="F") if hasattr(box, "bounding_box") else box, float)


def drizzled_part(box: np.ndarray, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns that a bounding box touches, with a margin of one pixel.

    Parameters
    ----------
    box : ndarray, shape (2, 2)
        Bounding box, limits in x, then in y.
    shape : tuple of int
        Shape (ny, nx) of the image.

    Returns
    -------
    tuple of slice
        Rows, columns.

    Raises
    ------
    ResampleError
        When the box lies outside the image, or there are no two pixels to interpolate between.
    """
    (x0, x1), (y0, y1) = (
        (max(0, math.ceil(low) - 1), min(n - 1, math.floor(high) + 1))
        for (low, high), n in zip(box, shape[::-1], strict=True)
    )
    if x1 < x0 or y1 < y0:
        raise ResampleError(f"its WCS's bounding box {box.tolist()} lies outside its {shape} image")
    if x1 == x0 or y1 == y0:
        raise ResampleError(f"only one row or column of its {shape} image is in its bounding box")
    return slice(y0, y1 + 1), slice(x0, x1 + 1)


def summarise(coordinates: np.ndarray, kind: str, dispersion_axis: int, centre_slice: int) -> dict:
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
    dict
        ``kind`` and ``dispersion_axis``; ``wavelengths``, the median per slice along the
        dispersion, in order of pixels; ``centre``, the first two coordinates along the central
        slice; and for celestial coordinates ``hull``, those of the corners of the convex hull of
        all valid pixels, and ``limits``, the extremes of RA and Dec.
    """
    # Dispersion along the last axis.
    turned = coordinates if dispersion_axis == 1 else coordinates.transpose(0, 2, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        medians = np.nanmedian(turned[2], axis=0)
    centre = turned[:2, :, min(centre_slice, turned.shape[2] - 1)]
    summary = {
        "kind": kind,
        "dispersion_axis": dispersion_axis,
        "wavelengths": medians[np.isfinite(medians)].tolist(),
        "centre": centre[:, np.isfinite(centre).all(axis=0)].tolist(),
    }
    if kind == "lamp":
        return summary
    valid = coordinates[:2, np.isfinite(coordinates[:2]).all(axis=0)]
    ra = wrap_ra(valid[0])
    summary["hull"] = convex_hull(valid).tolist()
    summary["limits"] = [
        [float(ra.min()), float(ra.max())],
        [float(valid[1].min()), float(valid[1].max())],
    ]
    return summary


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
    try:
        corners = ConvexHull((turned / np.where(extent > 0, extent, 1)).T).vertices
    except (QhullError, ValueError):
        # All points on a line, or fewer than three.
        corners = np.unique([turned[0].argmin(), turned[0].argmax()])
    # Extremes of the plain coordinates are kept whatever the hull's tolerance has merged.
    extremes = [f(row) for row in plane for f in (np.argmin, np.argmax)]
    return radec[:, np.union1d(corners, extremes)]


def _through_slit_frame(
    wcs: gwcs.WCS,
    detector: tuple[np.ndarray, np.ndarray],
    sci: np.ndarray,
    inside: np.ndarray,
) -> tuple[np.ndarray, dict]:
    """Evaluate a NIRSpec WCS by way of its slit frame: world coordinates and slit summary."""
    frames = wcs.available_frames
    if "slit_frame" not in frames:
        raise ResampleError("its NIRSpec WCS has no slit_frame")
    # Step by step: to join them to one transform takes longer than to evaluate them.
    steps = [step.transform for step in wcs.pipeline[:-1]]
    n_to_slit = frames.index("slit_frame")
    to_slit, to_world = steps[:n_to_slit], steps[n_to_slit:]

    slit = _transformed(to_slit, detector)
    position, wavelength = np.where(inside, slit[1:, : sci.size].reshape(2, *sci.shape), np.nan)
    if not np.isfinite(position + wavelength).any():
        raise ResampleError("its WCS gives no finite world coordinates")
    fiducial = _fiducial(position, wavelength, np.where(inside, sci, np.nan))
    lattice = _slit_lattice(position, wavelength)
    points = np.concatenate([slit, fiducial, lattice], axis=1)
    # The last frame: world, or moving_target where the telescope followed one.
    world = _transformed(to_world, points)

    n = slit.shape[1]
    target = world[:2, n]
    back = [_inverse(transform) for transform in reversed(to_world)]
    position = _transformed(back, world[:, n + 1 :])[1]
    return world[:, :n], {
        "fiducial": target.tolist(),
        "slit_position": _fit_slit_position(world[:, n + 1 :], position, target),
    }


def _transformed(transforms: Iterable[Model], coordinates: Iterable[np.ndarray]) -> np.ndarray:
    for transform in transforms:
        coordinates = transform(*coordinates)
    return np.array(coordinates)


# Those behind the slit are the same for all slits of an exposure, and take longer to make than to
# evaluate.
@lru_cache(maxsize=32)
def _inverse(transform: Model) -> Model:
    return transform.inverse


def _fiducial(position: np.ndarray, wavelength: np.ndarray, sci: np.ndarray) -> np.ndarray:
    """Fiducial point of a slit (docs/specification.md, "Output grid, NIRSpec", 1)."""
    good = np.isfinite(position) & np.isfinite(wavelength) & np.isfinite(sci)
    weights = np.full(sci.shape, np.nan, dtype=np.float32)
    if good.any():
        weights[good] = sci[good] - np.nanmin(sci)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyUserWarning)
            weights = np.ma.filled(sigma_clip(weights, sigma=100.0, masked=True), 0.0)
    if good.any() and weights.any():
        mean = np.average(position[good], weights=weights[good])
    else:
        mean = np.nanmean(position)
    return np.array([[0.0], [mean], [np.nanmean(wavelength)]])


def _slit_lattice(position: np.ndarray, wavelength: np.ndarray) -> np.ndarray:
    """Points in the slit frame around all that the output grid may cover, shape (3, n)."""
    low, high = np.nanmin(position), np.nanmax(position)
    middle, length = (high + low) / 2, high - low
    return np.stack(
        np.meshgrid(
            np.linspace(-1, 1, _LATTICE[0]),
            # Twice the slit, since nods lie beside it.
            np.linspace(middle - length, middle + length, _LATTICE[1]),
            np.linspace(np.nanmin(wavelength), np.nanmax(wavelength), _LATTICE[2]),
            indexing="ij",
        )
    ).reshape(3, -1)


def _fit_slit_position(world: np.ndarray, position: np.ndarray, target: np.ndarray) -> dict:
    """Fit the slit position as a polynomial of tangent-plane coordinates and wavelength."""
    finite = np.isfinite(world).all(axis=0) & np.isfinite(position)
    world, position = world[:, finite], position[finite]
    if not finite.any():
        raise ResampleError("its WCS has no inverse from the world to its slit")
    variables = [*to_tangent(world[0], world[1], *target), world[2]]
    centres = [float(np.mean(v)) for v in variables]
    scales = [float(np.ptp(v)) / 2 or 1.0 for v in variables]
    scaled = [(v - c) / s for v, c, s in zip(variables, centres, scales, strict=True)]
    degrees = [_SKY_DEGREE, _SKY_DEGREE, _WAVELENGTH_DEGREE]
    matrix = polynomial.polyvander3d(*scaled, degrees)
    coefficients, *_ = np.linalg.lstsq(matrix, position)
    error = float(np.abs(matrix @ coefficients - position).max(initial=0))
    if error > _SLIT_POSITION_ERROR:
        log.warning("slit positions of the product are off by up to %.2g slit heights", error)
    return {
        "centres": centres,
        "scales": scales,
        "coefficients": coefficients.reshape([d + 1 for d in degrees]).tolist(),
        "error": error,
    }

"""Evaluate the WCS of a slit, here and nowhere else: world coordinates, and their summary."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from specresample.common.errors import ResampleError
from specresample.common.sky import separation
from specresample.footprint.prepared import FootprintSummary
from specresample.footprint.slit_frame import through_slit_frame
from specresample.footprint.summary import summarise
from specresample.level2b.exposure import Slit
from specresample.level2b.flags import good_pixels
from specresample.level2b.slit_wcs import SlitWcs
from specresample.level2b.transforms import Transform, through

# An exposure with more good pixels can be the spatial reference.
MIN_GOOD_PIXELS = 100


@dataclass
class Footprint:
    """Where a slit's pixels are on the sky and in wavelength.

    Attributes
    ----------
    rows, columns : slice
        The part of the slit's image that can be drizzled, with a margin of one pixel: the corners
        of a pixel are interpolated between it and its neighbours.
    coordinates : ndarray, shape (3, ny, nx)
        RA and Dec in degrees (or MSA x and y for lamp data) and wavelength in um of that part; NaN
        outside the bounding box.
    summary : FootprintSummary
    """

    rows: slice
    columns: slice
    coordinates: np.ndarray
    summary: FootprintSummary


def trace_slit(slit: Slit) -> Footprint:
    """Evaluate a slit's WCS at every pixel and summarise the result.

    Parameters
    ----------
    slit : Slit
        Its WCS leads to (RA, Dec, wavelength) or, for lamp data, (x, y, wavelength).

    Returns
    -------
    Footprint

    Raises
    ------
    ResampleError
        When the WCS is not spectral or gives no finite coordinates.
    """
    wcs, sci, metadata = slit.wcs, slit.arrays["sci"], slit.metadata
    dispersion_axis = _dispersion_axis(metadata)
    instrument = str(metadata.get("meta.instrument.name", "")).upper()
    source = _source_on_detector(metadata, instrument)
    if "SPECTRAL" not in wcs.axes_types:
        raise ResampleError("its WCS has no wavelength")
    ny, nx = sci.shape
    whole = np.array([(-0.5, nx - 0.5), (-0.5, ny - 0.5)])
    box = whole if wcs.bounding_box is None else wcs.bounding_box
    rows, columns = _drizzled_part(box, sci.shape)
    y, x = np.mgrid[rows, columns].astype(float)
    inside = wcs.contains(x, y)

    # Evaluated together: the pixels, two points that give the spatial pixel scale at the centre of
    # the bounding box, and the source.
    centre = np.mean(box, axis=1)
    step = (0, 1) if dispersion_axis == 1 else (1, 0)
    # Pixels of the image are the detector's, unless adaptive_trace_model sampled it more finely.
    n_to_detector = wcs.frames.index("detector") if "detector" in wcs.frames else 0
    to_detector = wcs.transforms[:n_to_detector]
    to_image = (transform.inverse for transform in reversed(to_detector))
    source_pixel = centre if source is None else through(to_image, source)
    more = np.array([centre, centre + step, source_pixel])
    detector = (np.append(x, more[:, 0]), np.append(y, more[:, 1]))
    kind = _kind(wcs, instrument)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        if kind == "slit":
            world, more_known = through_slit_frame(wcs, detector, sci[rows, columns], inside)
        else:
            world, more_known = np.array(wcs(*detector)), {}
        coordinates = np.where(inside, world[:, : x.size].reshape(3, *x.shape), np.nan)
        _check_coordinates(coordinates, dispersion_axis)

    more = world[:, x.size :]
    scale = float(separation(*more[:2, 0], *more[:2, 1]) * 3600)
    start = (columns, rows)[dispersion_axis - 1].start
    centre_slice = _centre_slice(box[dispersion_axis - 1], start, kind)
    summary = replace(
        summarise(coordinates, kind, dispersion_axis, centre_slice),
        pixel_scale=scale if kind != "lamp" and np.isfinite(scale) else None,
        source=None if source is None else tuple(more[:, 2].tolist()),
        oversampling=_oversampling(to_detector, centre, step),
        has_data=bool(np.sum(good_pixels(slit.arrays["dq"]) & (sci != 0)) > MIN_GOOD_PIXELS),
        **more_known,
    )
    return Footprint(rows, columns, coordinates, summary)


def _dispersion_axis(metadata: Mapping[str, object]) -> int:
    axis = metadata.get("meta.wcsinfo.dispersion_direction") or 1
    if axis not in (1, 2):
        raise ResampleError(f"its dispersion axis (DISPAXIS) is {axis}, neither 1 nor 2")
    return int(axis)


def _source_on_detector(
    metadata: Mapping[str, object], instrument: str
) -> tuple[float, float] | None:
    """Pixel (x, y) of the source; only MIRI gives it in pixels of the detector."""
    source = (metadata.get("source_xpos"), metadata.get("source_ypos"))
    return source if instrument == "MIRI" and None not in source else None


def _oversampling(
    to_detector: Sequence[Transform], pixel: np.ndarray, step: tuple[int, int]
) -> float:
    """Pixels of the image per pixel of the detector, along a step from a pixel."""
    points = through(to_detector, np.array([pixel, pixel + step]).T)
    # What comes after the sixth digit is of rounding.
    return round(1 / float(np.hypot(*np.diff(points)[:, 0])), 6)


def _kind(wcs: SlitWcs, instrument: str) -> str:
    """Kind of output grid that a WCS asks for."""
    if {"deg", "arcsec"}.isdisjoint(wcs.units):
        return "lamp"
    return "slit" if instrument == "NIRSPEC" else "interpolated"


def _check_coordinates(coordinates: np.ndarray, dispersion_axis: int) -> None:
    if not np.isfinite(coordinates).all(axis=0).any():
        raise ResampleError("its WCS gives no finite world coordinates")
    along, across = (
        np.nanmedian(np.abs(np.diff(coordinates[2], axis=axis)))
        for axis in (2 - dispersion_axis, dispersion_axis - 1)
    )
    if along < across:
        stated = f"DISPAXIS {dispersion_axis}"
        raise ResampleError(f"its wavelength does not run along its dispersion axis ({stated})")


def _centre_slice(limits: np.ndarray, start: int, kind: str) -> int:
    """Index of the slice from which the spatial sampling is taken, in the drizzled part."""
    low, high = limits
    # The reference counts from the first pixel of the bounding box. For a slit it takes the middle
    # of the box as seen from pixel 0, for others the middle as seen from the box.
    middle = (low + high) / 2 if kind == "slit" else (high - low) / 2
    return math.floor(low + 0.5) - start + int(middle)


def _drizzled_part(box: np.ndarray, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns that a bounding box touches, with a margin of one pixel."""
    (x0, x1), (y0, y1) = (
        (max(0, math.ceil(low) - 1), min(n - 1, math.floor(high) + 1))
        for (low, high), n in zip(box, shape[::-1], strict=True)
    )
    if x1 < x0 or y1 < y0:
        raise ResampleError(f"its WCS's bounding box {box.tolist()} lies outside its {shape} image")
    if x1 == x0 or y1 == y0:
        raise ResampleError(f"only one row or column of its {shape} image is in its bounding box")
    return slice(y0, y1 + 1), slice(x0, x1 + 1)

"""The output grid of a source, from the summaries of its slit in every exposure.

A grid is plain numbers; it maps world coordinates to its pixels by itself. Its GWCS, for the
product, is made in `specresample.grids.grid_gwcs`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.polynomial import polynomial

from specresample.common.errors import ResampleError
from specresample.common.json_record import JsonRecord
from specresample.common.limits import MAX_PIXELS
from specresample.common.sky import from_tangent, to_tangent, wrap_ra
from specresample.footprint.prepared import FootprintSummary
from specresample.grids.wavelengths import (
    NATIVE,
    WavelengthGrid,
    check_wavelengths,
    extend_wavelengths,
    interpolate,
    merge_wavelengths,
    with_count,
)


class Grid(Protocol):
    """What a grid must know, one laid out here as well as one handed in.

    Its attributes are described in `OutputGrid`.
    """

    kind: str
    shape: tuple[int, int]
    celestial: bool
    slit_positions: tuple[float, ...] | None
    spacing: str
    as_reference: bool

    def to_json(self) -> dict:
        """Plain values for a JSON file."""

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> "Grid":
        """Make the grid, of whichever kind, that `to_json` describes."""
        if values["kind"] == "custom":
            # Imports gwcs, which the other grids do without.
            from specresample.grids.handed_in import CustomGrid

            return CustomGrid.from_json(values)
        return OutputGrid.from_json(values)

    def pixel_scale(self, dispersion_axis: int) -> float | None:
        """Spatial pixel scale.

        Parameters
        ----------
        dispersion_axis : int
            1 when wavelength runs along x, 2 along y.

        Returns
        -------
        float or None
            In arcsec; None for lamp data, and where a WCS gives no value.
        """

    def sky(self) -> tuple[np.ndarray, np.ndarray]:
        """RA and Dec of its pixels in degrees, or MSA x and y, along the slit."""

    def wavelength_image(self) -> np.ndarray:
        """Wavelength of every pixel in um, shape (ny, nx)."""

    def pixel_map(self, coordinates: np.ndarray) -> np.ndarray:
        """Where the centres of input pixels fall on the grid.

        Parameters
        ----------
        coordinates : ndarray, shape (3, ...)
            RA and Dec in degrees (or MSA x and y) and wavelength in um; NaN where invalid.

        Returns
        -------
        ndarray, shape (..., 2)
            x and y in pixels; NaN where invalid or beyond the wavelengths of a bounded grid.

        Raises
        ------
        ResampleError
            When the grid is handed in, and its WCS has no inverse.
        """


@dataclass(frozen=True)
class OutputGrid(JsonRecord):
    """A rectified grid: wavelength along one axis, a straight line on the sky along the other.

    Attributes
    ----------
    kind : str
        ``slit`` (NIRSpec on the sky), ``interpolated`` (MIRI LRS) or ``lamp``.
    shape : tuple of int
        (ny, nx).
    dispersion_axis : int
        1 when wavelength runs along x, 2 along y.
    tangent_point : tuple of float or None
        RA and Dec in degrees; None for lamp data, whose plane is the MSA's.
    slope, intercept : tuple of float
        Position in the tangent plane, x and y, as a function of the pixel index across the
        dispersion; in degrees (metres for lamp data).
    leading : int
        Axis of the plane, 0 or 1, from which the pixel index is found.
    wavelengths : tuple of float
        Wavelength of every pixel along the dispersion, in um.
    slit_positions : tuple of float or None
        Slit y of every pixel across the dispersion, for kind ``slit``.
    spacing : str
        How the wavelengths are spaced: ``native``, ``linear``, ``log`` or ``free``.
    as_reference : bool
        Whether its pixels are to equal the reference's, those it has.
    """

    kind: str
    shape: tuple[int, int]
    dispersion_axis: int
    tangent_point: tuple[float, float] | None
    slope: tuple[float, float]
    intercept: tuple[float, float]
    leading: int
    wavelengths: tuple[float, ...]
    slit_positions: tuple[float, ...] | None = None
    spacing: str = "native"
    as_reference: bool = True

    @property
    def celestial(self) -> bool:
        """Whether the grid is on the sky."""
        return self.tangent_point is not None

    def pixel_scale(self, dispersion_axis: int) -> float | None:
        """Spatial pixel scale in arcsec; None for lamp data."""
        return 3600 * float(np.hypot(*self.slope)) if self.celestial else None

    @property
    def bounded(self) -> bool:
        """Whether the grid has no pixels, not even by continuation, beyond its wavelengths."""
        return self.kind == "slit" and self.spacing == "native"

    def wavelength_nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Pixel indices and wavelengths between which wavelength is linear.

        Returns
        -------
        tuple of ndarray
            Indices and wavelengths (um). A bounded grid reaches half a pixel beyond its first and
            last pixel; the others are continued linearly.
        """
        wavelengths = np.array(self.wavelengths)
        pixels = np.arange(len(wavelengths), dtype=float)
        if not self.bounded:
            return pixels, wavelengths
        pixels = np.concatenate([[-0.5], pixels, [len(wavelengths) - 0.5]])
        first = wavelengths[0] - 0.5 * (wavelengths[1] - wavelengths[0])
        # The reference's upper node lies far beyond half a step, so that all the wavelengths which
        # a tilted slit has beyond the last column's median fall into that column. Kept: the last
        # column of a product would differ otherwise.
        last = wavelengths[-2] + (wavelengths[-1] - wavelengths[-2]) * pixels[-1]
        return pixels, np.concatenate([[first], wavelengths, [last]])

    def sky(self) -> tuple[np.ndarray, np.ndarray]:
        """Sky coordinates of the pixels across the dispersion; see `Grid.sky`."""
        index = np.arange(self.shape[self.dispersion_axis - 1])
        plane = [m * index + b for m, b in zip(self.slope, self.intercept, strict=True)]
        return from_tangent(*plane, *self.tangent_point) if self.celestial else tuple(plane)

    def wavelength_image(self) -> np.ndarray:
        """Wavelength of every pixel; see `Grid.wavelength_image`."""
        line = np.array(self.wavelengths)
        line = line if self.dispersion_axis == 1 else line[:, None]
        return np.broadcast_to(line, self.shape)

    def pixel_map(self, coordinates: np.ndarray) -> np.ndarray:
        """Where input pixels fall on the grid; see `Grid.pixel_map`."""
        # The grid is separable, so two one-dimensional look-ups replace the inverse of its WCS.
        plane = coordinates[:2]
        if self.celestial:
            plane = to_tangent(*plane, *self.tangent_point)
        across = (plane[self.leading] - self.intercept[self.leading]) / self.slope[self.leading]
        along = self._wavelength_to_pixel(coordinates[2])
        order = (along, across) if self.dispersion_axis == 1 else (across, along)
        return np.stack(order, axis=-1)

    def _wavelength_to_pixel(self, wavelength: np.ndarray) -> np.ndarray:
        pixels, nodes = self.wavelength_nodes()
        if nodes[0] > nodes[-1]:
            pixels, nodes = pixels[::-1], nodes[::-1]
        if self.bounded:
            return np.interp(wavelength, nodes, pixels, left=np.nan, right=np.nan)
        return interpolate(wavelength, nodes, pixels)


def build_grid(
    summaries: Sequence[FootprintSummary],
    exposure_type: str,
    *,
    scale_ratio: float = 1.0,
    sampling: WavelengthGrid = NATIVE,
    shape: tuple[int, int] | None = None,
) -> OutputGrid:
    """Lay out the output grid of one source.

    Parameters
    ----------
    summaries : sequence of FootprintSummary
        Of the source's slit in every exposure, in association order.
    exposure_type : str
        EXP_TYPE of the first exposure.
    scale_ratio : float
        Input pixel scale over output pixel scale, across the dispersion.
    sampling : WavelengthGrid, optional
        What is asked of the wavelengths; by default they are the exposures' own.
    shape : tuple of int, optional
        Shape (ny, nx) that is asked for: across the dispersion the grid stays where its middle is,
        along it from its first wavelength.

    Returns
    -------
    OutputGrid

    Raises
    ------
    ResampleError
        When the coordinates do not suffice for a grid, or nothing can come of what is asked for.
    """
    kinds = sorted({summary.kind for summary in summaries})
    if len(kinds) > 1:
        raise ResampleError(f"its exposures have WCSs of different kinds: {', '.join(kinds)}")
    grid = _native_grid(summaries, exposure_type, scale_ratio)
    if min(grid.shape) < 1 or len(grid.wavelengths) < 2:
        raise ResampleError("its valid pixels span no more than one pixel along an axis")
    if shape is None:
        return _sampled(grid, sampling)
    _check_size(*shape, "output_shape")
    rows, columns = shape if grid.dispersion_axis == 1 else shape[::-1]
    if rows != grid.shape[grid.dispersion_axis - 1]:
        grid = _native_grid(summaries, exposure_type, scale_ratio, rows)
        grid = replace(grid, as_reference=False)
    return _sampled(grid, sampling, columns)


def _native_grid(
    summaries: Sequence[FootprintSummary],
    exposure_type: str,
    scale_ratio: float,
    rows: int | None = None,
) -> OutputGrid:
    """Lay out a grid of native wavelengths; without ``rows`` it holds all exposures."""
    kind = summaries[0].kind
    if kind == "slit":
        return _slit_grid(summaries, scale_ratio, rows)
    if kind == "interpolated":
        return _interpolated_grid(summaries, exposure_type, scale_ratio, rows)
    return _lamp_grid(summaries[0], scale_ratio, rows)


def _sampled(grid: OutputGrid, sampling: WavelengthGrid, columns: int | None = None) -> OutputGrid:
    """Give a grid the wavelengths that are asked for, and as many."""
    native = np.sort(grid.wavelengths)
    upwards = slice(None, None, 1 if grid.wavelengths[0] <= grid.wavelengths[-1] else -1)
    wavelengths, spacing = sampling.wavelengths(native)[upwards], sampling.spacing
    if columns is not None and columns != len(wavelengths):
        wavelengths = with_count(wavelengths, columns, spacing)
        spacing = "free" if spacing == "native" else spacing
    if spacing == "native" and len(wavelengths) == len(native):
        return grid
    across = grid.shape[grid.dispersion_axis - 1]
    shape = (across, len(wavelengths))[:: 1 if grid.dispersion_axis == 1 else -1]
    _check_size(*shape, "its wavelength grid")
    check_wavelengths(wavelengths[upwards], native)
    return replace(
        grid,
        shape=shape,
        wavelengths=tuple(wavelengths.tolist()),
        spacing=spacing,
        as_reference=grid.as_reference and spacing == "native",
    )


def _slit_grid(
    summaries: Sequence[FootprintSummary], scale_ratio: float, rows: int | None
) -> OutputGrid:
    """Lay out the grid of a NIRSpec slit (docs/specification.md, "Output grid, NIRSpec")."""
    reference = next((s for s in summaries if s.has_data), summaries[0])
    tangent_point = tuple(reference.fiducial)
    slope, _ = _sampling(reference, tangent_point, scale_ratio)
    leading = int(abs(slope[0]) < abs(slope[1]))
    wavelengths = merge_wavelengths([s.wavelengths for s in summaries])

    low, high = _extent(summaries, tangent_point)
    extent = high - low
    n = rows or _count(extent[leading], slope[leading], wavelengths) + 1
    edge = np.where(slope > 0, low, high)
    intercept = edge - np.sign(slope) * (n * np.abs(slope) - extent) / 2

    plane = slope * np.arange(n)[:, None] + intercept
    fit = reference.slit_position
    variables = [*plane.T, np.full(n, wavelengths[len(wavelengths) // 2])]
    scaled = [(v - c) / s for v, c, s in zip(variables, fit.centres, fit.scales, strict=True)]
    positions = polynomial.polyval3d(*scaled, np.array(fit.coefficients))
    grid = _grid("slit", 1, n, wavelengths, slope, intercept, tangent_point, leading)
    return replace(grid, slit_positions=tuple(positions.tolist()))


def _interpolated_grid(
    summaries: Sequence[FootprintSummary], exposure_type: str, scale_ratio: float, rows: int | None
) -> OutputGrid:
    """Lay out the grid of MIRI LRS (docs/specification.md, "Output grid, interpolated")."""
    first = summaries[0]
    ra, dec = (np.array(values) for values in first.centre)
    tangent_point = (float(np.mean(wrap_ra(ra))), float(np.mean(dec)))
    slope, _ = _sampling(first, tangent_point, scale_ratio)
    leading = int(abs(slope[0]) < abs(slope[1]))
    if len(summaries) > 1:
        limits = np.array([s.limits for s in summaries])
        limits[:, 0] = wrap_ra(limits[:, 0])
        middle = (limits.min(axis=(0, 2)) + limits.max(axis=(0, 2))) / 2
        tangent_point = tuple(middle.tolist())
    low, high = _extent(summaries, tangent_point)
    wavelengths = extend_wavelengths([s.wavelengths for s in summaries])
    if exposure_type.upper() == "MIR_LRS-FIXEDSLIT":
        # Rectified LRS spectra keep the detector's direction, long wavelengths first.
        wavelengths = wavelengths[::-1]
    n = rows or _count((high - low)[leading], slope[leading], wavelengths)
    intercept = -slope * (n - 1) / 2
    axis = first.dispersion_axis
    return _grid("interpolated", axis, n, wavelengths, slope, intercept, tangent_point, leading)


def _lamp_grid(summary: FootprintSummary, scale_ratio: float, rows: int | None) -> OutputGrid:
    """Lay out the grid of NIRSpec lamp data (docs/specification.md, "Output grid, lamp")."""
    slope, intercept = _sampling(summary, None, scale_ratio)
    wavelengths = summary.wavelengths
    natural = _count(len(summary.centre[0]), 1 / scale_ratio, wavelengths)
    n = rows or natural
    intercept = intercept - slope * (n - natural) / 2
    return _grid("lamp", summary.dispersion_axis, n, wavelengths, slope, intercept, None, 1)


def _grid(
    kind: str,
    dispersion_axis: int,
    n_across: int,
    wavelengths: Sequence[float],
    slope: np.ndarray,
    intercept: np.ndarray,
    tangent_point: tuple[float, float] | None,
    leading: int,
) -> OutputGrid:
    shape = (n_across, len(wavelengths))
    return OutputGrid(
        kind=kind,
        shape=shape if dispersion_axis == 1 else shape[::-1],
        dispersion_axis=dispersion_axis,
        tangent_point=tangent_point,
        slope=tuple(slope.tolist()),
        intercept=tuple(intercept.tolist()),
        leading=leading,
        wavelengths=tuple(wavelengths),
    )


def _sampling(
    summary: FootprintSummary, tangent_point: tuple[float, float] | None, scale_ratio: float
) -> tuple[np.ndarray, np.ndarray]:
    """Fit straight lines to the plane's coordinates along the central slice: slopes, intercepts."""
    plane = np.array(summary.centre)
    if plane.shape[1] < 2:
        raise ResampleError("fewer than two valid pixels across the dispersion")
    if tangent_point is not None:
        plane = np.array(to_tangent(*plane, *tangent_point))
    index = np.arange(plane.shape[1]) * scale_ratio
    intercept, slope = polynomial.polyfit(index, plane.T, 1)
    return slope, intercept


def _count(extent: float, slope: float, wavelengths: Sequence[float]) -> int:
    """Count the pixels across the dispersion, before anything is made for each of them."""
    with np.errstate(divide="ignore", invalid="ignore"):
        n = np.ceil(np.divide(extent, abs(slope)))
    # Not a number is refused too.
    if not n * len(wavelengths) <= MAX_PIXELS:
        raise ResampleError(
            f"its grid would be of {n:.0f} x {len(wavelengths)} pixels, {MAX_PIXELS} are allowed: "
            "are all exposures of one place?"
        )
    return int(n)


def _check_size(ny: int, nx: int, what: str) -> None:
    if min(ny, nx) < 2 or ny * nx > MAX_PIXELS:
        raise ResampleError(
            f"{what} asks for {nx} x {ny} pixels: at least two along an axis, at most {MAX_PIXELS} "
            "in all are allowed"
        )


def _extent(
    summaries: Sequence[FootprintSummary], tangent_point: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper limits of all valid pixels of all exposures in the tangent plane."""
    corners = np.concatenate([np.array(summary.hull) for summary in summaries], axis=1)
    plane = np.array(to_tangent(*corners, *tangent_point))
    return plane.min(axis=1), plane.max(axis=1)

"""The wavelengths of a product: native ones, and grids that are asked for instead.

All are in um and ascending here; spectra that run downwards are turned by who lays out the grid.
``native`` wavelengths are those of the exposures, an array of shape (n,). More wavelengths than an
image may have pixels are refused by a ResampleError, before anything is made for each of them.

See docs/specification.md, "Output grid, NIRSpec", 3, and "Wavelength grids".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from specresample.common.errors import ResampleError, refusing
from specresample.common.limits import MAX_PIXELS

# Steps on either side of a gap whose median is the step in it. Several are taken because a tilted
# slit fills the last columns of a detector in part, and their medians are uneven.
_NEAR = 10
# Neighbours that are more median steps apart have a gap between them.
_GAP = 1.5

# Steps this many times finer than the exposures' own are a mistake, not a wish.
MAX_OVERSAMPLING = 100

_ROUNDING = 1e-6  # parts of a pixel that do not count when pixels are counted


@dataclass(frozen=True)
class NativeGrid:
    """The exposures' own wavelengths, with ``oversampling`` pixels for each.

    With ``fill_gap``, there are columns between those that are more than 1.5 steps apart.
    """

    oversampling: int = 1
    fill_gap: bool = False

    limits: ClassVar[None] = None

    @property
    def spacing(self) -> str:
        """How the wavelengths are spaced."""
        return "native" if self.oversampling == 1 else "free"

    def wavelengths(self, native: np.ndarray) -> np.ndarray:
        """Wavelengths of a product, from those of its exposures; see `WavelengthGrid`."""
        if self.fill_gap:
            native = fill_gaps(native)
        if self.oversampling == 1:
            return native
        # Pixels lie within a native one, so that together they cover what it covers.
        pixels = np.arange(_checked(len(native) * self.oversampling))
        places = (pixels + 0.5) / self.oversampling - 0.5
        return interpolate(places, np.arange(len(native)), native)


NATIVE = NativeGrid()


@dataclass(frozen=True)
class LinearGrid:
    """Wavelengths at a constant step.

    Attributes
    ----------
    limits : tuple of float or None
        Centres of the first and the last pixel, in um; None for what the exposures cover.
    step : float or None
        In um; None for the median native step, divided by ``oversampling``.
    oversampling : int
        Steps to the median native one.
    """

    limits: tuple[float, float] | None = None
    step: float | None = None
    oversampling: int = 1

    spacing: ClassVar[str] = "linear"

    def wavelengths(self, native: np.ndarray) -> np.ndarray:
        """Wavelengths of a product, from those of its exposures; see `WavelengthGrid`."""
        step = self.step or np.median(np.diff(native)) / self.oversampling
        if self.limits is None:
            low = native[0] - (native[1] - native[0]) / 2
            high = native[-1] + (native[-1] - native[-2]) / 2
            first, count = low + step / 2, np.ceil((high - low) / step - _ROUNDING)
        else:
            first, last = self.limits
            count = np.floor((last - first) / step + _ROUNDING) + 1
        return first + step * np.arange(_checked(count))


@dataclass(frozen=True)
class LogGrid:
    """Wavelengths at a constant step of their logarithm; see `LinearGrid`.

    Attributes
    ----------
    resolving_power : float or None
        Wavelength over step; None for the native median, multiplied by ``oversampling``.
    """

    limits: tuple[float, float] | None = None
    resolving_power: float | None = None
    oversampling: int = 1

    spacing: ClassVar[str] = "log"

    def wavelengths(self, native: np.ndarray) -> np.ndarray:
        """Wavelengths of a product, from those of its exposures; see `WavelengthGrid`."""
        limits = self.limits and tuple(np.log(self.limits))
        step = self.resolving_power and 1 / self.resolving_power
        return np.exp(LinearGrid(limits, step, self.oversampling).wavelengths(np.log(native)))


@dataclass(frozen=True)
class TableGrid:
    """Wavelengths given one by one: the ``centres``, rising and in um, of the table in a file."""

    centres: tuple[float, ...]
    file: str

    spacing: ClassVar[str] = "free"

    @property
    def limits(self) -> tuple[float, float]:
        """Where they begin and end."""
        return self.centres[0], self.centres[-1]

    def wavelengths(self, native: np.ndarray) -> np.ndarray:
        """Wavelengths of a product: those given; the native ones do not matter."""
        return np.array(self.centres)

    @classmethod
    def read(cls, file: str | Path) -> "TableGrid":
        """Read the wavelengths of a table.

        Parameters
        ----------
        file : str or Path
            ECSV or FITS; the first column is the wavelength, with a unit of length.

        Returns
        -------
        TableGrid

        Raises
        ------
        ResampleError
            When the table is not readable or its first column no wavelengths; names the file.
        """
        # A second of imports, which other grids do without.
        from astropy.table import QTable

        with refusing(f"wavelength_grid {file}: not readable as a table in ECSV or FITS"):
            # The format is found by the name.
            table = QTable.read(file)
            column = table.columns[0]
        needs = f"wavelength_grid {file}: its first column {table.colnames[0]} needs"
        try:
            centres = np.asarray(column.to_value("um"), float)
        except Exception as error:
            raise ResampleError(f"{needs} a unit of length, as um or Angstrom") from error
        steps = np.diff(centres) if centres.ndim == 1 else np.empty(0)
        if not (steps.size and (steps > 0).all() and centres[0] > 0 and np.isfinite(centres[-1])):
            raise ResampleError(f"{needs} two or more wavelengths, positive and rising")
        return cls(tuple(centres.tolist()), str(file))


WavelengthGrid = NativeGrid | LinearGrid | LogGrid | TableGrid
"""What is asked of the wavelengths of a product.

Their ``spacing`` is ``native``, the exposures' own; ``linear``; ``log``; or ``free``, one by one.
Their ``limits``, in um, are None where the exposures give them. Their ``wavelengths`` of a product
follow from the native ones.
"""


def asked_grid(arguments: Mapping[str, object]) -> WavelengthGrid:
    """Read what is asked of the wavelengths of a product.

    Parameters
    ----------
    arguments : mapping
        The arguments about wavelengths, which go together.

    Returns
    -------
    WavelengthGrid

    Raises
    ------
    ResampleError
        When a table is asked for and not usable.
    """
    kind, oversampling = arguments["wavelength_grid"], arguments["spectral_oversampling"]
    limits = arguments["wavelength_range"] and tuple(arguments["wavelength_range"])
    if kind == "native":
        return NativeGrid(oversampling, arguments["fill_gap"])
    if kind == "linear":
        return LinearGrid(limits, arguments["wavelength_step"], oversampling)
    if kind == "log":
        return LogGrid(limits, arguments["resolving_power"], oversampling)
    return TableGrid.read(kind)


# ---- native wavelengths ------------------------------------------------------------------------


def merge_wavelengths(exposures: Sequence[Sequence[float]]) -> list[float]:
    """Merge the wavelength samplings of several exposures of a NIRSpec slit.

    The first exposure's sampling stands; every other one, in order of overlap, adds what lies
    beyond the ends reached so far.

    Parameters
    ----------
    exposures : sequence of sequence of float
        Median wavelength of every detector column, in um.

    Returns
    -------
    list of float
        Ascending, in um.

    Raises
    ------
    ResampleError
        When the first exposure has no wavelengths.
    """
    if not len(exposures[0]):
        raise ResampleError("not enough valid pixels for an output grid")
    merged = np.sort(exposures[0])
    smallest_step = np.diff(merged).min() if len(merged) > 1 else 0.0
    others = [np.sort(other) for other in exposures[1:] if len(other)]
    while others:
        overlap = [min(merged[-1], o[-1]) - max(merged[0], o[0]) for o in others]
        merged = _joined(merged, others.pop(int(np.argmax(overlap))))
    tolerance = max(0.1 * smallest_step, 100 * np.finfo(float).eps)
    keep = np.append(np.diff(merged) >= tolerance, True)
    return merged[keep].tolist()


def extend_wavelengths(exposures: Sequence[Sequence[float]]) -> list[float]:
    """Extend the first exposure's wavelengths of MIRI LRS by what others have beyond its ends.

    Parameters
    ----------
    exposures : sequence of sequence of float
        Median wavelength of every detector row, in um.

    Returns
    -------
    list of float
        Ascending, in um, without doubles.
    """
    return reduce(_joined, map(np.unique, exposures)).tolist()


def _joined(wavelengths: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Add what others have beyond the ends: all of them where they do not overlap."""
    below, above = other[other < wavelengths[0]], other[other > wavelengths[-1]]
    return np.concatenate([below, wavelengths, above])


# ---- other grids -------------------------------------------------------------------------------


def fill_gaps(native: np.ndarray) -> np.ndarray:
    """Put wavelengths where neighbours are more than 1.5 steps apart.

    Returns
    -------
    ndarray
        The native ones and those put in, at steps that go evenly from the step before the gap to
        the one behind it.
    """
    steps = np.diff(native)
    windows = sliding_window_view(np.pad(steps, _NEAR, mode="reflect"), 2 * _NEAR + 1)
    parts, start = [], 0
    for gap in np.flatnonzero(steps > _GAP * np.median(windows, axis=1)):
        before, after = steps[max(gap - _NEAR, 0) : gap], steps[gap + 1 : gap + 1 + _NEAR]
        first = np.median(before if before.size else after)
        last = np.median(after if after.size else before)
        count = _checked(2 * steps[gap] / (first + last))
        ramp = np.cumsum(np.linspace(first, last, count))
        parts += [native[start : gap + 1], native[gap] + steps[gap] * ramp[:-1] / ramp[-1]]
        start = gap + 1
    return np.concatenate([*parts, native[start:]])


def with_count(wavelengths: np.ndarray, count: int, spacing: str) -> np.ndarray:
    """Cut wavelengths to a number, or continue them to it with their last step.

    Parameters
    ----------
    wavelengths : ndarray
        In um, in the order of pixels.
    count : int
    spacing : str
        Of `WavelengthGrid`: the last step is a factor where it is ``log``.

    Returns
    -------
    ndarray, shape (count,)
    """
    if count <= len(wavelengths):
        return wavelengths[:count]
    if spacing == "log":
        return np.exp(with_count(np.log(wavelengths), count, "linear"))
    return interpolate(np.arange(count), np.arange(len(wavelengths)), wavelengths)


def largest_oversampling(wavelengths: np.ndarray, native: np.ndarray) -> float:
    """Give the largest ratio of the native step to that of a product's wavelengths."""
    native = fill_gaps(native)
    middles = ((line[1:] + line[:-1]) / 2 for line in (wavelengths, native))
    steps = np.interp(*middles, np.diff(native))
    return float((steps / np.diff(wavelengths)).max())


def check_wavelengths(wavelengths: np.ndarray, native: np.ndarray) -> None:
    """Refuse wavelengths on which there can be no spectrum.

    Parameters
    ----------
    wavelengths, native : ndarray
        Two or more of the product, and the native ones.

    Raises
    ------
    ResampleError
        When they are not positive, far finer than the native ones, or all beyond them.
    """
    low, high = wavelengths[0], wavelengths[-1]
    extent = f"its wavelength grid, {low:.6g} to {high:.6g} um"
    if low <= 0:
        raise ResampleError(f"{extent}, is continued beyond 0: ask for fewer pixels")
    if high < native[0] or low > native[-1]:
        covered = f"{native[0]:.6g} to {native[-1]:.6g} um"
        raise ResampleError(f"{extent}, does not overlap its exposures, {covered}")
    finest = largest_oversampling(wavelengths, native)
    if finest > MAX_OVERSAMPLING:
        raise ResampleError(
            f"{extent} in {len(wavelengths)} pixels, is up to {finest:.0f} times finer than its "
            f"exposures are sampled: at most {MAX_OVERSAMPLING} times is allowed"
        )


def interpolate(x: np.ndarray, nodes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Interpolate linearly between nodes, and continue the outer segments.

    Parameters
    ----------
    x : ndarray
    nodes, values : ndarray, shape (n,)
        Nodes ascend.

    Returns
    -------
    ndarray
        Of the shape of ``x``; NaN where that is.
    """
    # Segments are looked up by hand since np.interp cannot continue the outer ones.
    segment = np.clip(np.searchsorted(nodes, x) - 1, 0, len(nodes) - 2)
    step = (values[segment + 1] - values[segment]) / (nodes[segment + 1] - nodes[segment])
    return values[segment] + (x - nodes[segment]) * step


def _checked(count: float) -> int:
    # Not a number is refused too.
    if not count <= MAX_PIXELS:
        allowed = f"{MAX_PIXELS} are allowed"
        raise ResampleError(f"its wavelength grid would have {count:.6g} pixels, {allowed}")
    return round(count)

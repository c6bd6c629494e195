"""Read s2d products to look at them: arrays and axes of every slit, without the GWCS."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from specresample.common.errors import ResampleError
from specresample.drizzling.correlated_noise import CorrelatedNoise
from specresample.s2d.noise import noise_of_slit, slit_extensions

# What a value and the sum over a slit are shown in, by BUNIT: factor and unit.
_UNITS = {"MJy": (1e12, "µJy"), "Jy": (1e6, "µJy")}
_MICROJANSKY = 1e12  # in MJy

_ALWAYS = ("WHT", "CON", "WAVELENGTH")  # beside SCI, in every product

_GAP = 5.0  # how much longer a step of wavelength must be than those beside it


@dataclass(frozen=True)
class Axis:
    """An axis of a rectified spectrum.

    Attributes
    ----------
    edges : ndarray
        Edges of its pixels, rising.
    unit : str
        ``um``, ``arcsec`` or ``pixel``.
    """

    edges: np.ndarray
    unit: str


@dataclass(frozen=True)
class RectifiedSlit:
    """A slit of a product. Wavelength rises along x in all arrays, however the file has it.

    Attributes
    ----------
    label : str
        Slit and source.
    about : tuple of str
        What was observed and how, line by line.
    dispersion_axis : int
        1 when wavelength runs along x in the file, 2 along y.
    wavelength, offset : Axis
        Axes along and across the dispersion.
    sci : ndarray
        NaN without weight.
    err : ndarray or None
        None in a single product of an exposure without errors.
    wht : ndarray
    noise : CorrelatedNoise or None
        Covariances of the pixels of the same wavelength; None when the product has none.
    contributions : ndarray
        How many exposures contributed to each pixel, from the context.
    n_exposures : int
        How many exposures contributed anywhere.
    factor, unit : float, str
        What the values of the file were multiplied with, and the unit of ``sci`` and ``err``.
    sum_factor, sum_unit : float, str
        What turns a sum over the slit into a flux density where the pixel area is known, and its
        unit.
    remarks : tuple of str
        What is missing or odd.
    """

    label: str
    about: tuple[str, ...]
    dispersion_axis: int
    wavelength: Axis
    offset: Axis
    sci: np.ndarray
    err: np.ndarray | None
    wht: np.ndarray
    noise: CorrelatedNoise | None
    contributions: np.ndarray
    n_exposures: int
    factor: float
    unit: str
    sum_factor: float
    sum_unit: str
    remarks: tuple[str, ...]


def read_product(path: str | Path) -> list[RectifiedSlit]:
    """Read all slits of a product.

    Parameters
    ----------
    path : str or Path
        A SlitModel or MultiSlitModel, combined or of one exposure.

    Returns
    -------
    list of RectifiedSlit

    Raises
    ------
    ResampleError
        When a slit lacks an array that every product has.
    """
    slits = []
    with fits.open(path) as hdus:
        for version, extensions in slit_extensions(hdus).items():
            if "SCI" not in extensions:
                continue
            if missing := [name for name in _ALWAYS if name not in extensions]:
                raise ResampleError(f"{path}: no {', '.join(missing)} beside SCI,{version}")
            slits.append(_read_slit(hdus[0].header, extensions, version))
    return slits


def _read_slit(
    primary: fits.Header, extensions: Mapping[str, fits.ImageHDU], version: int
) -> RectifiedSlit:
    header = extensions["SCI"].header
    axis = int(header.get("DISPAXIS") or 1)

    def read(name: str) -> np.ndarray:
        array = extensions[name].data
        array = array.astype(array.dtype.newbyteorder("="))
        return array if axis == 1 else np.swapaxes(array, -1, -2)

    wavelengths = read("WAVELENGTH")
    rows, n_columns = wavelengths.shape
    wavelength, columns, remarks = _wavelength_axis(wavelengths)
    sci, wht, context = (_take_columns(read(name), columns) for name in ("SCI", "WHT", "CON"))
    sci = np.where(np.isfinite(sci) & (wht > 0), sci, np.nan)
    err = _take_columns(read("ERR"), columns) if "ERR" in extensions else None
    if err is None:
        remarks.append("no ERR in the product")
    contributions, n_exposures = count_exposures(context)
    noise = noise_of_slit(primary, extensions)

    bunit = str(header.get("BUNIT", "")).strip()
    factor, unit = _UNITS.get(bunit, (1.0, bunit))
    sum_factor, sum_unit = 1.0, unit
    if "/sr" in bunit:
        area = header.get("PIXAR_SR") if bunit == "MJy/sr" else None
        sum_factor, sum_unit = (area * _MICROJANSKY, "µJy") if area else (1.0, f"{bunit} pixel")
    return RectifiedSlit(
        label=_label(header, version),
        about=(*_about(primary, header), f"{rows} x {n_columns} pixels"),
        dispersion_axis=axis,
        wavelength=wavelength,
        offset=_offset_axis(header, axis, rows),
        sci=sci * factor,
        err=None if err is None else err * factor,
        wht=wht,
        noise=None if noise is None else _shown_noise(noise, columns, factor),
        contributions=contributions,
        n_exposures=n_exposures,
        factor=factor,
        unit=unit,
        sum_factor=sum_factor,
        sum_unit=sum_unit,
        remarks=tuple(remarks),
    )


def count_exposures(context: np.ndarray) -> tuple[np.ndarray, int]:
    """Count the exposures that contributed to each pixel and to any, by the bits of a context."""
    bits = context.view(np.uint32)
    anywhere = np.bitwise_or.reduce(bits, axis=(1, 2))
    contributions = np.bitwise_count(bits).sum(axis=0, dtype=np.int64)
    return contributions, int(np.bitwise_count(anywhere).sum(dtype=np.int64))


def _wavelength_axis(wavelengths: np.ndarray) -> tuple[Axis, np.ndarray, list[str]]:
    """Axis, the columns of the file along it (-1 for a gap), and what is odd about them."""
    n_columns = wavelengths.shape[1]
    columns = np.arange(n_columns)
    in_pixels = Axis(np.arange(n_columns + 1) - 0.5, "pixel")
    if n_columns < 2:
        return in_pixels, columns, []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # columns without any wavelength
        line = np.nanmedian(wavelengths, axis=0).astype(float)
        apart = np.nanmax(np.abs(wavelengths - line))
    if line[0] > line[-1]:
        line, columns = line[::-1], columns[::-1]
    steps = np.diff(line)
    if not (steps > 0).all():
        return in_pixels, np.arange(n_columns), ["wavelengths neither rise nor fall"]
    # Rectified wavelengths are the same along the slit; a grid handed in may have others.
    odd = apart > steps.min() / 2
    remarks = ["wavelengths vary along the slit"] if odd else []
    # Between detectors, pixels must not stretch over the wavelengths that nothing has seen.
    neighbours = np.pad(steps, 1, mode="edge")
    gaps = np.flatnonzero(steps > _GAP * np.maximum(neighbours[:-2], neighbours[2:]))
    middles = (line[1:] + line[:-1]) / 2
    lower = np.concatenate([[2 * line[0] - middles[0]], middles])
    lower[gaps + 1] = line[gaps + 1] - steps[gaps + 1] / 2
    gap_starts = line[gaps] + steps[gaps - 1] / 2
    last = 2 * line[-1] - middles[-1]
    return (
        Axis(np.append(np.insert(lower, gaps + 1, gap_starts), last), "um"),
        np.insert(columns, gaps + 1, -1),
        remarks,
    )


def _shown_noise(noise: CorrelatedNoise, columns: np.ndarray, factor: float) -> CorrelatedNoise:
    """Noise in the order and unit of the arrays that are shown."""

    def shown(array: np.ndarray) -> np.ndarray:
        return np.nan_to_num(_take_columns(array, columns))

    noise = noise.along_slit()
    variance, flat = factor**2 * shown(noise.variance), factor * shown(noise.flat)
    covariance = {lag: factor**2 * shown(plane) for lag, plane in noise.covariance.items()}
    return CorrelatedNoise(variance, covariance, flat, dispersion_axis=1)


def _take_columns(array: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Order the columns of an array; in gaps there is nothing."""
    taken = array[..., columns]
    taken[..., columns < 0] = 0 if array.dtype.kind == "i" else np.nan
    return taken


def _offset_axis(header: fits.Header, dispersion_axis: int, rows: int) -> Axis:
    spatial = 3 - dispersion_axis
    edges = np.arange(rows + 1) - 0.5
    if header.get(f"CTYPE{spatial}") != "OFFSET":
        return Axis(edges, "pixel")
    zero, scale = header[f"CRPIX{spatial}"] - 1, header[f"CDELT{spatial}"]
    return Axis((edges - zero) * scale, "arcsec")


def _label(header: fits.Header, version: int) -> str:
    name = header.get("SLTNAME") or f"number {version}"
    source = header.get("SRCNAME") or header.get("SOURCEID")
    return f"{name} (source {source})" if source is not None else str(name)


def _about(primary: fits.Header, header: fits.Header) -> tuple[str, ...]:
    def words(*keywords: str) -> str:
        values = (str(primary.get(keyword) or "").strip() for keyword in keywords)
        return " ".join(value for value in values if value and value != "N/A")

    time = header.get("XPOSURE") or primary.get("EFFEXPTM")
    lines = (
        words("INSTRUME", "DETECTOR", "FILTER", "GRATING"),
        words("EXP_TYPE"),
        words("TARGNAME") or words("TARGPROP"),
        f"{time:,.0f} s effective exposure" if time else "",
    )
    return tuple(line for line in lines if line)

"""FITS WCS of a rectified spectrum (docs/specification.md, "Coordinates of a product").

It is for viewers that know no GWCS. Wavelength is linear (WAVE), logarithmic (WAVE-LOG) or, in
general, looked up in a table (WAVE-TAB): Greisen et al. 2006, A&A 446, 747. The spatial axis is an
offset in arcsec with its zero at the planned source position.

In all functions ``dispersion_axis`` is 1 when wavelength runs along x of a grid, and 2 along y.
"""

from collections.abc import Mapping

import numpy as np

from specresample.grids.rectified import Grid

# Type of an axis of wavelengths that a table holds (specresample.grids.wavelength_table).
LOOKED_UP = "WAVE-TAB"

# Wavelengths that differ by more along the slit, in um, make no rectified spectrum: a grid handed
# in may have them, and gets no FITS WCS.
_TOLERANCE = 1e-6


def fits_wcs(
    grid: Grid, dispersion_axis: int, line: np.ndarray | None, source_pixel: float
) -> dict[str, object]:
    """Keywords of the FITS WCS that the schemas know.

    Parameters
    ----------
    grid : Grid
    dispersion_axis : int
    line : ndarray or None
        From `dispersion_line`.
    source_pixel : float
        Where the source was planned, as pixel index across the dispersion, from 0.

    Returns
    -------
    dict of str to scalar
        Values by name in ``meta.wcsinfo``; empty for a grid not on the sky or not rectified.
    """
    pixel_scale = grid.pixel_scale(dispersion_axis)
    if pixel_scale is None or line is None or not grid.celestial:
        return {}
    spectral, spatial = (1, 2) if dispersion_axis == 1 else (2, 1)
    ctype, first, step = _spectral_axis(grid.spacing, line)
    return {
        "wcsaxes": 2,
        f"ctype{spectral}": ctype,
        f"cunit{spectral}": "um",
        f"crpix{spectral}": 1.0,
        f"crval{spectral}": first,
        f"cdelt{spectral}": step,
        f"ctype{spatial}": "OFFSET",
        f"cunit{spatial}": "arcsec",
        f"crpix{spatial}": source_pixel + 1.0,
        f"crval{spatial}": 0.0,
        f"cdelt{spatial}": pixel_scale,
    }


def _spectral_axis(spacing: str, line: np.ndarray) -> tuple[str, float, float]:
    """CTYPE, CRVAL and CDELT of wavelengths whose first pixel is the reference pixel."""
    first, last = float(line[0]), float(line[-1])
    if spacing == "linear":
        return "WAVE", first, (last - first) / (len(line) - 1)
    if spacing == "log":
        # Greisen et al. 2006, equation 5 and table 3: first exp(CDELT (p - 1) / first).
        return "WAVE-LOG", first, first * float(np.log(last / first)) / (len(line) - 1)
    return LOOKED_UP, 1.0, 1.0


def dispersion_line(grid: Grid, dispersion_axis: int) -> np.ndarray | None:
    """Wavelength of every pixel along the dispersion.

    Returns
    -------
    ndarray or None
        In um; None where it is not the same all along the slit.
    """
    image = grid.wavelength_image()
    image = image if dispersion_axis == 1 else image.T
    line = image[image.shape[0] // 2]
    rectified = np.isfinite(line).all() and np.nanmax(np.abs(image - line)) <= _TOLERANCE
    return line if rectified else None


def source_pixel(grid: Grid, metadata: Mapping[str, object], dispersion_axis: int) -> float:
    """Pixel index across the dispersion where the source was planned to be.

    Parameters
    ----------
    grid : Grid
    metadata : mapping
        Metadata of the product by dotted path.
    dispersion_axis : int

    Returns
    -------
    float
        The middle of the slit when no position is known.
    """
    rows = grid.shape[0]
    if grid.slit_positions and rows > 1 and metadata.get("source_ypos") is not None:
        # A straight line through the two nearest pixels, or the last two for a source beyond them.
        distances = np.array(grid.slit_positions) - metadata["source_ypos"]
        near = int(np.argmin(np.abs(distances)))
        beyond = near + 1 < rows and distances[near] * distances[near + 1] <= 0
        other = near + 1 if beyond or near == 0 else near - 1
        return near - distances[near] * (other - near) / (distances[other] - distances[near])
    name = f"source_{'yx'[dispersion_axis - 1]}pos"
    if grid.kind == "interpolated" and metadata.get(name) is not None:
        return float(metadata[name])
    return (grid.shape[dispersion_axis - 1] - 1) / 2

"""FITS WCS of a rectified spectrum (docs/specification.md, "Coordinates of a product").

It is for viewers that know no GWCS. Wavelength is linear (WAVE), logarithmic (WAVE-LOG) or, in
general, looked up in a table (WAVE-TAB): Greisen et al. 2006, A&A 446, 747. The spatial axis is an
offset in arcsec with its zero at the planned source position.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from astropy.io import fits

from specresample.grids.rectified import Grid

TABLE = "WCS-TABLE"
_TABLE_COMMENT = "table of the wavelengths"
_COLUMN_COMMENT = "column of the wavelengths"

_LOOKED_UP = "WAVE-TAB"

# Those that `fits_wcs` gives.
_KEYWORDS = (
    "wcsaxes",
    *(f"{name}{axis}" for name in ("ctype", "cunit", "crpix", "crval", "cdelt") for axis in (1, 2)),
)

# A FITS table has no more: a slit beyond them has no FITS WCS.
_MOST_COLUMNS = 999

# The axis that a third one takes the place of: it counts planes, and there is one. The type of the
# third axis does not say WAVE, or jdaviz would refuse the file: its wavelength must then depend on
# no other axis.
_PLANE = {"ctype": "PIXEL", "cunit": ""}

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
        1 when wavelength runs along x, 2 along y.
    line : ndarray or None
        From `dispersion_line`.
    source_pixel : float
        Where the source was planned, as pixel index across the dispersion, from 0.

    Returns
    -------
    dict of str to scalar
        Values by name in ``meta.wcsinfo``; empty where the grid is not on the sky or not
        rectified.
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
    return _LOOKED_UP, 1.0, 1.0


def dispersion_line(grid: Grid, dispersion_axis: int) -> np.ndarray | None:
    """Wavelength of every pixel along the dispersion.

    Parameters
    ----------
    grid : Grid
    dispersion_axis : int
        1 when wavelength runs along x, 2 along y.

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
        1 when wavelength runs along x, 2 along y.

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


def with_wavelength_table(
    tree: Mapping[str, object], lines: Sequence[np.ndarray | None]
) -> dict[str, object]:
    """Add the table of wavelengths to the tree of a product.

    It is added so that stdatamodels keeps it in a product that is opened and saved. Stdatamodels
    keeps the keywords of every slit that its schemas know, and under ``extra_fits`` a table and
    other keywords by the name of an extension, which all slits share. PS3_1, for the third axis of
    cubes, is the only keyword of the schemas that can name a column. So a slit of several gets a
    third axis, and `drop_third_axis` takes it out of the header: most viewers expect two.

    Parameters
    ----------
    tree : mapping
        Tree of a data model, where ``meta.wcsinfo`` of every slit holds the values from `fits_wcs`.
    lines : sequence of ndarray or None
        Wavelengths of every slit in um; None for a slit without FITS WCS.

    Returns
    -------
    dict
        The tree, with ``extra_fits`` where a slit has a FITS WCS.
    """
    if "slits" in tree:
        return _with_columns_of_slits(tree, lines)
    axis, line = _table_axis(tree), lines[0]
    if axis is None or line is None:
        return dict(tree)
    cards = [
        [f"PS{axis}_0", TABLE, _TABLE_COMMENT],
        [f"PS{axis}_1", "wavelength", _COLUMN_COMMENT],
    ]
    table = fits.FITS_rec.from_columns([_wavelength_column("wavelength", line)])
    return tree | {"extra_fits": {"SCI": {"header": cards}, TABLE: {"data": table}}}


def drop_third_axis(hdus: fits.HDUList) -> None:
    """Look wavelengths up along the dispersion, where `with_wavelength_table` made a third axis.

    A slit has pixel indices of its own in the table, so that keywords of another slit give no
    wavelength at all instead of a wrong one.

    Parameters
    ----------
    hdus : HDUList
        The product, as stdatamodels makes it of the tree. Headers are changed in place.
    """
    for hdu in hdus:
        if hdu.name != "SCI" or "PS3_1" not in hdu.header:
            continue
        header, number = hdu.header, hdu.ver
        axis = 1 if header["CTYPE1"] == _PLANE["ctype"] else 2
        for keyword in _third_axis(axis, number):
            del header[keyword.upper()]
        header["WCSAXES"] = 2
        header[f"CTYPE{axis}"] = _LOOKED_UP
        header[f"CUNIT{axis}"] = "um"
        header[f"CRVAL{axis}"] = float(hdus[TABLE].data[f"index_{number}"][0, 0])
        after = f"CDELT{axis}"
        header.set(f"PS{axis}_2", f"index_{number}", "column of the pixel indices", after=after)
        header.set(f"PS{axis}_1", f"wavelength_{number}", _COLUMN_COMMENT, after=after)
        header.set(f"PS{axis}_0", TABLE, _TABLE_COMMENT, after=after)


def _with_columns_of_slits(
    tree: Mapping[str, object], lines: Sequence[np.ndarray | None]
) -> dict[str, object]:
    slits, columns, index = [], [], 1.0
    for number, (slit, line) in enumerate(zip(tree["slits"], lines, strict=True), start=1):
        axis, wcsinfo = _table_axis(slit), slit["meta"].get("wcsinfo", {})
        if axis is not None and line is not None and len(columns) + 2 <= _MOST_COLUMNS:
            columns += [
                _wavelength_column(f"wavelength_{number}", line),
                fits.Column(
                    f"index_{number}", f"{line.size}D", array=index + np.arange(line.size)[None]
                ),
            ]
            index += line.size
            plane = {f"{name}{axis}": value for name, value in _PLANE.items()}
            wcsinfo = wcsinfo | {"wcsaxes": 3} | plane | _third_axis(axis, number)
        elif axis is not None:
            wcsinfo = {name: wcsinfo[name] for name in wcsinfo if name not in _KEYWORDS}
        slits.append(slit | {"meta": slit["meta"] | {"wcsinfo": wcsinfo}})
    if not columns:
        return dict(tree)
    table = fits.FITS_rec.from_columns(columns)
    return tree | {"slits": slits, "extra_fits": {TABLE: {"data": table}}}


def _third_axis(axis: int, number: int) -> dict[str, object]:
    """Keywords of a third axis of wavelengths along the pixels of axis 1 or 2."""
    return {
        f"pc{axis}_{axis}": 0.0,
        f"pc{axis}_3": 1.0,
        "ctype3": "LAMB-TAB",
        "cunit3": "um",
        "crpix3": 1.0,
        "crval3": 1.0,
        "cdelt3": 1.0,
        f"pc3_{axis}": 1.0,
        "pc3_3": 0.0,
        "ps3_0": TABLE,
        "ps3_1": f"wavelength_{number}",
    }


def _table_axis(slit: Mapping[str, object]) -> int | None:
    wcsinfo = slit["meta"].get("wcsinfo", {})
    return next((axis for axis in (1, 2) if wcsinfo.get(f"ctype{axis}") == _LOOKED_UP), None)


def _wavelength_column(name: str, line: np.ndarray) -> fits.Column:
    return fits.Column(
        name, f"{line.size}D", dim=f"(1,{line.size})", unit="um", array=line.reshape(1, -1, 1)
    )

"""The table that the FITS WCS of a product looks wavelengths up in (WAVE-TAB).

Greisen et al. 2006, A&A 446, 747, section 6. A table of a file with one slit has one column. With
several slits, every slit has a second column, which holds indices of pixels that no other slit has:
keywords of another slit then give no wavelength instead of a wrong one.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from astropy.io import fits

from specresample.grids.fits_wcs import LOOKED_UP

TABLE = "WCS-TABLE"

# A FITS table has no more than 999 columns.
MOST_SLITS = 499


def wavelength_table(lines: Sequence[np.ndarray | None]) -> fits.BinTableHDU:
    """Make the table of a product.

    Parameters
    ----------
    lines : sequence of ndarray or None
        Wavelengths of every slit in um; None for a slit that needs none.

    Returns
    -------
    BinTableHDU
    """
    columns, index = [], 1.0
    for number, line in enumerate(lines, start=1):
        if line is None:
            continue
        name = "wavelength" if len(lines) == 1 else f"wavelength_{number}"
        format, dim, array = f"{line.size}D", f"(1,{line.size})", line.reshape(1, -1, 1)
        columns.append(fits.Column(name, format, "um", dim=dim, array=array))
        if len(lines) > 1:
            indices = index + np.arange(line.size)[None]
            columns.append(fits.Column(f"index_{number}", format, array=indices))
            index += line.size
    return fits.BinTableHDU.from_columns(columns, name=TABLE, ver=1)


def table_cards(keywords: Mapping[str, object], number: int | None) -> list[tuple[str, str, str]]:
    """Cards of the header of a slit that point to its columns. No schema has them.

    Parameters
    ----------
    keywords : mapping
        From `specresample.grids.fits_wcs.fits_wcs`, or the header that has them.
    number : int or None
        Of the slit, from 1; None for the only one.

    Returns
    -------
    list of (str, str, str)
        Keyword, value and comment; empty when no axis is looked up in the table.
    """
    axis = _table_axis(keywords)
    if axis is None:
        return []
    ending = "" if number is None else f"_{number}"
    cards = [
        (f"PS{axis}_0", TABLE, "table of the wavelengths"),
        (f"PS{axis}_1", f"wavelength{ending}", "column of the wavelengths"),
    ]
    if number is not None:
        cards.append((f"PS{axis}_2", f"index{ending}", "column of the pixel indices"))
    return cards


def _table_axis(keywords: Mapping[str, object]) -> int | None:
    return next((axis for axis in (1, 2) if keywords.get(f"ctype{axis}") == LOOKED_UP), None)


def point_to_table(header: fits.Header, number: int | None, table: fits.BinTableHDU) -> None:
    """Have the header of a slit look its wavelengths up in the table.

    Parameters
    ----------
    header : Header
        With the keywords from `specresample.grids.fits_wcs.fits_wcs`. It is changed in place.
    number : int or None
        Of the slit, from 1; None for the only one.
    table : BinTableHDU
    """
    axis = _table_axis(header)
    if number is not None:
        header[f"CRVAL{axis}"] = float(table.data[f"index_{number}"][0, 0])
    for card in reversed(table_cards(header, number)):
        header.set(*card, after=f"CDELT{axis}")


def with_third_axis(keywords: Mapping[str, object], number: int) -> dict[str, object]:
    """Keywords that look wavelengths up along a third axis, in terms that the schemas know.

    The schemas of the data models know PS3_0 and PS3_1, for cubes, but neither PS1_1 nor PS2_1.
    So with a third axis, which depends on the pixels along the dispersion, data models keep the
    table of every slit of a file that they save.

    Parameters
    ----------
    keywords : mapping
        Those of a slit in ``meta.wcsinfo``.
    number : int
        Of the slit, from 1.

    Returns
    -------
    dict
        With a third axis, where an axis is looked up in the table.
    """
    axis = _table_axis(keywords)
    if axis is None:
        return dict(keywords)
    # The axis that the third one takes the place of counts planes, and there is one.
    plane = {f"ctype{axis}": "PIXEL", f"cunit{axis}": ""}
    # Not WAVE, because jdaviz refuses a file whose axis WAVE depends on several pixel axes.
    third = {"ctype3": "LAMB-TAB", "cunit3": "um", "crpix3": 1.0, "crval3": 1.0, "cdelt3": 1.0}
    matrix = {f"pc{axis}_{axis}": 0.0, f"pc{axis}_3": 1.0, f"pc3_{axis}": 1.0, "pc3_3": 0.0}
    table = {"ps3_0": TABLE, "ps3_1": f"wavelength_{number}"}
    return {**keywords, "wcsaxes": 3, **plane, **third, **matrix, **table}

"""The extensions COVAR of a product: covariances of the pixels of every slit.

Data models that save a product again give them other names, which `slit_extensions` knows.
"""

from collections.abc import Mapping
from contextlib import suppress

from astropy import units as u
from astropy.io import fits

EXTENSION = "COVAR"
SLIT = "SLITVER"  # keyword of an extension: EXTVER of its slit


def covariance_hdus(tree: Mapping[str, object]) -> list[fits.ImageHDU]:
    """Make the extensions of a product.

    Parameters
    ----------
    tree : mapping
        Tree of a data model. Where a slit has ``covariance``, it becomes the array of its
        extension, so that the ASDF links to it and not to a second copy.

    Returns
    -------
    list of ImageHDU
        For every slit with covariances, EXTVER counting slits.
    """
    hdus = []
    for number, slit in enumerate(tree.get("slits", [tree]), start=1):
        if "covariance" in slit:
            hdu = fits.ImageHDU(slit["covariance"], name=EXTENSION, ver=number)
            unit = _square(slit["meta"].get("bunit_data"))
            if unit:
                hdu.header["BUNIT"] = (unit, "square of the unit of SCI")
            for plane, lag in enumerate(slit["covariance_lags"], start=1):
                for axis, step in zip("yx", lag, strict=True):
                    comment = f"plane {plane}: step to the other pixel, {axis}"
                    hdu.header[f"LAG{axis.upper()}{plane}"] = (int(step), comment)
            hdu.header[SLIT] = (number, "EXTVER of the slit")
            slit["covariance"] = hdu.data
            hdus.append(hdu)
    return hdus


def _square(unit: object) -> str | None:
    """Give the square of a unit, as FITS writes it if it can; None of what is no unit."""
    try:
        square = u.Unit(unit) ** 2
    except (ValueError, TypeError):
        return None
    with suppress(ValueError):
        return square.to_string("fits")
    # FITS does not know DN, which lamp data are in.
    return square.to_string()


def slit_extensions(hdus: fits.HDUList) -> dict[int, dict[str, fits.hdu.base.ExtensionHDU]]:
    """Sort the extensions of a product by the slits that they belong to.

    Parameters
    ----------
    hdus : HDUList
        A product, also one that data models saved again.

    Returns
    -------
    dict of int to dict of str to HDU
        Extensions by the number of the slit (EXTVER of its SCI) and by name. Tables are among those
        of the first slit.
    """
    # A list of hundreds of extensions is searched too slowly by name.
    slits: dict[int, dict[str, fits.hdu.base.ExtensionHDU]] = {}
    for hdu in hdus[1:]:
        number, name = hdu.ver, hdu.name
        if SLIT in hdu.header:
            number, name = hdu.header[SLIT], EXTENSION
        slits.setdefault(number, {})[name] = hdu
    return slits

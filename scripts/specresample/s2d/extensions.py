"""The extensions of a product, slit by slit."""

from astropy.io import fits

from specresample.s2d.covariance_extension import EXTENSION, SLIT


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

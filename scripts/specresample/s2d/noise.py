"""The noise of a product with its covariances: the extensions COVAR, and what is read from them.

Data models that save a product again give them other names, which `slit_extensions` knows.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from astropy import units as u
from astropy.io import fits

from specresample.common.errors import ResampleError
from specresample.drizzling.correlated_noise import CorrelatedNoise
from specresample.drizzling.slit import VARIANCES

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
    """Write the square of a unit, in FITS form where there is one; None where it is no unit."""
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


def read_noise(path: str | Path, slit: int = 1) -> CorrelatedNoise:
    """Read the noise of a slit of a product made with ``covariance: true``.

    Parameters
    ----------
    path : str or Path
        A product.
    slit : int
        Number of the slit in the file (EXTVER), counted from 1.

    Returns
    -------
    CorrelatedNoise
        In the unit of SCI.

    Raises
    ------
    ResampleError
        When the product has no such slit or no covariances.
    """
    with fits.open(path, memmap=False) as hdus:
        extensions = slit_extensions(hdus).get(slit, {})
        if "SCI" not in extensions:
            raise ResampleError(f"{path}: it has no slit {slit}")
        noise = noise_of_slit(hdus[0].header, extensions)
    if noise is None:
        raise ResampleError(
            f"{path}: slit {slit} has no covariances ({EXTENSION}); make the product with "
            "errors: pixel and covariance: true"
        )
    return noise


def noise_of_slit(
    primary: fits.Header, extensions: Mapping[str, fits.ImageHDU]
) -> CorrelatedNoise | None:
    """Give the noise of a slit from its extensions.

    Parameters
    ----------
    primary : Header
        Of the product.
    extensions : mapping of str to ImageHDU
        Extensions of the slit by name.

    Returns
    -------
    CorrelatedNoise or None
        None when it has no covariances.
    """
    if EXTENSION not in extensions:
        return None
    planes, header = extensions[EXTENSION].data, extensions[EXTENSION].header
    return CorrelatedNoise.of_product(
        {name: extensions[name.upper()].data for name in VARIANCES},
        {(header[f"LAGY{k}"], header[f"LAGX{k}"]): plane for k, plane in enumerate(planes, 1)},
        errors=primary["ERRTYPE"],
        dispersion_axis=int(extensions["SCI"].header.get("DISPAXIS") or 1),
    )

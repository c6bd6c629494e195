"""Read the noise of a slit of a product, with its covariances."""

from collections.abc import Mapping
from pathlib import Path

from astropy.io import fits

from specresample.common.errors import ResampleError
from specresample.drizzling.correlated_noise import CorrelatedNoise
from specresample.drizzling.slit import VARIANCES
from specresample.s2d.covariance_extension import EXTENSION, slit_extensions


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

"""The digest by which a data model knows whether the headers of its file were edited."""

import hashlib
import warnings

from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

# Where stdatamodels keeps it in the ASDF tree.
FITS_HASH_KEY = "_fits_hash"


def fits_hash(hdus: fits.HDUList) -> str:
    """Digest of all headers but that of the ASDF extension, as stdatamodels makes it.

    Parameters
    ----------
    hdus : HDUList

    Returns
    -------
    str
        SHA-256 in hexadecimal digits.
    """
    digest = hashlib.sha256()
    # Of cards that are too long, for instance.
    with warnings.catch_warnings(action="ignore", category=AstropyWarning):
        for hdu in hdus:
            if hdu.name != "ASDF":
                digest.update(str(hdu.header).encode())
    return digest.hexdigest()

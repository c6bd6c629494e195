"""What a file holds and needs, as far as its size and name tell: for the planning of jobs.

No FITS file is opened when jobs are planned.
"""

from pathlib import Path

from specresample.association import is_uri

# Bytes of a NIRSpec slit with all its planes, about 20 x 700 pixels, and its WCS.
_SLIT = 500_000

# What a file that is not here is taken for, in bytes: a MOS exposure of 200 slits.
_REMOTE = 100_000_000


def file_size(path: str) -> int:
    """Size of a level-2b file in bytes; one that lies elsewhere is taken for large.

    Parameters
    ----------
    path : str
        Path or URI.

    Returns
    -------
    int
    """
    return _REMOTE if is_uri(path) else Path(path).stat().st_size


def estimated_slits(path: str) -> int:
    """Estimate how many slits an exposure holds: as many WCSs have to be built and evaluated.

    Parameters
    ----------
    path : str
        Path or URI of a level-2b file.

    Returns
    -------
    int
        At least 1. MIRI LRS files are large, but show one slit.
    """
    if "_mirimage" in Path(path).name:
        return 1
    return max(1, round(file_size(path) / _SLIT))

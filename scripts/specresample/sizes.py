"""What a file holds and needs, as far as its size and name tell: for the planning of jobs.

No FITS file is opened when jobs are planned.
"""

from pathlib import Path

# Pixels of an image, of input or output: four whole detectors. More is a mistake in a header or a
# WCS, and would fill the memory.
MAX_PIXELS = 2**24

# Bytes of a NIRSpec slit with all its planes, about 20 x 700 pixels, and its WCS.
_SLIT = 500_000


def estimated_slits(path: str) -> int:
    """Estimate how many slits an exposure holds: as many WCSs have to be built and evaluated.

    Parameters
    ----------
    path : str
        Path of a level-2b file.

    Returns
    -------
    int
        At least 1. MIRI LRS files are large, but show one slit.
    """
    if "_mirimage" in Path(path).name:
        return 1
    return max(1, round(Path(path).stat().st_size / _SLIT))

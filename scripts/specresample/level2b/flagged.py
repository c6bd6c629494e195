"""Write an exposure with the outliers that were found in it (``_crf``)."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy.io import fits

from specresample.common.files import written_aside
from specresample.level2b.exposure import FLOAT_ARRAYS, mark_invalid
from specresample.level2b.flags import DO_NOT_USE, OUTLIER


def write_flagged(
    source: str | Path, target: str | Path, outliers: Mapping[int, np.ndarray], status: str
) -> None:
    """Copy a level-2b file and flag its outliers.

    Parameters
    ----------
    source, target : str or Path
        The file, and the one to write.
    outliers : mapping of int to ndarray of bool
        Outliers of those slits that were searched, by the number of the slit in the file, from 0;
        of the shape of its images. Their pixels get DO_NOT_USE and OUTLIER, and in all arrays of
        these slits NaN and DO_NOT_USE are made to agree. Nothing else of the file changes but
        FILENAME and S_OUTLIR.
    status : str
        Value of S_OUTLIR, such as ``COMPLETE``.

    Raises
    ------
    ResampleError
        When the disk is full or not to be written.
    """
    with written_aside(target) as aside:
        shutil.copyfile(source, aside)
        with fits.open(aside, mode="update", output_verify="ignore") as hdus:
            hdus[0].header["FILENAME"] = Path(target).name
            hdus[0].header["S_OUTLIR"] = (status, "Outlier Detection")
            for number, found in outliers.items():
                _flag(hdus, number + 1, found)


def _flag(hdus: fits.HDUList, version: int, found: np.ndarray) -> None:
    if ("DQ", version) not in hdus:
        empty = np.zeros(found.shape, np.uint32)
        hdus.append(fits.ImageHDU(empty, name="DQ", ver=version))
    dq = hdus["DQ", version].data
    dq[found] |= DO_NOT_USE | OUTLIER
    planes = [hdus[name, version].data for name in FLOAT_ARRAYS.values() if (name, version) in hdus]
    floats = [p for p in planes if p is not None and p.shape == found.shape and p.dtype.kind == "f"]
    mark_invalid({str(k): plane for k, plane in enumerate(floats)} | {"dq": dq})

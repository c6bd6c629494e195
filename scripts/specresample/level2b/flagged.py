"""Write an exposure with the outliers that were found in it (``_crf``)."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy.io import fits

from specresample.common.files import written_aside
from specresample.level2b.flags import DO_NOT_USE, FLOAT_ARRAYS, OUTLIER, mark_invalid


def write_flagged(
    source: str | Path,
    target: str | Path,
    outliers: Mapping[int, tuple[np.ndarray, np.ndarray]],
    status: str,
) -> None:
    """Copy a level-2b file and flag its outliers.

    Parameters
    ----------
    source, target : str or Path
        The file, and the one to write.
    outliers : mapping of int to tuple of ndarray of int
        Rows and columns of the outliers in those slits that were searched, by the number of the
        slit in the file, from 0. These pixels get DO_NOT_USE and OUTLIER, and in all arrays of
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
            # By name once: a look-up in the list itself takes the longer the more slits there are.
            # Of equal names the first counts, as in `specresample.level2b.exposure`.
            places = {(hdu.name.upper(), hdu.ver): hdu for hdu in [*hdus][::-1]}
            for number, found in outliers.items():
                version = number + 1
                if ("DQ", version) not in places:
                    shape = places["SCI", version].shape
                    dq = fits.ImageHDU(np.zeros(shape, np.uint32), name="DQ", ver=version)
                    places["DQ", version] = dq
                    hdus.append(dq)
                arrays = {"dq": places["DQ", version].data}
                arrays["dq"][found] |= DO_NOT_USE | OUTLIER
                for name in FLOAT_ARRAYS:
                    image = places.get((name, version))
                    if image is not None and image.shape == arrays["dq"].shape:
                        arrays[name] = image.data
                mark_invalid(arrays)

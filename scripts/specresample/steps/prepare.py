"""Prepare an exposure: read its file once and evaluate the WCS of every slit."""

import gc
from pathlib import Path

from specresample.common.arrays import ArrayWriter
from specresample.common.files import written_aside
from specresample.footprint.preparation import prepare_exposure
from specresample.level2b.exposure import Exposure


def prepare(exposure: Path, arrays: Path, summary: Path, *, in_memory: bool) -> None:
    """Prepare an exposure.

    Parameters
    ----------
    exposure : Path
        Level-2b file.
    arrays : Path
        Takes the arrays of every slit: ``sci``, ``err``, variances and ``dq`` with invalid pixels
        made consistent, and ``coordinates``, the world coordinates of every pixel.
    summary : Path
        Takes the `specresample.footprint.prepared.PreparedExposure`.
    in_memory : bool
        Read the whole file at once instead of slit by slit.

    Raises
    ------
    ResampleError
        When the exposure cannot be used.
    """
    with (
        written_aside(arrays) as aside,
        Exposure(exposure, in_memory=in_memory) as opened,
        ArrayWriter(aside, "w") as writer,
    ):
        prepared = prepare_exposure(opened, writer)
    prepared.write(summary)
    gc.collect()

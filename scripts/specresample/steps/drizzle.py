"""Drizzle an exposure onto the output grids of a product: every slit onto its source's grid."""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

from specresample.common.arrays import ArrayFile, ArrayWriter
from specresample.common.files import written_aside
from specresample.drizzling.exposure import drizzle_exposure
from specresample.footprint.prepared import PreparedExposure
from specresample.grids.product_grids import ProductGrids


def drizzle(
    key: str,
    arrays: Path,
    summary: Path,
    outliers: Path | None,
    single: Path,
    *,
    grid: Path,
    arguments: Mapping[str, object],
) -> None:
    """Drizzle an exposure.

    Parameters
    ----------
    key : str
        Key of the exposure.
    arrays, summary : Path
        The prepared exposure.
    outliers : Path or None
        Its outliers, which do not count.
    single : Path
        Takes arrays of every source: ``sci``, ``wht`` and, for the combination, the variances, or
        ``err`` for single products; ``dq`` where it is propagated, and ``covariance`` where exact
        errors need it.
    grid : Path
        Grids of the product.
    arguments : mapping
        The arguments of drizzling.

    Raises
    ------
    ResampleError
        When a weight cannot be given.
    """
    with (
        written_aside(single) as aside,
        ArrayFile(arrays) as opened,
        ArrayWriter(aside) as writer,
        ArrayFile(outliers) if outliers else nullcontext() as found,
    ):
        drizzle_exposure(
            key,
            PreparedExposure.read(summary),
            opened,
            ProductGrids.read(grid),
            writer,
            arguments,
            found,
        )

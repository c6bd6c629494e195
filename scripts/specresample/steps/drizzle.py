"""Drizzle an exposure onto the output grids of a product: every slit onto its source's grid."""

import logging
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

from specresample.common.arrays import ArrayFile, ArrayWriter
from specresample.common.errors import ResampleError
from specresample.common.files import written_aside
from specresample.common.progress import Progress
from specresample.drizzling.exposure import drizzle_source
from specresample.drizzling.found_outliers import SlitOutliers
from specresample.footprint.prepared import PreparedExposure
from specresample.grids.product_grids import ProductGrids

log = logging.getLogger(__name__)


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
        When a weight cannot be given; names the slit.
    """
    exposure, sources = PreparedExposure.read(summary), ProductGrids.read(grid).sources_of(key)
    progress = Progress(sources)
    with (
        written_aside(single) as aside,
        ArrayFile(arrays) as opened,
        ArrayWriter(aside, "w") as writer,
        ArrayFile(outliers) if outliers else nullcontext() as found,
    ):
        for source in progress:
            slit = exposure.slit(source.slits[key])
            name, place = f"{key}: slit {slit.label}", str(slit.number)
            data = opened.group(place)
            if arguments["weight_type"] == "ivm" and "var_rnoise" not in data:
                log.warning("%s: no VAR_RNOISE: all good pixels count alike", name)
            of_slit = SlitOutliers(**found.group(place)) if outliers else None
            try:
                drizzled = drizzle_source(slit, data, source, arguments, of_slit)
            except ResampleError as error:
                raise ResampleError(f"{name}: {error}") from error
            if not (drizzled["wht"] > 0).any():
                log.warning("%s has no good pixel on the output grid", name)
            writer.add(str(source.number), drizzled)
            log.info("%s drizzled, %s", name, progress)

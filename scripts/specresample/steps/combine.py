"""Combine the drizzled exposures of a product and write its files, record and provenance."""

import gc
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from specresample.common.arrays import open_arrays
from specresample.common.files import folder_written_aside, write_json
from specresample.common.product_contents import ProductContents
from specresample.common.product_request import ProductRequest
from specresample.common.progress import Progress
from specresample.drizzling.found_outliers import with_outlier_status
from specresample.footprint.prepared import Exposures, PreparedExposure
from specresample.grids.product_grids import ProductGrids
from specresample.jobs.workers import Workers
from specresample.quality.slit_summary import SlitSummary
from specresample.reporting.provenance import product_provenance
from specresample.reporting.record import product_record
from specresample.s2d.product_files import ProductParts, make_file
from specresample.s2d.write import write_product

log = logging.getLogger(__name__)


def combine(
    request: ProductRequest,
    summaries: Mapping[str, Path],
    singles: Mapping[str, Path],
    workers: Workers,
    *,
    grid: Path,
    contents: Path,
    files: Path,
    record: Path,
    provenance: Path,
) -> None:
    """Make a product of its drizzled exposures.

    Parameters
    ----------
    request : ProductRequest
    summaries, singles : mapping of str to Path
        Summary of every prepared exposure, and the drizzled exposure, in association order.
    workers : Workers
    grid, contents : Path
        Grids and contents of the product.
    files : Path
        Folder that takes ``{file}_s2d.fits``: of all sources, or of a source or an exposure each.
    record, provenance : Path
        Take what was made, skipped or left out, and why; and what it was made of. They lie in its
        work folder (`specresample.common.paths`), which says where its files will be delivered.

    Raises
    ------
    ResampleError
        When a file cannot be written.
    """
    grids = ProductGrids.read(grid)
    names = ProductContents.read(contents).files
    exposures = {key: PreparedExposure.read(path) for key, path in summaries.items()}
    if request.arguments["outlier_detection"]:
        exposures = with_outlier_status(exposures, grids)
    with folder_written_aside(files) as folder:
        write = partial(_write, request, grids, exposures, singles, folder)
        written: dict[str, list[SlitSummary]] = {}
        for some in workers.map(write, workers.shares(names)):
            written |= some
        slits = [slit for name in names for slit in written[name]]
        out = record.parents[2]
        paths = {f"{out}/{name}_s2d.fits": folder / f"{name}_s2d.fits" for name in names}
        delivered = [path.name for path in paths.values()]
        made = product_record(request, grids, exposures, delivered, slits)
        made_of = product_provenance(request, grids, exposures, paths)
    write_json(provenance, made_of, indent=2)
    write_json(record, made, indent=2)


def _write(
    request: ProductRequest,
    grids: ProductGrids,
    exposures: Exposures,
    singles: Mapping[str, Path],
    folder: Path,
    names: Sequence[str],
) -> dict[str, list[SlitSummary]]:
    """Make and write some files, one after another; gives what is in each."""
    summaries = {}
    progress = Progress(names)
    with open_arrays(singles) as opened:
        parts = ProductParts(request, grids, exposures, opened)
        for name in progress:
            product, summaries[name] = make_file(parts, name)
            write_product(folder / f"{name}_s2d.fits", product)
            log.info("%s_s2d.fits made, %s", name, progress)
            # HDUs refer to each other: they hold their arrays until garbage is collected. What is
            # left stays, and need not be looked at again.
            del product
            gc.collect()
            gc.freeze()
    return summaries

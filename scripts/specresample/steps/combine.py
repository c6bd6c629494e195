"""Combine the drizzled exposures of a product and write its files, record and provenance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from specresample.common.arrays import open_arrays
from specresample.common.files import folder_written_aside, write_json
from specresample.common.product_contents import ProductContents
from specresample.common.product_request import ProductRequest
from specresample.drizzling.found_outliers import with_outlier_status
from specresample.footprint.prepared import Exposures, PreparedExposure
from specresample.grids.product_grids import ProductGrids
from specresample.quality.slit_summary import SlitSummary
from specresample.reporting.provenance import product_provenance
from specresample.reporting.record import product_record
from specresample.s2d.product_files import ProductParts, write_files
from specresample.steps.shares import shares


@dataclass(frozen=True)
class Drizzled:
    """Where the steps before left a product.

    Attributes
    ----------
    grid, contents : Path
        Grids and contents of the product.
    summaries, singles : mapping of str to Path
        Summary of every prepared exposure, and the drizzled exposure, in association order.
    """

    grid: Path
    contents: Path
    summaries: Mapping[str, Path]
    singles: Mapping[str, Path]


@dataclass(frozen=True)
class Made:
    """Where `combine` leaves a product.

    Attributes
    ----------
    files : Path
        Folder that takes ``{file}_s2d.fits``.
    record, provenance : Path
    """

    files: Path
    record: Path
    provenance: Path


def combine(
    request: ProductRequest,
    drizzled: Drizzled,
    made: Made,
    out: Path,
    spread: Callable,
    workers: int,
) -> None:
    """Make a product of its drizzled exposures.

    Parameters
    ----------
    request : ProductRequest
    drizzled : Drizzled
    made : Made
    out : Path
        Folder of all products, where the files will be delivered.
    spread : callable
        As `map`; see `specresample.jobs.workers.worker_pool`.
    workers : int
        Number of processes over which it spreads calls.

    Raises
    ------
    ResampleError
        When a file cannot be written.
    """
    grids = ProductGrids.read(drizzled.grid)
    contents = ProductContents.read(drizzled.contents)
    exposures = {key: PreparedExposure.read(path) for key, path in drizzled.summaries.items()}
    if request.arguments["outlier_detection"]:
        exposures = with_outlier_status(exposures, grids)
    with folder_written_aside(made.files) as folder:
        write = partial(_write, request, grids, exposures, drizzled.singles, folder)
        summaries: dict[str, list[SlitSummary]] = {}
        for some in spread(write, shares(contents.files, workers)):
            summaries |= some
        slits = [slit for file in contents.files for slit in summaries[file]]
        files = {f"{out}/{file}_s2d.fits": folder / f"{file}_s2d.fits" for file in contents.files}
        record = product_record(request, grids, exposures, [Path(f).name for f in files], slits)
        provenance = product_provenance(request, grids, exposures, files)
    write_json(made.provenance, provenance, indent=2)
    write_json(made.record, record, indent=2)


def _write(
    request: ProductRequest,
    grids: ProductGrids,
    exposures: Exposures,
    singles: Mapping[str, Path],
    folder: Path,
    files: Sequence[str],
) -> dict[str, list[SlitSummary]]:
    with open_arrays(singles) as opened:
        return write_files(folder, ProductParts(request, grids, exposures, opened), files)

"""Make a product at one go: all steps in one job, which shares them among its processes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from specresample.common.files import folder_written_aside, scratch_folder
from specresample.common.product_request import ProductRequest
from specresample.steps.combine import Drizzled, Made, combine
from specresample.steps.drizzle import drizzle
from specresample.steps.flag_outliers import flag_outliers
from specresample.steps.lay_out import lay_out
from specresample.steps.prepare import prepare


def make_product(
    request: ProductRequest,
    exposures: dict[str, Path],
    grid: Path,
    contents: Path,
    singles: Path,
    made: Made,
    out: Path,
    spread: Callable,
    workers: int,
    *,
    in_memory: bool,
) -> None:
    """Make a product.

    Parameters
    ----------
    request : ProductRequest
    exposures : dict of str to Path
        Level-2b file of every exposure by key, in association order.
    grid, contents : Path
        Take the grids and the contents of the product.
    singles : Path
        Folder that takes the drizzled exposures, ``{key}.npz``.
    made : Made
        Takes files, record and provenance.
    out : Path
        Folder of all products, where the files will be delivered.
    spread : callable
        As `map`; see `specresample.jobs.workers.worker_pool`.
    workers : int
        Number of processes over which it spreads calls.
    in_memory : bool
        Read whole files at once instead of slit by slit.

    Raises
    ------
    ResampleError
        When an exposure cannot be used, or no source can be resampled.
    """
    with (
        scratch_folder(grid.parent / ".prepared") as prepared,
        folder_written_aside(singles) as drizzled,
    ):
        arrays = {key: prepared / f"{key}.npz" for key in exposures}
        summaries = {key: prepared / f"{key}.json" for key in exposures}
        single = {key: drizzled / f"{key}.npz" for key in exposures}
        one = partial(prepare, in_memory=in_memory)
        list(spread(one, exposures.values(), arrays.values(), summaries.values()))

        files = {key: request.file(key) for key in exposures}
        lay_out(request.name, files, request.arguments, summaries, grid, contents)

        outliers = dict.fromkeys(exposures)
        if request.arguments["outlier_detection"]:
            found = Path(prepared, "outliers")
            flag_outliers(arrays, summaries, request.arguments, found, spread, workers)
            outliers = {key: found / f"{key}.npz" for key in exposures}

        one = partial(drizzle, grid=grid, arguments=request.arguments)
        kept = (arrays, summaries, outliers, single)
        list(spread(one, exposures, *(files.values() for files in kept)))
        before = Drizzled(grid, contents, summaries, single)
        combine(request, before, made, out, spread, workers)

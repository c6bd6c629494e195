"""Make a product at one go: all steps in one job, which shares them among its processes."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from specresample.common.files import folder_written_aside, scratch_folder
from specresample.common.product_request import ProductRequest
from specresample.jobs.workers import Workers
from specresample.steps.combine import combine
from specresample.steps.drizzle import drizzle
from specresample.steps.flag_outliers import flag_outliers
from specresample.steps.lay_out import lay_out
from specresample.steps.prepare import prepare


def make_product(
    request: ProductRequest,
    exposures: Mapping[str, Path],
    workers: Workers,
    *,
    grid: Path,
    contents: Path,
    singles: Path,
    in_memory: bool,
    **made: Path,
) -> None:
    """Make a product.

    Parameters
    ----------
    request : ProductRequest
    exposures : mapping of str to Path
        Level-2b file of every exposure by key, in association order.
    workers : Workers
    grid, contents : Path
        Take the grids and the contents of the product.
    singles : Path
        Folder that takes the drizzled exposures, ``{key}.npz``.
    in_memory : bool
        Read whole files at once instead of slit by slit.
    **made : Path
        What takes the product: ``files``, ``record`` and ``provenance``, as of `combine`.

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
        list(workers.map(one, exposures.values(), arrays.values(), summaries.values()))

        files = {key: request.file(key) for key in exposures}
        lay_out(request.name, files, request.arguments, summaries, grid, contents)

        outliers = dict.fromkeys(exposures)
        if request.arguments["outlier_detection"]:
            found = Path(prepared, "outliers")
            flag_outliers(arrays, summaries, request.arguments, found, workers)
            outliers = {key: found / f"{key}.npz" for key in exposures}

        one = partial(drizzle, grid=grid, arguments=request.arguments)
        kept = (arrays, summaries, outliers, single)
        list(workers.map(one, exposures, *(files.values() for files in kept)))
        combine(request, summaries, single, workers, grid=grid, contents=contents, **made)

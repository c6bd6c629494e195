"""Lay out the output grids of a product, from the summaries of its exposures."""

from collections.abc import Mapping
from pathlib import Path

from specresample.common.names import single_file
from specresample.common.product_contents import ProductContents
from specresample.footprint.prepared import PreparedExposure
from specresample.grids.output_grids import output_grids


def lay_out(
    name: str,
    files: Mapping[str, str],
    arguments: Mapping[str, object],
    summaries: Mapping[str, Path],
    grid: Path,
    contents: Path,
) -> None:
    """Lay out the grids of a product.

    Parameters
    ----------
    name : str
        Product name of the association.
    files : mapping of str to str
        File name of every exposure by key, in association order.
    arguments : mapping
        The arguments of the grid, and ``single``.
    summaries : mapping of str to Path
        Summary of every prepared exposure.
    grid : Path
        Takes the `specresample.grids.product_grids.ProductGrids`.
    contents : Path
        Takes the `specresample.common.product_contents.ProductContents`.

    Raises
    ------
    ResampleError
        When no source can be resampled.
    """
    exposures = {key: PreparedExposure.read(summaries[key]) for key in files}
    grids = output_grids(name, exposures, arguments)
    used = grids.used_exposures()
    if arguments["single"]:
        names = [single_file(name, files[key]) for key in used]
    else:
        names = dict.fromkeys(source.file for source in grids.sources)
    ProductContents(tuple(names), tuple(used)).write(contents)
    grids.write(grid)

"""Draw products: spectrum, weight, context, profiles and sum of every slit, or a contact sheet.

Makes `preview.png`, for a look at what came out.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from specresample.common.arrays import ArrayFile, open_arrays
from specresample.common.files import read_json
from specresample.jobs.job import logged_job
from specresample.reporting.preview import exposure_profiles, preview, write_preview
from specresample.s2d.read import read_product

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from snakemake.iocontainers import snakemake


def product_preview(
    products: Sequence[str], grids: Mapping[str, object], singles: Mapping[str, ArrayFile]
) -> "Figure":
    """Draw the slits of products.

    Parameters
    ----------
    products : sequence of str
        Paths of the product's files.
    grids : mapping
        Grids of the product, as the rule ``output_grid`` makes them.
    singles : mapping of str to ArrayFile
        Drizzled arrays of every exposure; none when its profiles are not to be drawn.

    Returns
    -------
    Figure
    """
    slits, profiles = [], []
    for path in products:
        file = Path(path).name.removesuffix("_s2d.fits")
        read = read_product(path)
        slits += [(file, slit) for slit in read]
        if singles:
            sources = [source for source in grids["sources"] if source["file"] == file]
            profiles += [
                exposure_profiles(slit, source, singles)
                for slit, source in zip(read, sources, strict=True)
            ]
    return preview(slits, profiles)


if __name__ == "__main__":
    inputs = snakemake.input
    with (
        logged_job(snakemake.log[0], snakemake.resources),
        open_arrays(snakemake.params.singles, in_memory=False) as singles,
    ):
        figure = product_preview(inputs.products, read_json(inputs.grid), singles)
        write_preview(snakemake.output[0], figure)

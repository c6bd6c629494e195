"""Combine the drizzled exposures of a product and write its s2d file.

Makes `{product}_s2d.fits`: for every source the weighted mean of its exposures, variances, error,
context and GWCS, with blended headers.
"""

from typing import TYPE_CHECKING

from specresample.combination import combined_arrays
from specresample.files import read_json
from specresample.job import logged_job
from specresample.product import product_model, write_product
from specresample.storage import open_arrays

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    params, inputs = snakemake.params, snakemake.input
    with logged_job(snakemake.log[0]):
        grids = read_json(inputs.grid)
        exposures = dict(zip(params.exposures, map(read_json, inputs.summaries), strict=True))
        paths = dict(zip(params.exposures, inputs.singles, strict=True))
        with open_arrays(paths, in_memory=bool(snakemake.resources.in_memory)) as singles:
            product = product_model(
                grids,
                grids["sources"],
                exposures,
                combined_arrays(grids["sources"], exposures, singles, params.arguments),
                params.arguments,
                params.association,
                several=grids["several"],
            )
        write_product(snakemake.output[0], product)

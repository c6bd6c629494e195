"""Combine the drizzled exposures of a product and write its s2d file.

Makes `{product}_s2d.fits`: for every source the weighted mean of its exposures, variances, error,
context and GWCS, with blended headers.
"""

from typing import TYPE_CHECKING

from specresample.common.arrays import open_arrays
from specresample.common.files import read_json, write_json
from specresample.jobs.job import logged_job
from specresample.s2d.product_files import Ingredients, combined_product, prepared_exposures
from specresample.s2d.write import write_product

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    params, inputs = snakemake.params, snakemake.input
    paths = dict(zip(params.exposures, inputs.singles, strict=True))
    with (
        logged_job(snakemake.log[0], snakemake.resources),
        open_arrays(paths, in_memory=bool(snakemake.resources.in_memory)) as singles,
    ):
        ingredients = Ingredients(
            grids=read_json(inputs.grid),
            exposures=prepared_exposures(inputs.summaries, params.exposures),
            singles=singles,
            arguments=params.arguments,
            association=params.association,
        )
        product = combined_product(ingredients)
        write_product(snakemake.output.product, product)
        write_json(snakemake.output.facts, product.facts)

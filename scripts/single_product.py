"""Write the single product of an exposure: its slits on the grids of a product, not combined.

Makes `{product}/{exposure}_outlier_s2d.fits` with `single: true`.
"""

from typing import TYPE_CHECKING

from specresample.common.arrays import ArrayFile
from specresample.common.files import read_json, write_json
from specresample.jobs.job import logged_job
from specresample.s2d.product_files import Ingredients, prepared_exposures, single_product
from specresample.s2d.write import write_product

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    params, inputs = snakemake.params, snakemake.input
    with (
        logged_job(snakemake.log[0], snakemake.resources),
        ArrayFile(inputs.single, in_memory=bool(snakemake.resources.in_memory)) as single,
    ):
        ingredients = Ingredients(
            grids=read_json(inputs.grid),
            exposures=prepared_exposures([inputs.summary], {params.exposure: params.file}),
            singles={params.exposure: single},
            arguments=params.arguments,
            association=params.association,
        )
        product = single_product(ingredients, params.exposure)
        write_product(snakemake.output.product, product)
        write_json(snakemake.output.facts, product.facts)

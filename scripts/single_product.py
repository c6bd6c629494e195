"""Write the single product of an exposure: its slits on the grids of a product, not combined.

Makes `{product}/{exposure}_outlier_s2d.fits` with `single: true`.
"""

from typing import TYPE_CHECKING

from specresample.combination import fill_number, single_arrays
from specresample.files import read_json
from specresample.job import logged_job
from specresample.product import product_model, write_product
from specresample.storage import ArrayFile

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    params, inputs = snakemake.params, snakemake.input
    with (
        logged_job(snakemake.log[0]),
        ArrayFile(inputs.single, in_memory=bool(snakemake.resources.in_memory)) as single,
    ):
        grids = read_json(inputs.grid)
        sources = [source for source in grids["sources"] if params.exposure in source["slits"]]
        arrays = (
            single_arrays(
                single.group(str(source["number"])),
                scale_ratio=source["scale_ratio"],
                fill_value=fill_number(params.arguments["fillval"]),
            )
            for source in sources
        )
        product = product_model(
            grids,
            sources,
            {params.exposure: read_json(inputs.summary)},
            arrays,
            params.arguments,
            params.association,
            several=grids["several"],
        )
        write_product(snakemake.output[0], product)

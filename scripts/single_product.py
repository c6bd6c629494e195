"""Write the single product of an exposure: its slits on the grids of a product, not combined.

Makes `{product}/{exposure}_outlier_s2d.fits` with `single: true`.
"""

from typing import TYPE_CHECKING

from specresample.combination import single_arrays
from specresample.files import read_json
from specresample.job import logged_job
from specresample.product import fill_value, product_model, write_product
from specresample.sources import has_several_slits
from specresample.storage import ArrayFile

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    params, inputs = snakemake.params, snakemake.input
    key = snakemake.wildcards.exposure
    with (
        logged_job(snakemake.log[0]),
        ArrayFile(inputs.single, in_memory=params.in_memory) as single,
    ):
        exposure = {key: read_json(inputs.summary)}
        sources = [s for s in read_json(inputs.grid)["sources"] if key in s["slits"]]
        arrays = (
            single_arrays(
                single.group(str(source["number"])),
                scale_ratio=source["scale_ratio"],
                fill_value=fill_value(params.arguments["fillval"]),
            )
            for source in sources
        )
        product = product_model(
            sources,
            exposure,
            arrays,
            params.arguments,
            params.association,
            several=has_several_slits(exposure),
        )
        write_product(snakemake.output[0], product)

"""Combine the drizzled exposures of some sources and write a file for each.

Makes a folder of `{source}_s2d.fits`, for products whose name holds a template: as `combine`, but
every source is a file of its own, named as the observatory names it.
"""

from itertools import chain
from typing import TYPE_CHECKING

from specresample.common.arrays import open_arrays
from specresample.common.files import folder_written_aside, read_json, write_json
from specresample.jobs.job import logged_job
from specresample.s2d.product_files import (
    Ingredients,
    prepared_exposures,
    source_products,
    write_files,
)

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    params, inputs = snakemake.params, snakemake.input
    paths = dict(zip(params.exposures, inputs.singles, strict=True))
    # Never all in memory: of the exposures' many sources, only some are read here, once.
    with (
        logged_job(snakemake.log[0], snakemake.resources),
        open_arrays(paths, in_memory=False) as singles,
        folder_written_aside(snakemake.output.files) as folder,
    ):
        ingredients = Ingredients(
            grids=read_json(inputs.grid),
            exposures=prepared_exposures(inputs.summaries, params.exposures),
            singles=singles,
            arguments=params.arguments,
            association=params.association,
        )
        sources = ingredients.grids["sources"][slice(*params.sources)]
        facts = write_files(folder, source_products(ingredients, sources))
        write_json(snakemake.output.facts, [*chain(*facts.values())])

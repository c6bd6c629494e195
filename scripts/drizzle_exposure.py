"""Drizzle an exposure onto the output grids of a product: every slit onto its source's grid.

Makes arrays by source: ``sci``, ``wht`` and, for the combination, the variances, or ``err`` for
single products; ``dq`` where it is propagated.
"""

from typing import TYPE_CHECKING

from specresample.common.arrays import ArrayFile, ArrayWriter
from specresample.common.files import read_json, written_aside
from specresample.drizzling.exposure import drizzle_exposure
from specresample.jobs.job import logged_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with (
        logged_job(snakemake.log[0], snakemake.resources),
        written_aside(snakemake.output[0]) as aside,
        ArrayFile(snakemake.input.arrays, in_memory=bool(snakemake.resources.in_memory)) as arrays,
        ArrayWriter(aside) as writer,
    ):
        drizzle_exposure(
            snakemake.wildcards.exposure,
            read_json(snakemake.input.summary),
            arrays,
            read_json(snakemake.input.grid)["sources"],
            writer,
            snakemake.params.arguments,
        )

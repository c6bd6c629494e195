"""Make a small product at one go, from its exposures to its files and records.

Makes what the other scripts make step by step: the grids, a folder of s2d files, the record and
the provenance.
"""

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from specresample.common.files import folder_written_aside, write_json
from specresample.jobs.job import logged_job
from specresample.reporting.provenance import product_provenance
from specresample.reporting.record import product_record
from specresample.smallproduct import SmallProduct

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    params, outputs = snakemake.params, snakemake.output
    with (
        logged_job(snakemake.log[0], snakemake.resources),
        folder_written_aside(outputs.files) as folder,
    ):
        # Not an output: Snakemake would remove it before the job that wants to use it again.
        kept = Path(outputs.grid).parent if snakemake.resources.keep_intermediates else folder
        small_product = SmallProduct(
            name=params.name,
            exposures=dict(zip(params.exposures, snakemake.input.exposures, strict=True)),
            arguments=params.arguments,
            association=params.association,
            prepared=kept / "prepared",
            code=params.preparing_code,
            files=folder,
            in_memory=bool(snakemake.resources.in_memory),
        )
        grids, exposures, facts = small_product.make(snakemake.threads)
        output_dir = Path(outputs.record).parents[2]
        files = {f"{output_dir}/{name}_s2d.fits": folder / f"{name}_s2d.fits" for name in facts}
        entries = dict(zip(params.places, exposures.values(), strict=True))
        record = product_record(
            snakemake.wildcards.product,
            grids,
            exposures,
            [*files],
            [*chain(*facts.values())],
            params.other_members,
        )
        provenance = product_provenance(
            grids, entries, params.association_file, params.arguments, files
        )
        write_json(outputs.grid, grids)
        write_json(outputs.provenance, provenance, indent=2)
        write_json(outputs.record, record, indent=2)

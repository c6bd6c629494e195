"""Make a small product at one go, from its exposures to its files and records.

Makes what the other scripts make step by step: the grids, a folder of s2d files, the record and
the provenance.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from specresample.files import folder_written_aside, write_json
from specresample.job import logged_job
from specresample.product import write_product
from specresample.products import product_files
from specresample.records import product_provenance, product_record
from specresample.smallproduct import drizzled_product

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    params, outputs = snakemake.params, snakemake.output
    exposures = dict(zip(params.exposures, snakemake.input.exposures, strict=True))
    with (
        logged_job(snakemake.log[0]),
        folder_written_aside(outputs.files) as folder,
        TemporaryDirectory(dir=folder) as scratch,
        drizzled_product(
            params.name,
            exposures,
            params.arguments,
            params.association,
            Path(scratch),
            folder / "singles",
            in_memory=bool(snakemake.resources.in_memory),
        ) as ingredients,
    ):
        output_dir = Path(outputs.record).parents[2]
        files, facts = {}, []
        for name, product in product_files(ingredients):
            file = f"{name}_s2d.fits"
            files[f"{output_dir}/{file}"] = path = folder / file
            write_product(path, product)
            facts += product.facts
        grids = ingredients.grids
        entries = dict(zip(params.places, ingredients.exposures.values(), strict=True))
        record = product_record(
            snakemake.wildcards.product,
            grids,
            ingredients.exposures,
            [*files],
            facts,
            params.other_members,
        )
        provenance = product_provenance(
            grids, entries, params.association_file, params.arguments, files
        )
        write_json(outputs.grid, grids)
        write_json(outputs.provenance, provenance, indent=2)
        write_json(outputs.record, record, indent=2)

"""Drizzle an exposure onto the output grids of a product: every slit onto its source's grid."""

from pathlib import Path

from specresample.jobs.job import logged_job
from specresample.steps.drizzle import drizzle

if __name__ == "__main__":
    key, folder = snakemake.wildcards.exposure, snakemake.input.outliers
    with logged_job(snakemake):
        drizzle(
            key,
            Path(snakemake.input.arrays),
            Path(snakemake.input.summary),
            Path(folder, f"{key}.npz") if folder else None,
            Path(snakemake.output[0]),
            grid=Path(snakemake.input.grid),
            arguments=snakemake.params.arguments,
        )

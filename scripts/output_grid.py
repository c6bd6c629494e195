"""Lay out the output grids of a product: one for every source in its exposures."""

from pathlib import Path

from specresample.jobs.job import logged_job
from specresample.steps.lay_out import lay_out

if __name__ == "__main__":
    with logged_job(snakemake):
        params = snakemake.params
        lay_out(
            params.name,
            params.files,
            params.arguments,
            dict(zip(params.files, map(Path, snakemake.input.summaries), strict=True)),
            Path(snakemake.output.grid),
            Path(snakemake.output.contents),
        )

"""Write a copy of an exposure in which its outliers are flagged: with other DQ and NaN."""

from pathlib import Path

from specresample.jobs.job import logged_job
from specresample.steps.flagged_exposure import flagged_exposure

if __name__ == "__main__":
    with logged_job(snakemake):
        flagged_exposure(
            snakemake.wildcards.exposure,
            Path(snakemake.input.exposure),
            Path(snakemake.input.grid),
            Path(snakemake.params.single),
            Path(snakemake.output[0]),
        )

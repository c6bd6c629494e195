"""Prepare an exposure: read its file once and evaluate the WCS of every slit."""

from pathlib import Path

from specresample.jobs.job import logged_job
from specresample.steps.prepare import prepare

if __name__ == "__main__":
    with logged_job(snakemake):
        prepare(
            Path(snakemake.input[0]),
            Path(snakemake.output.arrays),
            Path(snakemake.output.summary),
            in_memory=snakemake.config["in_memory"],
        )

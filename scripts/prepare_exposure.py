"""Prepare an exposure: read its file once and evaluate the WCS of every slit.

Makes two files that hold all that later rules need of the exposure:

- arrays by slit: ``sci``, ``err``, variances and ``dq`` with invalid pixels made consistent, and
  ``coordinates``, the world coordinates of every pixel;
- a JSON file: metadata of exposure and slits, a summary of each slit's footprint, and the slits
  that cannot be used with the reason.
"""

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

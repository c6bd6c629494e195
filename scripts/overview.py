"""Show all products of a campaign on one page, for the report."""

from pathlib import Path

from specresample.jobs.job import logged_job
from specresample.reporting.ledger import entry_of_record
from specresample.reporting.overview import write_overview

if __name__ == "__main__":
    with logged_job(snakemake):
        write_overview(
            Path(snakemake.output[0]), [entry_of_record(Path(path)) for path in snakemake.input]
        )

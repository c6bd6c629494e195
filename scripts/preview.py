"""Draw a product: spectrum, weight, context, profiles and sum of every slit, or a contact sheet."""

from pathlib import Path

from specresample.jobs.job import logged_job
from specresample.reporting.preview import write_preview
from specresample.steps.draw_preview import product_preview

if __name__ == "__main__":
    with logged_job(snakemake):
        figure = product_preview(
            [*map(Path, snakemake.input.products)],
            Path(snakemake.input.grid),
            {key: Path(path) for key, path in snakemake.params.singles.items()},
        )
        write_preview(snakemake.output[0], figure)

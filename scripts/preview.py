"""Draw a product: spectrum, weight, context, profiles and sum of every slit, or a contact sheet.

Makes `preview.png`.
"""

from pathlib import Path

from specresample.jobs.job import logged_job
from specresample.steps.draw_preview import draw_preview

if __name__ == "__main__":
    with logged_job(snakemake.log, snakemake.resources):
        draw_preview(
            [*map(Path, snakemake.input.products)],
            Path(snakemake.input.grid),
            {key: Path(path) for key, path in snakemake.params.singles.items()},
            Path(snakemake.output[0]),
        )

# Resample and combine JWST 2-D spectra: what jwst's resample_spec makes of an association.
#
#   association.json ─┐
#   exposure_1_cal ───┤ prepare_exposure   per exposure   .work/exposures/{exposure}.npz, .json
#   exposure_2_cal ───┤ output_grid        per product    .work/{product}/grid.json, contents.json
#         ...         ├ flag_outliers      per product    .work/{product}/outliers/, if asked for
#                     ├ drizzle_exposure   per both       .work/{product}/singles/{exposure}.npz
#                     └ combine            per product    .work/{product}/files/, record.json
#                       deliver            per file       {file}_s2d.fits
#                       record, preview    per product    {product}/record.json, preview.png
#
# All below output_dir (specresample.common.paths). With `job_per: product` one job, make_product,
# does what these rules do up to combine, and leaves the same files. Which files a product has is
# known once its grids are laid out. Associations are read when the DAG is built, FITS files only in
# jobs.

from snakemake.utils import min_version

min_version("9.19")


# What is asked for, and functions of the rules.
include: "rules/plan.smk"


report: "report/workflow.rst"


# Snakemake reads the text of a constraint for every path. A list of all names would make that slow.
wildcard_constraints:
    product="[^/]+",
    exposure="[^/]+",
    file=DELIVERED,


localrules:
    all,
    deliver,
    record,
    previews,
    overview,


rule all:
    input:
        records=records_of_all,
        # Of a product that was deleted a record alone would not tell.
        files=lambda wildcards: [
            file
            for product in CAMPAIGN.products
            for file in [*files_of(product), *flagged_of(product)]
        ],
    message:
        "All products are made"


# From exposures to the files of a product: prepare_exposure, output_grid, drizzle_exposure and
# combine, or make_product alone.
include: f"rules/job_per_{CAMPAIGN.config['job_per']}.smk"
# deliver, flagged_exposure, record
include: "rules/delivery.smk"
# preview, overview, previews
include: "rules/pictures.smk"


onstart:
    begin_run()


onsuccess:
    close_run()


onerror:
    close_run()

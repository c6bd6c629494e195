# Resample and combine JWST 2-D spectra: what jwst's resample_spec makes of an association.
#
#   association.json ─┐
#   exposure_1_cal ───┤ prepare_exposure   per exposure   .work/exposures/{exposure}.npz, .json
#   exposure_2_cal ───┤ output_grid        per product    .work/{product}/grid.json
#                     ├ drizzle_exposure   per both       .work/{product}/{exposure}.npz
#                     └ combine            per product    {product}_s2d.fits
#                       record             per product    {product}/record.json
#
# All below output_dir. Associations are read when the DAG is built, FITS files only in jobs.

import json
import sys

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.19")

sys.path.insert(0, f"{workflow.current_basedir}/scripts")

from specresample.campaign import Campaign
from specresample.errors import ResampleError


configfile: "config/config.yaml"


try:
    CAMPAIGN = Campaign(config, workflow.current_basedir)
except ResampleError as error:
    raise WorkflowError(str(error))

OUT = CAMPAIGN.config["output_dir"]
WORK = f"{OUT}/.work"
LOGS = f"{OUT}/.work/logs"


wildcard_constraints:
    product=CAMPAIGN.pattern(CAMPAIGN.products),
    exposure=CAMPAIGN.pattern(CAMPAIGN.exposures),


localrules:
    all,
    record,


rule all:
    input:
        expand(f"{OUT}/{{product}}/record.json", product=CAMPAIGN.products),


rule prepare_exposure:
    input:
        lambda wildcards: CAMPAIGN.exposures[wildcards.exposure],
    output:
        arrays=CAMPAIGN.intermediate(f"{WORK}/exposures/{{exposure}}.npz", temp),
        summary=CAMPAIGN.intermediate(f"{WORK}/exposures/{{exposure}}.json", temp),
    log:
        f"{LOGS}/prepare_exposure/{{exposure}}.log",
    conda:
        "envs/resample.yaml"
    params:
        code=CAMPAIGN.code("prepare_exposure"),
        in_memory=CAMPAIGN.config["in_memory"],
    message:
        "Preparing exposure {wildcards.exposure}"
    script:
        "scripts/prepare_exposure.py"


checkpoint output_grid:
    input:
        lambda wildcards: expand(
            rules.prepare_exposure.output.summary, exposure=CAMPAIGN.members(wildcards)
        ),
    output:
        f"{WORK}/{{product}}/grid.json",
    log:
        f"{LOGS}/output_grid/{{product}}.log",
    conda:
        "envs/resample.yaml"
    params:
        code=CAMPAIGN.code("output_grid"),
        exposures=CAMPAIGN.members,
        pixel_scale_ratio=lambda wildcards: CAMPAIGN.arguments(wildcards)[
            "pixel_scale_ratio"
        ],
        pixel_scale=lambda wildcards: CAMPAIGN.arguments(wildcards)["pixel_scale"],
    message:
        "Laying out the grids of product {wildcards.product}"
    script:
        "scripts/output_grid.py"


rule drizzle_exposure:
    input:
        arrays=rules.prepare_exposure.output.arrays,
        summary=rules.prepare_exposure.output.summary,
        grid=rules.output_grid.output[0],
    output:
        CAMPAIGN.intermediate(f"{WORK}/{{product}}/{{exposure}}.npz", temp),
    log:
        f"{LOGS}/drizzle_exposure/{{product}}/{{exposure}}.log",
    conda:
        "envs/resample.yaml"
    params:
        code=CAMPAIGN.code("drizzle_exposure"),
        arguments=CAMPAIGN.select(
            "pixfrac", "kernel", "weight_type", "single", "propagate_dq"
        ),
        in_memory=lambda wildcards: CAMPAIGN.arguments(wildcards)["in_memory"],
    message:
        "Drizzling exposure {wildcards.exposure} of product {wildcards.product}"
    script:
        "scripts/drizzle_exposure.py"


rule combine:
    input:
        grid=rules.output_grid.output[0],
        summaries=lambda wildcards: expand(
            rules.prepare_exposure.output.summary, exposure=CAMPAIGN.members(wildcards)
        ),
        singles=lambda wildcards: expand(
            rules.drizzle_exposure.output,
            exposure=CAMPAIGN.members(wildcards),
            allow_missing=True,
        ),
    output:
        f"{OUT}/{{product}}_s2d.fits",
    log:
        f"{LOGS}/combine/{{product}}.log",
    conda:
        "envs/resample.yaml"
    params:
        code=CAMPAIGN.code("combine"),
        exposures=CAMPAIGN.members,
        arguments=CAMPAIGN.select(
            "pixfrac",
            "kernel",
            "fillval",
            "weight_type",
            "propagate_dq",
            "blendheaders",
        ),
        in_memory=lambda wildcards: CAMPAIGN.arguments(wildcards)["in_memory"],
        association=CAMPAIGN.association,
    message:
        "Combining product {wildcards.product}"
    script:
        "scripts/combine.py"


def products_of(wildcards):
    """Files of a product; known when its grids are: a skipped product has none."""
    with checkpoints.output_grid.get(**wildcards).output[0].open() as file:
        grids = json.load(file)
    if grids["skip"]:
        return []
    return expand(rules.combine.output, product=wildcards.product)


rule record:
    input:
        grid=rules.output_grid.output[0],
        products=products_of,
    output:
        f"{OUT}/{{product}}/record.json",
    log:
        f"{LOGS}/record/{{product}}.log",
    conda:
        "envs/resample.yaml"
    params:
        code=CAMPAIGN.code("record"),
    message:
        "Recording product {wildcards.product}"
    script:
        "scripts/record.py"

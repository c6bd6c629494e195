# Resample and combine JWST 2-D spectra: what jwst's resample_spec makes of an association.
#
#   association.json ─┐
#   exposure_1_cal ───┤ prepare_exposure   per exposure   .work/exposures/{exposure}.npz, .json
#   exposure_2_cal ───┤ output_grid        per product    .work/{product}/grid.json
#                     ├ drizzle_exposure   per both       .work/{product}/{exposure}.npz
#                     └ combine            per product    {product}_s2d.fits
#                       record             per product    {product}/record.json
#
# All below output_dir. Instead of combine comes single_product with single: true, and
# combine_sources where the product's name holds a template, so that every source is a file.
# Products that are made quicker than their jobs are started have one job, small_product, that does
# all of it. What is made in a folder of its own, deliver puts into its place. Which files a product
# has is known once its grids are: rules/common.smk asks.
# Associations are read when the DAG is built, FITS files only in jobs.

import atexit
import gc
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.19")

FOLDER = workflow.current_basedir
if not FOLDER.is_local:
    # A module from a git host: Snakemake fetches each file when it is asked for, and scripts find
    # the package beside them.
    git = FOLDER.hosted_repo.repo.git
    files = git.ls_tree("-r", "--name-only", FOLDER.ref, "config", "scripts").split()
    FOLDER = Path([workflow.source_path(file) for file in files][0]).parents[1]

sys.path.insert(0, f"{FOLDER}/scripts")

from specresample.plan.campaign import Campaign
from specresample.common.errors import ResampleError
from specresample.plan.locks import hold_mark, remove_stale_locks
from specresample.jobs.terminal import watch_products
from specresample.s2d.history import PRODUCT_ARGUMENTS

# Every key has a default, so that a working directory needs no config file of its own.
if Path("config/config.yaml").is_file():

    configfile: "config/config.yaml"


try:
    CAMPAIGN = Campaign(config, FOLDER)
except ResampleError as error:
    raise WorkflowError(str(error))

OUT = CAMPAIGN.config["output_dir"]
WORK = f"{OUT}/.work"
LOGS = f"{WORK}/logs"
BENCHMARKS = f"{WORK}/benchmarks"

# in_memory and keep_intermediates are resources of jobs and not params: they change no byte and
# repeat nothing.

# How many sources of a template product one job combines: enough to be worth its start, and few
# enough that two cores share the work.
SOURCES_PER_JOB = (6, 15)

DRIZZLE_ARGUMENTS = ["pixfrac", "kernel", "weight_type", "single", "propagate_dq"]
GRID_ARGUMENTS = ["pixel_scale_ratio", "pixel_scale", "output_shape", "output_wcs"]
ARGUMENTS = sorted({*DRIZZLE_ARGUMENTS, *GRID_ARGUMENTS, *PRODUCT_ARGUMENTS})

# How records are shown in a report.
RECORD = {
    "category": "Records",
    "caption": "report/record.rst",
    "labels": {"product": "{product}"},
}


report: "report/workflow.rst"


# As Python ends it would look for garbage among all that was imported, for a fifth of a second.
atexit.register(gc.freeze)

if workflow.is_main_process and remove_stale_locks(Path(".snakemake")):
    print("An earlier run was killed: its locks are removed.", file=sys.stderr)


onstart:
    workflow.alive = hold_mark(Path(".snakemake"))
    # By default Snakemake starts at most 100 jobs a second, and to know when that is over it ends a
    # full second after its last job: small products on one machine would take that much longer.
    rate = workflow.scheduler.job_rate_limiter
    if workflow.local_exec and rate and (rate.max_jobs, rate.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
    made = {file for job in workflow.dag.needrun_jobs() for file in job.output}
    records = expand(rules.record.output.record, product=CAMPAIGN.products)
    watch_products([Path(record) for record in records if record in made])


onsuccess:
    print(close_ledger(), file=sys.stderr)


onerror:
    # Said last, below what Snakemake has to say of the jobs that failed.
    atexit.register(print, close_ledger(), file=sys.stderr)


wildcard_constraints:
    product=CAMPAIGN.large_pattern,
    exposure=CAMPAIGN.exposure_pattern,
    file=CAMPAIGN.delivered_pattern,
    part="[0-9]+",


localrules:
    all,
    previews,
    overview,
    deliver,
    record,
    small_product_record,


include: "rules/common.smk"


rule all:
    input:
        records=records_of_all,
        # Of a product that was deleted a record alone would not tell.
        files=lambda wildcards: [
            file for product in CAMPAIGN.products for file in products_of(product)
        ],
    message:
        "All products are made"


rule prepare_exposure:
    input:
        lambda wildcards: given(CAMPAIGN.exposures[wildcards.exposure]),
    output:
        arrays=CAMPAIGN.intermediate(f"{WORK}/exposures/{{exposure}}.npz", temp),
        summary=CAMPAIGN.intermediate(f"{WORK}/exposures/{{exposure}}.json", temp),
    log:
        f"{LOGS}/prepare_exposure/{{exposure}}.log",
    benchmark:
        f"{BENCHMARKS}/prepare_exposure/{{exposure}}.tsv"
    cache: workflow.enable_cache
    conda:
        "envs/resample.yaml"
    resources:
        **CAMPAIGN.resources("prepare_exposure"),
        in_memory=int(CAMPAIGN.config["in_memory"]),
    params:
        code=CAMPAIGN.code("prepare_exposure"),
    message:
        "Preparing exposure {wildcards.exposure}"
    script:
        "scripts/prepare_exposure.py"


if workflow.enable_cache:
    # Snakemake measures no job whose output may come from a cache, and refuses to be asked for it.
    rules.prepare_exposure.rule._benchmark = None


checkpoint output_grid:
    input:
        summaries=lambda wildcards: expand(
            rules.prepare_exposure.output.summary, exposure=CAMPAIGN.members(wildcards)
        ),
        output_wcs=grid_handed_in,
    output:
        grid=f"{WORK}/{{product}}/grid.json",
    log:
        f"{LOGS}/output_grid/{{product}}.log",
    benchmark:
        f"{BENCHMARKS}/output_grid/{{product}}.tsv"
    conda:
        "envs/resample.yaml"
    resources:
        **CAMPAIGN.resources("output_grid"),
    params:
        code=CAMPAIGN.code("output_grid"),
        name=lambda wildcards: CAMPAIGN.product(wildcards).name,
        exposures=CAMPAIGN.members,
        arguments=CAMPAIGN.select(*GRID_ARGUMENTS),
    message:
        "Laying out the grids of product {wildcards.product}"
    script:
        "scripts/output_grid.py"


rule drizzle_exposure:
    input:
        arrays=rules.prepare_exposure.output.arrays,
        summary=rules.prepare_exposure.output.summary,
        grid=rules.output_grid.output.grid,
        output_wcs=grid_handed_in,
    output:
        CAMPAIGN.intermediate(f"{WORK}/{{product}}/{{exposure}}.npz", temp),
    log:
        f"{LOGS}/drizzle_exposure/{{product}}/{{exposure}}.log",
    benchmark:
        f"{BENCHMARKS}/drizzle_exposure/{{product}}/{{exposure}}.tsv"
    conda:
        "envs/resample.yaml"
    resources:
        **CAMPAIGN.resources("drizzle_exposure"),
        in_memory=CAMPAIGN.in_memory,
    params:
        code=CAMPAIGN.code("drizzle_exposure"),
        arguments=CAMPAIGN.select(*DRIZZLE_ARGUMENTS),
    message:
        "Drizzling exposure {wildcards.exposure} of product {wildcards.product}"
    script:
        "scripts/drizzle_exposure.py"


rule combine:
    input:
        grid=rules.output_grid.output.grid,
        summaries=rules.output_grid.input.summaries,
        singles=lambda wildcards: expand(
            rules.drizzle_exposure.output,
            exposure=CAMPAIGN.members(wildcards),
            product=wildcards.product,
        ),
        output_wcs=grid_handed_in,
    output:
        # Or else Snakemake would remove the previous product before the new one is there.
        product=update(f"{OUT}/{{product}}_s2d.fits"),
        facts=CAMPAIGN.intermediate(f"{WORK}/{{product}}/facts.json", temp),
    log:
        f"{LOGS}/combine/{{product}}.log",
    benchmark:
        f"{BENCHMARKS}/combine/{{product}}.tsv"
    wildcard_constraints:
        product=CAMPAIGN.plain_pattern,
    conda:
        "envs/resample.yaml"
    resources:
        **CAMPAIGN.resources("combine"),
        in_memory=CAMPAIGN.in_memory,
    params:
        code=CAMPAIGN.code("combine"),
        exposures=CAMPAIGN.member_files,
        arguments=CAMPAIGN.select(*PRODUCT_ARGUMENTS),
        association=CAMPAIGN.association_metadata,
    message:
        "Combining product {wildcards.product}"
    script:
        "scripts/combine.py"


rule combine_sources:
    input:
        grid=rules.combine.input.grid,
        summaries=rules.combine.input.summaries,
        singles=rules.combine.input.singles,
        output_wcs=grid_handed_in,
    output:
        files=CAMPAIGN.intermediate(
            directory(f"{WORK}/{{product}}/sources-{{part}}"), temp
        ),
        facts=CAMPAIGN.intermediate(f"{WORK}/{{product}}/facts-{{part}}.json", temp),
    log:
        f"{LOGS}/combine_sources/{{product}}-{{part}}.log",
    benchmark:
        f"{BENCHMARKS}/combine_sources/{{product}}-{{part}}.tsv"
    conda:
        "envs/resample.yaml"
    resources:
        **CAMPAIGN.resources("combine_sources"),
    params:
        code=CAMPAIGN.code("combine_sources"),
        exposures=CAMPAIGN.member_files,
        arguments=CAMPAIGN.select(*PRODUCT_ARGUMENTS),
        association=CAMPAIGN.association_metadata,
        sources=sources_of_part,
    message:
        "Combining sources of product {wildcards.product}, part {wildcards.part}"
    script:
        "scripts/combine_sources.py"


rule single_product:
    input:
        grid=rules.output_grid.output.grid,
        summary=lambda wildcards: expand(
            rules.prepare_exposure.output.summary, exposure=CAMPAIGN.member(wildcards)
        )[0],
        single=lambda wildcards: expand(
            rules.drizzle_exposure.output,
            product=wildcards.product,
            exposure=CAMPAIGN.member(wildcards),
        )[0],
        output_wcs=grid_handed_in,
    output:
        product=update(f"{OUT}/{{product}}/{{member}}_outlier_s2d.fits"),
        facts=CAMPAIGN.intermediate(f"{WORK}/{{product}}/{{member}}_facts.json", temp),
    log:
        f"{LOGS}/single_product/{{product}}/{{member}}.log",
    benchmark:
        f"{BENCHMARKS}/single_product/{{product}}/{{member}}.tsv"
    wildcard_constraints:
        member="[^/]+",
    conda:
        "envs/resample.yaml"
    resources:
        **CAMPAIGN.resources("single_product"),
        in_memory=CAMPAIGN.in_memory,
    params:
        code=CAMPAIGN.code("single_product"),
        exposure=CAMPAIGN.member,
        file=lambda wildcards: CAMPAIGN.member_files(wildcards)[
            CAMPAIGN.member(wildcards)
        ],
        arguments=CAMPAIGN.select(*PRODUCT_ARGUMENTS),
        association=CAMPAIGN.association_metadata,
    message:
        "Writing exposure {wildcards.member} on the grid of product {wildcards.product}"
    script:
        "scripts/single_product.py"


checkpoint small_product:
    input:
        exposures=lambda wildcards: given(*CAMPAIGN.product(wildcards).exposures),
        output_wcs=grid_handed_in,
    output:
        files=CAMPAIGN.intermediate(directory(f"{WORK}/{{product}}/files"), temp),
        grid=f"{WORK}/{{product}}/grid.json",
        record=f"{WORK}/{{product}}/record.json",
        provenance=f"{WORK}/{{product}}/provenance.json",
    log:
        f"{LOGS}/small_product/{{product}}.log",
    benchmark:
        f"{BENCHMARKS}/small_product/{{product}}.tsv"
    wildcard_constraints:
        product=CAMPAIGN.small_pattern,
    conda:
        "envs/resample.yaml"
    threads: CAMPAIGN.workers
    resources:
        **CAMPAIGN.resources("small_product"),
        in_memory=CAMPAIGN.in_memory,
        keep_intermediates=int(CAMPAIGN.config["keep_intermediates"]),
    params:
        code=CAMPAIGN.code("small_product"),
        preparing_code=CAMPAIGN.code("prepare_exposure"),
        name=lambda wildcards: CAMPAIGN.product(wildcards).name,
        exposures=CAMPAIGN.members,
        places=lambda wildcards: list(CAMPAIGN.product(wildcards).exposures),
        arguments=CAMPAIGN.select(*ARGUMENTS),
        association=CAMPAIGN.association_metadata,
        association_file=lambda wildcards: CAMPAIGN.product(wildcards).association,
        other_members=lambda wildcards: CAMPAIGN.product(wildcards).left_out,
    message:
        "Making product {wildcards.product}"
    script:
        "scripts/small_product.py"


rule deliver:
    input:
        folder_of,
    output:
        update(f"{OUT}/{{file}}_s2d.fits"),
    log:
        f"{LOGS}/deliver/{{file}}.log",
    # As record: a product is finished before others are begun.
    priority: 1
    conda:
        "envs/resample.yaml"
    message:
        "Delivering {wildcards.file}"
    shell:
        # A link is there whole or not at all; its age must not be older than the folder's.
        "(ln -f -- {input:q}/{wildcards.file:q}_s2d.fits {output:q} && touch -- {output:q})"
        " > {log:q} 2>&1"


rule record:
    input:
        grid=rules.output_grid.output.grid,
        summaries=rules.output_grid.input.summaries,
        facts=facts_of,
        products=lambda wildcards: products_of(wildcards.product),
    output:
        record=report(f"{OUT}/{{product}}/record.json", **RECORD),
        provenance=f"{OUT}/{{product}}/provenance.json",
    log:
        f"{LOGS}/record/{{product}}.log",
    benchmark:
        f"{BENCHMARKS}/record/{{product}}.tsv"
    priority: 1
    conda:
        "envs/resample.yaml"
    resources:
        **CAMPAIGN.resources("record"),
    params:
        code=CAMPAIGN.code("record"),
        exposures=CAMPAIGN.members,
        places=lambda wildcards: list(CAMPAIGN.product(wildcards).exposures),
        association=lambda wildcards: CAMPAIGN.product(wildcards).association,
        other_members=lambda wildcards: CAMPAIGN.product(wildcards).left_out,
        arguments=CAMPAIGN.select(*ARGUMENTS),
    message:
        "Recording product {wildcards.product}"
    script:
        "scripts/record.py"


rule small_product_record:
    input:
        record=rules.small_product.output.record,
        provenance=rules.small_product.output.provenance,
        products=lambda wildcards: products_of(wildcards.product),
    output:
        record=report(f"{OUT}/{{product}}/record.json", **RECORD),
        provenance=f"{OUT}/{{product}}/provenance.json",
    log:
        f"{LOGS}/small_product_record/{{product}}.log",
    wildcard_constraints:
        product=CAMPAIGN.small_pattern,
    priority: 1
    conda:
        "envs/resample.yaml"
    message:
        "Recording product {wildcards.product}"
    shell:
        "(cp -- {input.record:q} {output.record:q} &&"
        " cp -- {input.provenance:q} {output.provenance:q}) > {log:q} 2>&1"


rule preview:
    input:
        grid=rules.output_grid.output.grid,
        products=lambda wildcards: products_of(wildcards.product),
        drizzled=drizzled_in,
    output:
        report(
            f"{OUT}/{{product}}/preview.png",
            caption="report/preview.rst",
            category="Previews",
            labels={"product": "{product}"},
        ),
    log:
        f"{LOGS}/preview/{{product}}.log",
    benchmark:
        f"{BENCHMARKS}/preview/{{product}}.tsv"
    wildcard_constraints:
        product=CAMPAIGN.product_pattern,
    conda:
        "envs/resample.yaml"
    resources:
        **CAMPAIGN.resources("preview"),
    params:
        code=CAMPAIGN.code("preview"),
        singles=singles_of,
    message:
        "Drawing product {wildcards.product}"
    script:
        "scripts/preview.py"


rule overview:
    input:
        records_of_all,
    output:
        report(
            f"{WORK}/overview.html",
            caption="report/overview.rst",
            category="Overview",
            labels={"table": "all products"},
        ),
    log:
        f"{LOGS}/overview.log",
    conda:
        "envs/resample.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        code=CAMPAIGN.code("overview"),
    message:
        "Listing all products"
    script:
        "scripts/overview.py"


rule previews:
    input:
        expand(rules.preview.output, product=CAMPAIGN.products),
        rules.overview.output,
    message:
        "All previews are drawn"

# The flow, with jobs for every exposure: prepare_exposure, which works for all products, output_grid,
# flag_outliers where outlier_detection is asked for, drizzle_exposure and combine.


rule prepare_exposure:
    input:
        lambda wildcards: given(*exposures_of(wildcards)),
    output:
        arrays=intermediate(PATHS.arrays),
        summary=intermediate(PATHS.summary),
    log:
        **PATHS.logs("prepare_exposure", "{exposure}"),
    cache: True
    conda:
        "../envs/resample.yaml"
    resources:
        **resources_of("prepare_exposure"),
    params:
        code=code_digest("prepare_exposure"),
    message:
        "Preparing exposure {wildcards.exposure}"
    script:
        "../scripts/prepare_exposure.py"


checkpoint output_grid:
    input:
        summaries=of_members(PATHS.summary),
        handed_in=grid_handed_in,
    output:
        grid=PATHS.grid,
        contents=PATHS.contents,
    log:
        **PATHS.logs("output_grid", "{product}"),
    conda:
        "../envs/resample.yaml"
    resources:
        **resources_of("output_grid"),
    params:
        code=code_digest("output_grid"),
        name=lambda wildcards: CAMPAIGN.products[wildcards.product].name,
        files=lambda wildcards: {
            key: Path(path).name
            for key, path in CAMPAIGN.members[wildcards.product].items()
        },
        arguments=arguments_of("output_grid"),
    message:
        "Laying out the grids of product {wildcards.product}"
    script:
        "../scripts/output_grid.py"


# No argument of the product is among its params, so that none repeats it.
rule flag_outliers:
    input:
        arrays=of_members(PATHS.arrays),
        summaries=of_members(PATHS.summary),
    output:
        intermediate(directory(PATHS.outliers)),
    log:
        **PATHS.logs("flag_outliers", "{product}"),
    conda:
        "../envs/resample.yaml"
    threads: lambda wildcards: useful_workers(exposures_of(wildcards))
    resources:
        **resources_of("flag_outliers"),
    params:
        code=code_digest("flag_outliers"),
        exposures=members_of,
        arguments=arguments_of("flag_outliers"),
    message:
        "Looking for outliers of product {wildcards.product}"
    script:
        "../scripts/flag_outliers.py"


rule drizzle_exposure:
    input:
        arrays=rules.prepare_exposure.output.arrays,
        summary=rules.prepare_exposure.output.summary,
        outliers=outliers_of,
        grid=rules.output_grid.output.grid,
        handed_in=grid_handed_in,
    output:
        intermediate(PATHS.single),
    log:
        **PATHS.logs("drizzle_exposure", "{product}", "{exposure}"),
    conda:
        "../envs/resample.yaml"
    resources:
        **resources_of("drizzle_exposure"),
    params:
        code=code_digest("drizzle_exposure"),
        arguments=arguments_of("drizzle_exposure"),
    message:
        "Drizzling exposure {wildcards.exposure} of product {wildcards.product}"
    script:
        "../scripts/drizzle_exposure.py"


rule combine:
    input:
        grid=rules.output_grid.output.grid,
        contents=rules.output_grid.output.contents,
        summaries=rules.output_grid.input.summaries,
        singles=of_members(PATHS.single),
        handed_in=grid_handed_in,
    output:
        files=intermediate(directory(PATHS.files)),
        record=PATHS.made_record,
        provenance=PATHS.made_provenance,
    log:
        **PATHS.logs("combine", "{product}"),
    conda:
        "../envs/resample.yaml"
    threads: lambda wildcards: useful_workers(exposures_of(wildcards))
    resources:
        **resources_of("combine"),
    params:
        code=code_digest("combine"),
        request=lambda wildcards: CAMPAIGN.request(wildcards.product).to_json(),
    message:
        "Combining product {wildcards.product}"
    script:
        "../scripts/combine.py"


# What later rules build on, whichever schedule made it.
LAYS_OUT, MAKES, SINGLES = checkpoints.output_grid, rules.combine, PATHS.single

# The flow in one job for every product: for campaigns of many small products, whose jobs would take
# longer to start than to run. It leaves what job_per_exposure.smk leaves, the same bytes.


checkpoint make_product:
    input:
        exposures=lambda wildcards: given(*exposures_of(wildcards)),
        handed_in=grid_handed_in,
    output:
        grid=PATHS.grid,
        contents=PATHS.contents,
        singles=intermediate(directory(PATHS.singles)),
        files=intermediate(directory(PATHS.files)),
        record=PATHS.made_record,
        provenance=PATHS.made_provenance,
    log:
        **PATHS.logs("make_product", "{product}"),
    conda:
        "../envs/resample.yaml"
    threads: lambda wildcards: useful_workers(exposures_of(wildcards))
    resources:
        **resources_of("make_product"),
    params:
        code=code_digest("make_product"),
        request=lambda wildcards: CAMPAIGN.request(wildcards.product).to_json(),
    message:
        "Making product {wildcards.product}"
    script:
        "../scripts/make_product.py"


# What later rules build on, whichever schedule made it.
LAYS_OUT, MAKES, SINGLES = checkpoints.make_product, rules.make_product, PATHS.singles

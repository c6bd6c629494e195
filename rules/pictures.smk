# Pictures: a preview of every product, and a page with a table of all.


rule preview:
    input:
        grid=PATHS.grid,
        products=lambda wildcards: files_of(wildcards.product),
        singles=singles_of,
    output:
        report(
            PATHS.preview,
            category="Previews",
            caption="../report/preview.rst",
            labels={"product": "{product}"},
        ),
    log:
        **PATHS.logs("preview", "{product}"),
    wildcard_constraints:
        product=PRODUCTS,
    conda:
        "../envs/resample.yaml"
    resources:
        **resources_of("preview"),
    params:
        code=code_digest("preview"),
        singles=profiles_of,
    message:
        "Drawing product {wildcards.product}"
    script:
        "../scripts/preview.py"


rule overview:
    input:
        records_of_all,
    output:
        report(
            PATHS.overview,
            category="Overview",
            caption="../report/overview.rst",
            labels={"table": "all products"},
        ),
    log:
        **PATHS.logs("overview"),
    conda:
        "../envs/resample.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        code=code_digest("overview"),
    message:
        "Listing all products"
    script:
        "../scripts/overview.py"


rule previews:
    input:
        expand(PATHS.preview, product=CAMPAIGN.products),
        rules.overview.output,
    message:
        "All previews are drawn"

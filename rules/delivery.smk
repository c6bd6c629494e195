# What users find: files of a product, its record and provenance. They are copies of what was made,
# because an edit of a product must not change the work folder and come back from there. A copy is
# moved to its place when it is whole. And the exposures with their outliers flagged.

# Where the file system can, a copy takes no space of its own.
COPY = "cp --reflink=auto --" if sys.platform == "linux" else "cp --"


rule deliver:
    input:
        lambda wildcards: expand(
            MAKES.output.files, product=product_of_file(wildcards.file)
        ),
    output:
        # Otherwise Snakemake would remove the previous product before the new one is there.
        update(PATHS.product),
    log:
        PATHS.logs("deliver", "{file}")["text"],
    # A product is finished before others are begun.
    priority: 1
    conda:
        "../envs/resample.yaml"
    message:
        "Delivering {wildcards.file}"
    shell:
        f"({COPY} "
        "{input:q}/{wildcards.file:q}_s2d.fits {output:q}.part &&"
        " mv -f -- {output:q}.part {output:q}) > {log:q} 2>&1"


rule flagged_exposure:
    input:
        exposure=lambda wildcards: given(CAMPAIGN.exposures[wildcards.exposure])[0],
        grid=PATHS.grid,
        singles=singles_of,
    output:
        update(PATHS.flagged),
    log:
        **PATHS.logs("flagged_exposure", "{product}", "{exposure}"),
    wildcard_constraints:
        product=PRODUCTS,
    conda:
        "../envs/resample.yaml"
    resources:
        **resources_of("flagged_exposure"),
    params:
        code=code_digest("flagged_exposure"),
        single=lambda wildcards: PATHS.single.format(**wildcards),
    message:
        "Flagging the outliers of exposure {wildcards.exposure}"
    script:
        "../scripts/flagged_exposure.py"


rule record:
    input:
        record=MAKES.output.record,
        provenance=MAKES.output.provenance,
        files=lambda wildcards: files_of(wildcards.product),
        flagged=lambda wildcards: flagged_of(wildcards.product),
    output:
        record=report(
            PATHS.record,
            category="Records",
            caption="../report/record.rst",
            labels={"product": "{product}"},
        ),
        provenance=PATHS.provenance,
    log:
        PATHS.logs("record", "{product}")["text"],
    wildcard_constraints:
        product=PRODUCTS,
    priority: 1
    conda:
        "../envs/resample.yaml"
    message:
        "Recording product {wildcards.product}"
    shell:
        "(cp -- {input.provenance:q} {output.provenance:q} &&"
        " cp -- {input.record:q} {output.record:q}) > {log:q} 2>&1"

# With outlier_detection: true:
# - flag_outliers compares the exposures of a product with their median, before they are drizzled for
#   the product.
# It needs the prepared exposures alone and no argument of the product, so that it is not repeated
# when one of those changes.


rule flag_outliers:
    input:
        arrays=lambda wildcards: expand(PATHS.arrays, exposure=members_of(wildcards)),
        summaries=lambda wildcards: expand(
            PATHS.summary, exposure=members_of(wildcards)
        ),
    output:
        intermediate(directory(PATHS.outliers)),
    log:
        text=PATHS.log("flag_outliers", "{product}"),
        status=PATHS.status("flag_outliers", "{product}"),
    conda:
        "../envs/resample.yaml"
    threads: workers_of
    resources:
        **resources_of("flag_outliers"),
    params:
        code=code_of("flag_outliers"),
        exposures=members_of,
        arguments=arguments_of("flag_outliers"),
    message:
        "Looking for outliers of product {wildcards.product}"
    script:
        "../scripts/flag_outliers.py"


def outliers_of(wildcards):
    """Outliers that the exposures of a product are drizzled without."""
    if not CAMPAIGN.arguments(wildcards.product)["outlier_detection"]:
        return []
    return PATHS.outliers.format(product=wildcards.product)

# What is asked for: configuration, products, paths; and functions of the rules, which say what the
# jobs of a product need.

import json
import re
import sys
from functools import partial
from pathlib import Path

from snakemake.exceptions import WorkflowError

FOLDER = workflow.current_basedir
if not FOLDER.is_local:
    # A module from a git host. Snakemake fetches each file that it is asked for and keeps their
    # places, so that scripts find the package beside them.
    manifest = Path(workflow.source_path("../scripts/specresample/manifest.txt"))
    for file in manifest.read_text().split():
        workflow.source_path(f"../{file}")
    PROJECT = manifest.parents[2]
else:
    PROJECT = Path(str(FOLDER)).parent

sys.path.insert(0, f"{PROJECT}/scripts")

from specresample.common.errors import ResampleError
from specresample.common.names import source_pattern
from specresample.common.paths import Paths
from specresample.common.product_contents import ProductContents
from specresample.jobs.terminal import watch_products
from specresample.plan.argument_rules import table_file
from specresample.plan.association import is_uri, unmovable
from specresample.plan.campaign import Campaign
from specresample.plan.code_digest import code_digest
from specresample.plan.locks import mark_run, remove_stale_locks
from specresample.plan.resources import request_resources, useful_workers
from specresample.plan.snakemake_internals import Run, end_quickly
from specresample.reporting.ledger import close_ledger

# Every key has a default, so that a working directory needs no config file of its own.
if Path("config/config.yaml").is_file():

    configfile: "config/config.yaml"


try:
    CAMPAIGN = Campaign(config)
except ResampleError as error:
    raise WorkflowError(str(error))

# Scripts read in complete form what changes no product, and so is no param.
config.update(CAMPAIGN.config)

PATHS = Paths(CAMPAIGN.config["output_dir"])

end_quickly()

# Processes of jobs read the rules too.
if workflow.is_main_process:
    notes = [unmovable(CAMPAIGN.products.values())]
    if not Run(workflow).is_dry():
        notes += remove_stale_locks(Path(".snakemake"))
    print(end="".join(f"{note}\n" for note in notes if note), file=sys.stderr)


def delivered(product):
    """Regular expression of the files of a product, without ending."""
    if CAMPAIGN.arguments(product)["single"]:
        return f"{re.escape(product)}/[^/]+_outlier"
    return source_pattern(CAMPAIGN.products[product].name)


# Products lie beside other files of the user. Only their names tell them apart.
PRODUCTS = "|".join(map(re.escape, CAMPAIGN.products)) or "(?!)"
DELIVERED = "|".join(map(delivered, CAMPAIGN.products)) or "(?!)"

# Every file that is delivered is looked up here: the expressions are compiled once.
SOURCE_FILES = {
    folder: re.compile(source_pattern(product.name))
    for folder, product in CAMPAIGN.products.items()
    if product.is_template
}


def given(*paths):
    """Inputs that no rule makes.

    They lie where the user says: a module's prefix and a default storage are for what is made.
    """
    return [storage(path) if is_uri(path) else local(path) for path in paths]


def grid_handed_in(wildcards):
    """Grid, or table of wavelengths, that the user hands in for a product, if there is one."""
    arguments = CAMPAIGN.arguments(wildcards.product)
    file = arguments["output_wcs"] or table_file(arguments)
    return given(file) if file else []


def intermediate(path):
    """A file that is kept as long as the user wants."""
    return path if CAMPAIGN.config["keep_intermediates"] else temp(path)


def members_of(wildcards):
    """Keys of the exposures of a product, in association order."""
    return [*CAMPAIGN.members[wildcards.product]]


def of_members(pattern):
    """Function that gives a path for every exposure of a product."""
    return lambda wildcards: expand(
        pattern, product=wildcards.product, exposure=members_of(wildcards)
    )


def arguments_of(rule):
    """Function that gives those of a product's arguments that a rule uses."""
    return lambda wildcards: CAMPAIGN.arguments(wildcards.product, rule)


def exposures_of(wildcards):
    """Paths or URIs of the exposures that a job works on."""
    if "exposure" in wildcards.keys():
        return (CAMPAIGN.exposures[wildcards.exposure],)
    return tuple(CAMPAIGN.members[wildcards.product].values())


def resources_of(rule):
    """Functions that estimate memory, disk and time of a rule's jobs, by their exposures."""

    def estimate(name, wildcards, attempt):
        return request_resources(rule, exposures_of(wildcards), attempt)[name]

    return {name: partial(estimate, name) for name in ("mem_mb", "disk_mb", "runtime")}


def contents_of(product):
    """Files and exposures of a product, once its grids are laid out."""
    with LAYS_OUT.get(product=product).output["contents"].open() as file:
        return ProductContents.from_json(json.load(file))


def files_of(product):
    """Paths of a product's files."""
    return expand(PATHS.product, file=contents_of(product).files)


def flagged_of(product):
    """Paths of a product's exposures with their outliers flagged, if they are asked for."""
    if not CAMPAIGN.arguments(product)["save_crf"]:
        return []
    used = contents_of(product).exposures
    return expand(PATHS.flagged, product=product, exposure=used)


def product_of_file(file):
    """Folder of the product to which a file belongs."""
    folder = file.split("/")[0]
    if folder in CAMPAIGN.products:
        return folder
    return next(p for p, pattern in SOURCE_FILES.items() if pattern.fullmatch(file))


def outliers_of(wildcards):
    """Outliers of a product, if they are asked for."""
    asked = CAMPAIGN.arguments(wildcards.product)["outlier_detection"]
    return PATHS.outliers.format(product=wildcards.product) if asked else []


def singles_of(wildcards):
    """Drizzled exposures of a product: their files, or the folder that one job made."""
    used = contents_of(wildcards.product).exposures
    singles = expand(SINGLES, product=wildcards.product, exposure=used)
    return [*dict.fromkeys(singles)]


def profiles_of(wildcards):
    """Drizzled exposures, by key, whose profiles the preview of a product shows."""
    product = wildcards.product
    if CAMPAIGN.arguments(product)["single"]:
        return {}  # its pictures show the exposures themselves
    used = contents_of(product).exposures
    return {key: PATHS.single.format(product=product, exposure=key) for key in used}


def records_of_all(wildcards):
    """Records of all products: there when all files of a product are."""
    if not CAMPAIGN.products:
        raise WorkflowError(
            "config: associations is empty: name association files or globs"
        )
    return expand(PATHS.record, product=CAMPAIGN.products)


def begin_run():
    """Mark the run as alive, and say from time to time how far it is."""
    run = Run(workflow)
    run.lift_job_rate()
    mark_run(Path(".snakemake"), run.lock_files())
    made = run.planned_files()
    records = expand(rules.record.output.record, product=CAMPAIGN.products)
    watch_products([Path(record) for record in records if record in made])


def close_run():
    """Write the ledger and say what became of all products."""
    # Of a module, this path has the prefix.
    out = Path(rules.record.output.record).parents[1]
    requests = [CAMPAIGN.request(product) for product in CAMPAIGN.products]
    print(close_ledger(requests, out), file=sys.stderr)

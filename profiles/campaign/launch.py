"""Resample a large campaign in parts, each of them one allocation of a SLURM cluster.

    .venv/bin/python profiles/campaign/launch.py 8 --configfile mine.yaml -- --exclusive --mem=0

divides the campaign's products into 8 parts of about the same size, checks that they can be made,
and submits a job array of 8 tasks. Each task takes a node (what follows ``--`` is for sbatch) and
runs Snakemake with its local executor on the products of one part. The same command goes on with
what is left, for instance after time ran out. See profiles/README.md.
"""

import argparse
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

PROFILE = Path(__file__).resolve().parent
PROJECT = PROFILE.parents[1]
sys.path.insert(0, str(PROJECT / "scripts"))

from specresample.common.errors import ResampleError  # noqa: E402
from specresample.plan.campaign import Campaign  # noqa: E402
from specresample.plan.resources import file_size  # noqa: E402
from specresample.reporting.ledger import close_ledger  # noqa: E402

# What a task runs, and a person without SLURM, who names the part.
PART_SCRIPT = """\
#!/usr/bin/env bash
# Makes the products of one part of a campaign, those that part-NUMBER.txt lists. Written by
# profiles/campaign/launch.py. SLURM tells it the number, or you: bash run.sh NUMBER
set -euo pipefail

part=${{1:-${{SLURM_ARRAY_TASK_ID:?which part?}}}}
mapfile -t products < {folder}/"part-$part.txt"

# All of the allocation, or of the machine.
limits=(--cores "${{SLURM_CPUS_ON_NODE:-all}}")
memory=${{SLURM_MEM_PER_NODE:-$((${{SLURM_MEM_PER_CPU:-0}} * ${{SLURM_CPUS_ON_NODE:-0}}))}}
if ((memory > 0)); then
  limits+=(--resources "mem_mb=$memory")
fi

# exec: SLURM's warning before time runs out must reach Snakemake.
exec {snakemake} "${{limits[@]}}" -- "${{products[@]}}"
"""


def independent_groups(products: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Group products that share exposures, directly or through others.

    Parameters
    ----------
    products : mapping of str to iterable of str
        Exposures of each product.

    Returns
    -------
    list of list of str
        Products; those of different groups have no exposure in common.
    """
    groups: list[tuple[list[str], set[str]]] = []
    for product, exposures in products.items():
        members, files, others = [product], set(exposures), []
        for group in groups:
            if files.isdisjoint(group[1]):
                others.append(group)
            else:
                members, files = group[0] + members, files | group[1]
        groups = [*others, (members, files)]
    return [members for members, _ in groups]


def divide(groups: Iterable[list[str]], size: Mapping[str, int], count: int) -> list[list[str]]:
    """Divide groups of products into parts of about the same size.

    Parameters
    ----------
    groups : iterable of list of str
        Products that have to stay together.
    size : mapping of str to int
        Size of each product.
    count : int
        Number of parts.

    Returns
    -------
    list of list of str
        Products of each part; fewer parts when there are not enough groups.
    """
    parts: list[list[str]] = [[] for _ in range(count)]
    total = [0] * count
    weights = [(sum(size[product] for product in group), group) for group in groups]
    for weight, group in sorted(weights, key=lambda pair: -pair[0]):
        lightest = total.index(min(total))
        parts[lightest] += group
        total[lightest] += weight
    return [part for part in parts if part]


def _read_campaign(configfiles: Iterable[Path]) -> Campaign:
    """Read the campaign of the working directory as the Snakefile does."""
    config: dict = {}
    default = Path("config/config.yaml")
    for file in ([default] if default.is_file() else []) + list(configfiles):
        update_config(config, load_configfile(file))
    return Campaign(config)


def _refuse_second_start(name: str, *, may_be_unknown: bool) -> None:
    """Exit when jobs of this name are queued or running, because each part must run once."""
    command = f"squeue --noheader --name={name}"
    queue = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    if queue.stdout:
        sys.exit(f"Still there, wait for it or call scancel --name={name}:\n{queue.stdout}")
    if queue.returncode != 0 and not may_be_unknown:
        sys.exit(f"{command}: {queue.stderr}")


def _write_parts(folder: Path, parts: Iterable[list[str]], output: str, snakemake: str) -> None:
    """Write what the tasks read, instead of what an earlier division left."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("part-*.txt"):
        file.unlink()
    for number, part in enumerate(parts, start=1):
        targets = "".join(f"{output}/{product}/record.json\n" for product in part)
        (folder / f"part-{number}.txt").write_text(targets)
    script = PART_SCRIPT.format(folder=shlex.quote(str(folder)), snakemake=snakemake)
    (folder / "run.sh").write_text(script)


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    """Read the command line: our options, and those of sbatch after ``--``."""
    parser = argparse.ArgumentParser(
        usage="%(prog)s PARTS [options] [-- options of sbatch]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("parts", type=int, help="how many allocations")
    add("--configfile", type=Path, nargs="+", default=[], help="configuration, as for snakemake")
    add("--directory", type=Path, default=Path(), help="working directory, as for snakemake")
    add("--profile", type=Path, default=PROFILE, help="your version of profiles/campaign")
    dry_run = "divide and check, print what would be submitted, and how to run a part by hand"
    add("--dry-run", action="store_true", help=dry_run)
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    return parser.parse_args(words[:end]), words[end + 1 :]


def main() -> None:
    """Divide, check and submit."""
    options, sbatch_options = _arguments()
    if options.parts < 1:
        sys.exit("parts: at least 1")
    configfiles = [file.resolve() for file in options.configfile]
    snakemake = [sys.executable, "-m", "snakemake", f"--snakefile={PROJECT / 'Snakefile'}"]
    snakemake += [f"--directory={options.directory.resolve()}"]
    snakemake += [f"--workflow-profile={options.profile.resolve()}"]
    snakemake += ["--configfile", *map(str, configfiles)] if configfiles else []
    os.chdir(options.directory)

    try:
        campaign = _read_campaign(configfiles)
    except (OSError, WorkflowError, ResampleError) as error:
        sys.exit(str(error))
    output = campaign.config["output_dir"]
    folder = Path(output, ".work", "campaign").resolve()
    name = f"resample-{hashlib.sha256(bytes(folder)).hexdigest()[:8]}"
    if not (options.dry_run or shutil.which("sbatch")):
        sys.exit("There is no sbatch here; --dry-run says how to run a part by hand.")
    _refuse_second_start(name, may_be_unknown=options.dry_run)

    exposures = {key: product.exposures for key, product in campaign.products.items()}
    size = {key: sum(map(file_size, exposures[key])) for key in exposures}
    parts = divide(independent_groups(exposures), size, options.parts)
    _write_parts(folder, parts, output, shlex.join(snakemake))

    # Now rather than in every part, and the parts find Snakemake's own folder in order.
    check = [*snakemake, "--dry-run"]
    checked = subprocess.run(check, capture_output=True, text=True, check=False)
    if checked.returncode != 0:
        sys.exit(checked.stdout + checked.stderr)
    if "Nothing to be done" in checked.stdout + checked.stderr:
        print("Nothing to be done: all products are there and up to date.")
        print(close_ledger([campaign.request(key) for key in campaign.products], Path(output)))
        return

    submit = ["sbatch", f"--job-name={name}", f"--array=1-{len(parts)}", "--nodes=1", "--ntasks=1"]
    # Before time runs out Snakemake starts no more jobs and ends with those that run.
    submit += ["--signal=B:TERM@300", f"--output={folder}/part-%a.log", "--open-mode=append"]
    submit += [*sbatch_options, str(folder / "run.sh")]
    for number, part in enumerate(parts, start=1):
        megabytes = sum(size[product] for product in part) / 1e6
        print(f"Part {number}: {len(part)} products, {megabytes:.0f} MB of exposures")
    if options.dry_run:
        print("Would submit:", shlex.join(submit))
        print("By hand:", shlex.join(["bash", str(folder / "run.sh"), "NUMBER"]))
    else:
        sys.exit(subprocess.run(submit, check=False).returncode)


if __name__ == "__main__":
    main()

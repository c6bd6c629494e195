r"""Run the script of a rule by hand, without Snakemake's scheduler: to debug it, or to profile it.

Call it in the working folder of a run, with the configuration of the run:

    PYTHONPATH=PATH/scripts python -m specresample.plan.by_hand combine product=NAME \\
        --configfile mine.yaml

The script runs in this process, and finds the ``snakemake`` object that its job would have: a
debugger and a profiler see all of it. Its inputs must be there.
"""

import argparse
import runpy
from pathlib import Path

from specresample.plan.snakemake_internals import job_of

PROJECT = Path(__file__).resolve().parents[3]


def main() -> None:
    """Run the script of a job."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rule", help="name of the rule, and of its script")
    parser.add_argument("wildcards", nargs="*", help="as name=value")
    parser.add_argument("--configfile", nargs="*", default=[], type=Path)
    options = parser.parse_args()
    wildcards = dict(word.split("=", 1) for word in options.wildcards)
    job = job_of(PROJECT / "Snakefile", options.configfile, options.rule, wildcards)
    for file in (*job.output, *job.log):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    script = PROJECT / "scripts" / f"{options.rule}.py"
    runpy.run_path(str(script), init_globals={"snakemake": job}, run_name="__main__")


if __name__ == "__main__":
    main()

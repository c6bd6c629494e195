"""The places where this workflow touches what Snakemake does not document.

Runs do not depend on it: each function that they call works, and does nothing, when Snakemake has
changed.
"""

import atexit
import gc
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace


def planned_files(workflow: object) -> set[str]:
    """Return the files that a run will make.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        Once its DAG is built.

    Returns
    -------
    set of str
        Empty when it is not known.
    """
    try:
        return {str(file) for job in workflow.dag.needrun_jobs() for file in job.output}
    except AttributeError:
        return set()


def lock_files(workflow: object) -> list[Path]:
    """Return the files by which a run locks what it reads and makes.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        Once it runs.

    Returns
    -------
    list of Path
        Empty when they are not known.
    """
    try:
        return [Path(path) for path in workflow.persistence._lockfile.values()]
    except AttributeError:
        return []


def is_dry_run(workflow: object) -> bool:
    """Return whether a run changes nothing, which is assumed when it is not known.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
    """
    try:
        return workflow.output_settings.dryrun
    except AttributeError:
        return True


def lift_job_rate(workflow: object) -> None:
    """Let jobs begin as soon as there are cores, where jobs are counted over no time span at all.

    Otherwise Snakemake looks at all waiting jobs again after each time span, over and over. Without
    this limit it looks at them when a job has ended.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        Once it runs, and before its first job.
    """
    try:
        if workflow.scheduler.job_rate_limiter.timespan == 0:
            workflow.scheduler.job_rate_limiter = None
    except AttributeError:
        pass


def end_quickly() -> None:
    """Spare Python the search for garbage in all that was imported, as it ends: 0.2 s."""
    atexit.register(gc.freeze)


def job_of(
    snakefile: Path, configfiles: Sequence[Path], rule: str, wildcards: Mapping[str, str]
) -> SimpleNamespace:
    """Return what the script of a job finds under the name ``snakemake``.

    Parameters
    ----------
    snakefile : Path
    configfiles : sequence of Path
        Configuration, as for snakemake.
    rule : str
    wildcards : mapping of str to str
        Of the job.

    Returns
    -------
    SimpleNamespace
        With input, output, params, wildcards, threads, resources, log and config.

    Raises
    ------
    snakemake.exceptions.WorkflowError
        When there is no such rule, or its inputs cannot be named.
    """
    # Only needed to run scripts by hand.
    from snakemake.api import SnakemakeApi
    from snakemake.dag import DAG
    from snakemake.jobs import Job
    from snakemake.settings.types import (
        ConfigSettings,
        OutputSettings,
        Quietness,
        ResourceSettings,
    )

    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        plan = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=configfiles),
            snakefile=snakefile,
        )
        plan.dag()
        workflow = plan._workflow
        job = Job(workflow.get_rule(rule), DAG(workflow, rules=workflow.rules), dict(wildcards))
        return SimpleNamespace(
            input=job.input,
            output=job.output,
            params=job.params,
            wildcards=job.wildcards,
            threads=job.threads,
            resources=job.resources,
            log=job.log,
            config=dict(workflow.config),
        )

"""The places where this workflow touches what Snakemake does not document.

Runs do not depend on it: what they call works, and does nothing, when Snakemake has changed.
"""

import atexit
import gc
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace


class Run:
    """A run of Snakemake, as far as it can be told.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
    """

    def __init__(self, workflow: object) -> None:
        self._workflow = workflow

    def is_dry(self) -> bool:
        """Return whether it changes nothing, which is assumed when it is not known."""
        with suppress(AttributeError):
            return self._workflow.output_settings.dryrun
        return True

    def planned_files(self) -> set[str]:
        """Return the files that it will make, once its DAG is built; none when not known."""
        with suppress(AttributeError):
            return {str(file) for job in self._workflow.dag.needrun_jobs() for file in job.output}
        return set()

    def lock_files(self) -> list[Path]:
        """Return the files by which it locks what it reads and makes; none when not known."""
        with suppress(AttributeError):
            return [Path(path) for path in self._workflow.persistence._lockfile.values()]
        return []

    def lift_job_rate(self) -> None:
        """Let jobs begin as soon as there are cores, where they are counted over no time at all.

        It is called before the first job. Otherwise Snakemake looks at all waiting jobs again after
        each time span, over and over. Without this limit it looks at them when a job has ended.
        """
        with suppress(AttributeError):
            if self._workflow.scheduler.job_rate_limiter.timespan == 0:
                self._workflow.scheduler.job_rate_limiter = None


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
    from snakemake.settings import types

    with SnakemakeApi(types.OutputSettings(quiet={types.Quietness.ALL})) as api:
        plan = api.workflow(
            resource_settings=types.ResourceSettings(cores=1),
            config_settings=types.ConfigSettings(configfiles=configfiles),
            snakefile=snakefile,
        )
        plan.dag()
        workflow = plan._workflow
        job = Job(workflow.get_rule(rule), DAG(workflow, rules=workflow.rules), dict(wildcards))
        names = ("input", "output", "params", "wildcards", "threads", "resources", "log")
        found = {name: getattr(job, name) for name in names}
        return SimpleNamespace(**found, config=dict(workflow.config))

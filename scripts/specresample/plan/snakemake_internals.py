"""The places where this workflow touches what Snakemake does not document.

Each function works, and does nothing, when Snakemake has changed.
"""

import atexit
import gc


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


def end_quickly() -> None:
    """Spare Python the search for garbage in all that was imported, as it ends: 0.2 s."""
    atexit.register(gc.freeze)

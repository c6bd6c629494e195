"""What every job of the workflow does alike: log, status, bounds, errors that speak to the user."""

import gc
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from specresample.common.errors import ResampleError, first_line
from specresample.jobs.bounds import OutOfTime, bound_process, free_process
from specresample.jobs.status import DONE, FAILED, RUNNING, STOPPED, job_status
from specresample.jobs.terminal import OnTerminal
from specresample.jobs.workers import Workers, end_with, worker_pool

# A job is given memory and time on the safe side. When it needs this many times as much, its input
# is no spectrum.
_BEYOND_REASON = 5

_INTERRUPTED = 130  # exit status of a program that Ctrl-C ended


@contextmanager
def logged_job(job: SimpleNamespace) -> Iterator[Workers]:
    """Run a job: messages go to its log; warnings, errors and some progress also to the terminal.

    Its memory and its time are bounded, far above what it was given.

    Parameters
    ----------
    job : SimpleNamespace
        What a script finds as ``snakemake``. Its ``log`` names the files ``text``, which takes the
        messages, and ``status``; its ``resources`` are ``mem_mb`` and ``runtime`` in minutes.

    Yields
    ------
    Workers
        As many as the job has ``threads``.

    Raises
    ------
    SystemExit
        After an error. A `ResampleError` has been reported in one line; of any other the traceback
        is in the log. And after Ctrl-C.
    """
    job_status(RUNNING).write(job.log.status)
    # WCSs are many small objects and hardly any garbage. By default half of the time to build them
    # goes into looking for garbage. Steps look for it where they are done with an exposure or file.
    gc.disable()
    gc.freeze()
    end_with(os.getppid())
    log = _set_up_logging(job.log.text)
    megabytes = _BEYOND_REASON * job.resources.mem_mb
    minutes = _BEYOND_REASON * job.resources.runtime
    bound_process(megabytes, 60 * minutes)
    name = "/".join(Path(job.log.text).with_suffix("").parts[-2:])
    state, status, message = FAILED, 1, ""
    try:
        with worker_pool(job.threads) as workers:
            yield workers
        state, status = DONE, 0
        log.info("done")
    except KeyboardInterrupt:
        state, status, message = STOPPED, _INTERRUPTED, "stopped by the user"
        log.warning("%s", message)
    except (Exception, OutOfTime) as error:
        # Without it, a job that lacks memory could not say so.
        free_process()
        cause = first_line(error)
        match error:
            case ResampleError():
                message = str(error)
            case MemoryError():
                message = f"{name}: it needs more than {megabytes} MB of memory ({cause})"
            case OutOfTime():
                message = f"{name}: it needs more than {minutes:g} minutes"
            case _:
                where = f"(unexpected; traceback in {job.log.text})"
                message = f"{name}: {type(error).__name__}: {cause} {where}"
        log.error("%s", message, exc_info=not isinstance(error, ResampleError))
    job_status(state, message).write(job.log.status)
    if status:
        sys.exit(status)


def _set_up_logging(file: str) -> logging.Logger:
    log = logging.getLogger()
    log.setLevel(logging.INFO)
    logging.captureWarnings(True)
    # A warning is a line of the log, without the line of code.
    warnings.formatwarning = lambda message, category, file, line, _=None: (
        f"{category.__name__}: {message} ({file}:{line})"
    )
    # Exposures come from other versions of asdf than ours.
    warnings.filterwarnings("ignore", message="File was created with extension")
    in_file, on_terminal = logging.FileHandler(file, mode="w"), logging.StreamHandler(sys.stderr)
    in_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    on_terminal.setFormatter(_OneLine("%(levelname)s %(message)s"))
    on_terminal.addFilter(OnTerminal())
    log.handlers = [in_file, on_terminal]
    return log


class _OneLine(logging.Formatter):
    """Leaves the traceback to the log."""

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        return self.formatMessage(record)

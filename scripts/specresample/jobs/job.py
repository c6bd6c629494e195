"""What every job of the workflow does alike: a log, and errors that speak to the user."""

import gc
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from specresample.common.errors import ResampleError, first_line
from specresample.jobs.bounds import OutOfTime, bound_process, free_process
from specresample.jobs.terminal import OnTerminal
from specresample.jobs.workers import end_with

# How the log ends of a job that ended well, and of one that the user stopped.
DONE = " INFO done"
STOPPED = " WARNING stopped by the user"

# A job that wants so many times the memory or the time that it was given, both of which are on the
# safe side, works on something that is no spectrum.
_BEYOND_REASON = 5


class Resources(Protocol):
    """What a job was given: memory in MB and time in minutes."""

    mem_mb: int
    runtime: int


@contextmanager
def logged_job(log_file: str | Path, given: Resources) -> Iterator[None]:
    """Run a job: messages go to its log; warnings, errors and some progress also to the terminal.

    Its memory and its time are bounded, far above what it was given.

    Parameters
    ----------
    log_file : str or Path
        The job's log.
    given : Resources

    Raises
    ------
    SystemExit
        After an error. A `ResampleError` has been reported in one line; of any other the traceback
        is in the log. And after Ctrl-C.
    """
    # WCSs are many small objects and hardly any garbage: by default half of the time to build them
    # goes into looking for some. It is looked for where one exposure or file is done with.
    gc.disable()
    gc.freeze()
    end_with(os.getppid())
    log = logging.getLogger()
    log.setLevel(logging.INFO)
    logging.captureWarnings(True)
    warnings.formatwarning = _one_line_warning
    # Exposures come from other versions of asdf than ours.
    warnings.filterwarnings("ignore", message="File was created with extension")
    in_file, on_terminal = (
        logging.FileHandler(log_file, mode="w"),
        logging.StreamHandler(sys.stderr),
    )
    in_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    on_terminal.setFormatter(_OneLine("%(levelname)s %(message)s"))
    on_terminal.addFilter(OnTerminal())
    log.handlers = [in_file, on_terminal]
    megabytes, minutes = _BEYOND_REASON * given.mem_mb, _BEYOND_REASON * given.runtime
    bound_process(megabytes, 60 * minutes)
    job = "/".join(Path(log_file).with_suffix("").parts[-2:])
    try:
        yield
        log.info("done")
    except ResampleError as error:
        log.error("%s", error)
        sys.exit(1)
    except KeyboardInterrupt:
        log.warning("stopped by the user")
        sys.exit(130)
    except MemoryError as error:
        free_process()  # to say so
        message = "%s: it needs more than %d MB of memory (%s)"
        log.error(message, job, megabytes, first_line(error), exc_info=True)
        sys.exit(1)
    except OutOfTime:
        log.error("%s: it needs more than %g minutes", job, minutes, exc_info=True)
        sys.exit(1)
    except Exception as error:
        message = "%s: %s (unexpected; traceback in %s)"
        log.error(message, type(error).__name__, error, log_file, exc_info=True)
        sys.exit(1)


def _one_line_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: object = None
) -> str:
    """Write a warning as a line of the log, without the line of code."""
    return f"{category.__name__}: {message} ({filename}:{lineno})"


class _OneLine(logging.Formatter):
    """Leaves the traceback to the log."""

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        return self.formatMessage(record)

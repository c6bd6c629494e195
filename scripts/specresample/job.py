"""What every job of the workflow does alike: a log, and errors that speak to the user."""

import gc
import logging
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from specresample.errors import ResampleError
from specresample.progress import OnTerminal


@contextmanager
def logged_job(log_file: str | Path) -> Iterator[None]:
    """Run a job: messages go to its log; warnings, errors and some progress also to the terminal.

    Parameters
    ----------
    log_file : str or Path
        The job's log.

    Raises
    ------
    SystemExit
        After an error. A `ResampleError` has been reported in one line; of any other the traceback
        is in the log. And after Ctrl-C.
    """
    # WCSs are many small objects and hardly any garbage: by default half of the time to build them
    # goes into looking for some.
    gc.set_threshold(100_000, 20, 20)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
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
    try:
        yield
    except ResampleError as error:
        log.error("%s", error)
        sys.exit(1)
    except KeyboardInterrupt:
        log.warning("stopped by the user")
        sys.exit(130)
    except Exception as error:
        message = "%s: %s (unexpected; traceback in %s)"
        log.error(message, type(error).__name__, error, log_file, exc_info=True)
        sys.exit(1)


def _end_with(parent: int) -> None:
    """End at once when the process that started this one is dead.

    The next run would make the same files at the same time.
    """
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)


def _one_line_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: object = None
) -> str:
    """Write a warning as a line of the log, without the line of code."""
    return f"{category.__name__}: {message} ({filename}:{lineno})"


class _OneLine(logging.Formatter):
    """Leaves the traceback to the log."""

    def formatException(self, ei: object) -> str:  # noqa: N802 - the name is logging's
        return ""

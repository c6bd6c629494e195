"""What every job of the workflow does alike: a log, and errors that speak to the user."""

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from specresample.errors import ResampleError

# How the log of a job that ended well ends.
DONE = " INFO done"


@contextmanager
def logged_job(log_file: str | Path) -> Iterator[None]:
    """Run a job: messages go to its log, warnings and errors also to the terminal.

    Parameters
    ----------
    log_file : str or Path
        The job's log.

    Raises
    ------
    SystemExit
        After an error. A `ResampleError` has been reported in one line; of any other the traceback
        is in the log.
    """
    # WCSs are many small objects and hardly any garbage: by default half of the time to build them
    # goes into looking for some.
    gc.set_threshold(100_000, 20, 20)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    log = logging.getLogger()
    log.setLevel(logging.INFO)
    logging.captureWarnings(True)
    in_file, on_terminal = (
        logging.FileHandler(log_file, mode="w"),
        logging.StreamHandler(sys.stderr),
    )
    in_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    on_terminal.setFormatter(_OneLine("%(levelname)s %(message)s"))
    on_terminal.setLevel(logging.WARNING)
    # Third-party chatter stays in the log.
    on_terminal.addFilter(lambda record: record.name.split(".")[0] in ("root", "specresample"))
    log.handlers = [in_file, on_terminal]
    try:
        yield
        log.info("done")
    except ResampleError as error:
        log.error("%s", error)
        sys.exit(1)
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


class _OneLine(logging.Formatter):
    """Leaves the traceback to the log."""

    def formatException(self, ei: object) -> str:  # noqa: N802 - the name is logging's
        return ""

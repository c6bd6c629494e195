"""What reaches the terminal: warnings, errors and, at times, how far a job or a run is."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

from specresample.common.progress import Progress, how_far

# Seconds between two lines on the terminal; the longer a job runs, the rarer they become.
_INTERVAL = 10.0
_RARER = 0.1


def _pause(seconds: float) -> float:
    """Seconds between two lines on the terminal, when a job has run for some seconds."""
    return max(_INTERVAL, _RARER * seconds)


class OnTerminal(logging.Filter):
    """Lets warnings and errors through and, while a job runs long, a line of progress at times.

    The log of the job has all lines. A process that is forked counts for itself.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._start = self._last = clock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide about a message."""
        # Third-party chatter stays in the log.
        if record.name.split(".")[0] not in ("root", "specresample"):
            return False
        if record.levelno >= logging.WARNING:
            return True
        arguments = record.args if isinstance(record.args, tuple) else ()
        loops = [argument for argument in arguments if isinstance(argument, Progress)]
        now = self._clock()
        # The end of a loop is told by what comes next.
        if all(loop.is_complete for loop in loops) or now - self._last < _pause(now - self._start):
            return False
        self._last = now
        return True


def watch_products(records: Collection[Path]) -> None:
    """Say on the terminal every so often how many products of a run are there, until all are.

    Parameters
    ----------
    records : collection of Path
        Files that the run makes, the last of each product. A thread looks for them.
    """
    since, start = time.time(), time.monotonic()

    def watch() -> None:
        waiting, told = set(records), 0
        while waiting:
            # A large campaign has many files to look for, and takes long.
            time.sleep(_pause(time.monotonic() - start))
            waiting = {path for path in waiting if not _is_newer(path, since)}
            number = len(records) - len(waiting)
            if number > told and waiting:
                far = how_far(number, len(records), time.monotonic() - start)
                print(f"Products: {far}", file=sys.stderr)
                told = number

    threading.Thread(target=watch, daemon=True).start()


def _is_newer(path: Path, since: float) -> bool:
    try:
        return path.stat().st_mtime >= since
    except OSError:
        return False

"""How far a loop or a run is, and how long it will still take, in lines of its log."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

Item = TypeVar("Item")

# Seconds between two lines on the terminal; the longer a job runs, the rarer they become.
_INTERVAL = 10.0
_RARER = 0.1


def how_far(number: int, total: int, seconds: float) -> str:
    """Say how far something is that goes on as it began.

    Parameters
    ----------
    number, total : int
        How many parts are done, and how many there are.
    seconds : float
        How long it took so far.

    Returns
    -------
    str

    Examples
    --------
    >>> how_far(12, 58, 6.0)
    '12 of 58, about 23 s left'
    >>> how_far(58, 58, 290.0)
    '58 of 58 in 5 min'
    """
    if number >= total:
        return f"{number} of {total} in {duration(seconds)}"
    if not number:
        return f"0 of {total}"
    return f"{number} of {total}, about {duration(seconds / number * (total - number))} left"


def duration(seconds: float) -> str:
    """Write a duration as people say it: in seconds, minutes or hours."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def is_due(now: float, last: float, start: float) -> bool:
    """Whether it is time for another line on the terminal.

    Parameters
    ----------
    now, last, start : float
        Seconds on one clock: now, at the last line, and when the job began.
    """
    return now - last >= _pause(now - start)


def _pause(seconds: float) -> float:
    """How long the terminal is left alone, after so many seconds."""
    return max(_INTERVAL, _RARER * seconds)


class Progress(Generic[Item]):
    """A loop that knows how far it is.

    As text it says so, of the item that the loop is at, which counts as done. Messages that have it
    among their arguments are shown on the terminal every so often, by `OnTerminal`.

    Parameters
    ----------
    items : iterable
        What the loop goes over.
    total : int
        How many there are.
    clock : callable, optional
        Gives seconds.

    Examples
    --------
    >>> progress = Progress(slits, len(slits))
    >>> for slit in progress:
    ...     log.info("slit %s traced, %s", slit, progress)
    """

    def __init__(
        self, items: Iterable[Item], total: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._items, self._total, self._clock = items, total, clock
        self._start = clock()
        self._number = 0

    def __iter__(self) -> Iterator[Item]:
        for item in self._items:
            self._number += 1
            yield item

    def __str__(self) -> str:
        return how_far(self._number, self._total, self._clock() - self._start)

    @property
    def is_complete(self) -> bool:
        """Whether the loop is at its last item."""
        return self._number >= self._total


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
        if all(loop.is_complete for loop in loops) or not is_due(now, self._last, self._start):
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

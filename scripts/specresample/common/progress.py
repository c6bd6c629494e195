"""Progress of a loop or a run, and the time that it still needs, for lines of a log."""

import time
from collections.abc import Callable, Collection, Iterator


def how_far(number: int, total: int, seconds: float) -> str:
    """Describe the progress of something that goes on at the same pace.

    Parameters
    ----------
    number, total : int
        Number of parts that are done, and of all parts.
    seconds : float
        Time that has passed.

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
    """Write a duration in seconds, minutes or hours."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


class Progress:
    """A loop whose text tells its progress; the current item counts as done.

    `OnTerminal` shows messages on the terminal from time to time when they have a `Progress` among
    their arguments.

    Parameters
    ----------
    items : collection
        Items of the loop.
    clock : callable, optional
        Gives seconds.
    """

    def __init__(self, items: Collection, clock: Callable[[], float] = time.monotonic) -> None:
        self._items, self._total, self._clock = items, len(items), clock
        self._start = clock()
        self._number = 0

    def __iter__(self) -> Iterator:
        for item in self._items:
            self._number += 1
            yield item

    def __str__(self) -> str:
        return how_far(self._number, self._total, self._clock() - self._start)

    @property
    def is_complete(self) -> bool:
        """Whether the loop is at its last item."""
        return self._number >= self._total

"""Worker processes of one job, which share with it what it has imported."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")

# Shares for each worker, because the sizes of sources differ. Each share opens the arrays of all
# exposures, so that one process works on one share.
_SHARES = 4


@dataclass(frozen=True)
class Workers:
    """Processes over which a job spreads its work.

    Attributes
    ----------
    number : int
        How many processes; with 1 all is done in that of the job.
    map : callable
        As the built-in: results come in the order of the arguments, and an exception where its
        result would come. With several processes, functions, arguments and results are pickled.
    """

    number: int = 1
    map: Callable = map

    def shares(self, items: Sequence[Item]) -> list[Sequence[Item]]:
        """Share files or sources out, each share from all over the product.

        Parameters
        ----------
        items : sequence

        Returns
        -------
        list of sequence
            One share where one process does all.
        """
        number = min(len(items), _SHARES * self.number if self.number > 1 else 1)
        return [items[first::number] for first in range(number)]


@contextmanager
def worker_pool(number: int) -> Iterator[Workers]:
    """Start worker processes, which end with the block.

    Parameters
    ----------
    number : int
        How many processes.

    Yields
    ------
    Workers
    """
    # Forking costs nothing, where a new interpreter would import for a second; on macOS it is not
    # safe.
    if number == 1 or not sys.platform.startswith("linux"):
        yield Workers()
        return
    with ProcessPoolExecutor(
        number,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_begin,
        initargs=(os.getpid(),),
    ) as pool:
        yield Workers(number, pool.map)


def _begin(parent: int) -> None:
    # Ctrl-C reaches all processes; the job alone acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(parent)


def end_with(parent: int) -> None:
    """End this process at once when another one, which started it, is dead.

    The next run would make the same files at the same time.

    Parameters
    ----------
    parent : int
        Process id.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()

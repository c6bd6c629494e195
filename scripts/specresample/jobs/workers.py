"""Worker processes of one job, which share with it what it has imported."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def worker_pool(number: int) -> Iterator[Callable]:
    """Give a function like `map` that spreads its calls over processes.

    Parameters
    ----------
    number : int
        How many processes; with 1 all is done in this one.

    Yields
    ------
    callable
        As `map`: results come in the order of the arguments, and an exception where its result
        would come. With several processes, functions, arguments and results are pickled.
    """
    # Forking costs nothing, where a new interpreter would import for a second; on macOS it is not
    # safe.
    if number == 1 or not sys.platform.startswith("linux"):
        yield map
        return
    with ProcessPoolExecutor(
        number,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_begin,
        initargs=(os.getpid(),),
    ) as pool:
        yield pool.map


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
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)

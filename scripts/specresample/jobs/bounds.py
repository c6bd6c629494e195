"""Bounds of the memory and the time of a process."""

import resource
import signal
from pathlib import Path

# Seconds that a process may take to clean up when its time is over.
_GRACE = 60


class OutOfTime(BaseException):
    """A process is out of time. It is no Exception, because no handler of these must catch it."""


def bound_process(megabytes: float, seconds: float) -> None:
    """Bound the memory and the time of this process, and of each one that it forks.

    Beyond the bounds, a request for memory raises a MemoryError, and a computation an `OutOfTime`
    in the main thread.

    Parameters
    ----------
    megabytes : float
        Memory beyond what the process has taken already. Only memory that it may write to counts.
        It is bounded on Linux alone, where the system tells how much a process has.
    seconds : float
        Time of the processor, from the start of the process. It is killed 60 s later.
    """
    statm = Path("/proc/self/statm")
    if statm.is_file():
        taken = int(statm.read_text().split()[5]) * resource.getpagesize()
        _lower(resource.RLIMIT_DATA, taken + int(megabytes * 2**20))
    signal.signal(signal.SIGXCPU, _end)
    _lower(resource.RLIMIT_CPU, int(seconds), _GRACE)


def free_process() -> None:
    """Take back the bound of memory."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _lower(kind: int, value: int, grace: int = 0) -> None:
    """Set a soft limit, and a hard limit above it. Neither exceeds the present hard limit."""
    _, hard = resource.getrlimit(kind)
    bounded = hard != resource.RLIM_INFINITY
    end = value + grace if grace else hard
    resource.setrlimit(kind, tuple(min(n, hard) if bounded else n for n in (value, end)))


def _end(*_: object) -> None:
    # The signal comes every second from now on.
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    raise OutOfTime

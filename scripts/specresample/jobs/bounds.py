"""What a process may take at most: memory and time."""

import resource
import signal
from pathlib import Path

# Seconds that a process may take to clean up when its time is over.
_GRACE = 60


class OutOfTime(BaseException):
    """A process has taken all the time it may; no handler of plain exceptions must hold it up."""


def bound_process(megabytes: float, seconds: float) -> None:
    """Bound the memory and the time of this process, and of each one that it forks.

    Beyond, a request for memory ends in a MemoryError and a computation in an `OutOfTime`, raised
    in the main thread.

    Parameters
    ----------
    megabytes : float
        Memory beyond what the process has taken already. Only what it may write to counts; not
        bounded where the system does not tell (it is Linux that does).
    seconds : float
        Time of the processor, from the start of the process; 60 s later it is killed.
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

"""The status of a job: a small file that says how it ended, and what it took."""

import re
import resource
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from specresample.common.json_record import JsonRecord

RUNNING, DONE, FAILED, STOPPED = "running", "done", "failed", "stopped"

# Until now the process did nothing but import, so that its CPU time is its age.
_START = time.monotonic() - time.process_time()

# ru_maxrss is in kilobytes, on macOS in bytes.
_MEGABYTE = 2**20 if sys.platform == "darwin" else 2**10


@dataclass(frozen=True)
class JobStatus(JsonRecord):
    """How a job ended.

    Attributes
    ----------
    state : str
        ``running``, ``done``, ``failed`` or ``stopped`` (by the user). The status of a job that was
        killed stays ``running``.
    message : str
        What was wrong.
    seconds : float
        Elapsed time.
    peak_mb : float
        Memory of the largest of its processes, in MB.
    """

    state: str
    message: str = ""
    seconds: float = 0.0
    peak_mb: float = 0.0

    @classmethod
    def read(cls, path: str | Path) -> "JobStatus":
        """Read a status. Snakemake leaves an empty file where a job failed before it began."""
        if Path(path).stat().st_size:
            return super().read(path)
        return cls(FAILED, f"its job could not begin; the terminal said why: {path}")


def job_status(state: str, message: str = "") -> JobStatus:
    """Return the status of this job now, imports included."""
    seconds = round(time.monotonic() - _START, 2)
    peak = max(_own_peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    return JobStatus(state, message, seconds, round(peak / _MEGABYTE, 1))


def _own_peak() -> int:
    """Peak memory of this process alone: on Linux, ru_maxrss may be that of its parent."""
    with suppress(OSError):
        found = re.search(r"^VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.M)
        if found:
            return int(found[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

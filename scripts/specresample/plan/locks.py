"""Locks that a killed run leaves behind: Snakemake cannot tell them from those of a living one.

Every run leaves a mark that says which process it is and which locks are its own. Locks are removed
only where that process is known to be dead: it was one of this machine, since it last started, and
is no more. Of other machines, which may share the folder, nothing is known.
"""

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from specresample.common.json_record import JsonRecord

# The folder of the marks, in Snakemake's own.
_MARKS = "resample-runs"


@dataclass(frozen=True)
class Mark(JsonRecord):
    """The mark of a run: its process, told from all that ever had or will have its number.

    Attributes
    ----------
    host : str
        Name of the machine.
    system : str
        The start of the machine, and its space of process numbers. A container has such a space of
        its own.
    pid : int
        Number of the process.
    started : int
        When it started, in ticks since the machine did.
    locks : dict of str to int
        When each of its locks was made, in nanoseconds, by name.
    """

    host: str
    system: str
    pid: int
    started: int
    locks: dict[str, int]

    def is_dead(self) -> bool | None:
        """Return whether the process has ended; None where it cannot be told from here."""
        if (self.host, self.system) != (os.uname().nodename, _system()):
            return None
        try:
            with suppress(PermissionError):  # there is one, of another user
                os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        with suppress(OSError):
            return _start_of(self.pid) != self.started
        return False


def mark_run(folder: Path, locks: Iterable[Path]) -> None:
    """Leave a mark of this run, as soon as it has its locks.

    Other systems than Linux do not tell what a mark holds. No mark is left there.

    Parameters
    ----------
    folder : Path
        Snakemake's folder in the working directory.
    locks : iterable of Path
        The files that are the locks of this run.
    """
    host, system, pid, ages = os.uname().nodename, _system(), os.getpid(), _ages(locks)
    if system and ages:
        name = re.sub("[^A-Za-z0-9.-]", "_", host)
        Mark(host, system, pid, _start_of(pid), ages).write(folder / _MARKS / f"{name}-{pid}.json")


def remove_stale_locks(folder: Path) -> list[str]:
    """Remove Snakemake's locks in a working directory whose runs are known to be dead.

    Parameters
    ----------
    folder : Path
        Snakemake's folder in the working directory.

    Returns
    -------
    list of str
        What there is to say of it, a line for each run: that its locks are removed; or that they
        are left, because it cannot be told from here whether it is alive.
    """
    lines = []
    for path in sorted(folder.glob(f"{_MARKS}/*.json")):
        try:
            mark = Mark.read(path)
        except (OSError, ValueError, TypeError):
            continue  # it has gone meanwhile, or is of another version
        # Of the same age too: another run may have taken the names since.
        ages = _ages(folder.glob("locks/*.lock")).items()
        locks = [folder / "locks" / name for name, age in ages if mark.locks.get(name) == age]
        dead = mark.is_dead()
        if locks and dead is None:
            lines.append(
                f"Locks of a run on {mark.host}, process {mark.pid}, are left: from here it "
                "cannot be told whether it is alive. If it is not, call once with --unlock."
            )
        elif not locks or dead:
            # Whoever removes the mark removes the locks: two runs may come here at once.
            try:
                path.unlink()
            except OSError:
                continue
            for lock in locks:
                lock.unlink(missing_ok=True)
            if locks:
                lines.append("An earlier run was killed: its locks are removed.")
    return lines


def _system() -> str | None:
    """Name this start of the machine and its space of process numbers; None but on Linux."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    return None


def _start_of(pid: int) -> int:
    """When a process started, in ticks since the machine did (field 22 of proc_pid_stat(5))."""
    # The name of the program, in brackets, may hold anything.
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def _ages(locks: Iterable[Path]) -> dict[str, int]:
    """When locks were made, by name; any of them may go while they are looked at."""
    ages = {}
    for lock in locks:
        with suppress(FileNotFoundError):
            ages[lock.name] = lock.stat().st_mtime_ns
    return ages

"""Many small products while jobs and snakemake itself are killed, again and again.

Run as ``python tests/robustness/soak.py [NUMBER [SEED]]``.
 The run is called again until all is done, as a
user would; what comes out is compared with an undisturbed run of the first products and, since that
takes its time, with what one process makes of the others. Prints figures; the exit status is 1 when
something is missing, differs or is left behind.
"""

import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    project = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(project / folder) for folder in ("tests/helpers", "scripts", "demo")]

import psutil
from inprocess import make, write_slit_exposures
from runs import PROJECT, write_association, write_config
from specresample.plan.campaign import Campaign

SETS = 4  # of exposures; products are made of them in turn
MOST_CALLS = 1000


@dataclass
class Figures:
    """What a disturbed run came to.

    Attributes
    ----------
    products : int
        Asked for.
    finished, identical : int
        Those that are there, and that are the same bytes as undisturbed.
    killed_jobs, killed_runs, calls : int
        How often a job and snakemake were killed, and how often snakemake was called.
    left_behind : list of str
        Files in the work and temporary folders that an undisturbed run does not leave. The empty
        temporary folder of a snakemake that was killed does not count, because it is its own.
    seconds : float
    """

    products: int
    finished: int = 0
    identical: int = 0
    killed_jobs: int = 0
    killed_runs: int = 0
    calls: int = 0
    left_behind: list[str] | None = None
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether nothing is lost and nothing left."""
        return self.finished == self.identical == self.products and not self.left_behind

    def __str__(self) -> str:
        return (
            f"{self.products} products: {self.finished} finished, {self.identical} identical to an "
            f"undisturbed run, {len(self.left_behind or [])} files left behind; {self.killed_jobs} "
            f"jobs and {self.killed_runs} runs killed, {self.calls} calls; {self.seconds:.0f} s"
        )


def campaign(folder: Path, number: int) -> str:
    """Write associations of small products; returns the argument that names the config."""
    sets = [write_slit_exposures(folder / f"data{i}", seed=i) for i in range(SETS)]
    for i in range(number):
        # A folder for each set: members lie beside their association, and the names are the same.
        write_association(folder / f"asn{i % SETS}", product_name(i), sets[i % SETS])
    return write_config(folder, associations=["asn*/*_asn.json"])


def product_name(i: int) -> str:
    """Name of a product, counted from 0."""
    return f"p{i:04d}"


def started(folder: Path, out: str, config: str, *targets: str) -> subprocess.Popen:
    """Start the workflow in a session of its own."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile")]
    command += ["--directory", str(folder), "--cores", "2", config, "--config", f"output_dir={out}"]
    return subprocess.Popen(
        [*command, *targets],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def disturbed(folder: Path, config: str, figures: Figures, rng: random.Random) -> None:
    """Run until all is done, killing jobs, and now and then snakemake with or without its jobs."""
    while figures.calls < MOST_CALLS:
        run = started(folder, "disturbed", config)
        figures.calls += 1
        patience = rng.uniform(5, 40)  # before snakemake itself is killed
        begin = time.monotonic()
        while run.poll() is None:
            time.sleep(rng.uniform(0.2, 2))
            jobs = [p for p in descendants(run.pid) if is_job(p)]
            if time.monotonic() - begin > patience:
                run.kill()
                run.wait()
                figures.killed_runs += 1
                # Its last jobs are waited for, as the README says, or killed too.
                if rng.random() < 0.5:
                    for job in jobs:
                        kill(job)
                psutil.wait_procs(jobs, timeout=120)
            elif jobs and (figures.killed_jobs == 0 or rng.random() < 0.2):
                figures.killed_jobs += kill(rng.choice(jobs))
        if run.returncode == 0:
            return


def descendants(pid: int) -> list[psutil.Process]:
    """Processes that a process started, directly or not."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def is_job(process: psutil.Process) -> bool:
    """Whether a process is that of a job."""
    try:
        return any(".snakemake/scripts" in word for word in process.cmdline()[:3])
    except psutil.Error:
        return False


def kill(process: psutil.Process) -> bool:
    """Kill a process; returns whether it was there."""
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return False
    return True


def digest(path: Path) -> str:
    """Digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(folder: Path) -> dict[str, str]:
    """Digest of every file below a folder, but of logs."""
    return {
        str(path.relative_to(folder)): digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "logs" not in path.parts
    }


def undisturbed(folder: Path, config: str, number: int) -> dict[str, str]:
    """Digests of all that an undisturbed run makes, the first products of each set by such a run.

    The others are made in this process. Products of the same exposures differ only in their name,
    and so do the names of all that is made with them.
    """
    first = [product_name(i) for i in range(min(SETS, number))]
    records = [f"undisturbed/{name}/record.json" for name in first]
    assert started(folder, "undisturbed", config, "--", *records).wait() == 0
    found = files(folder / "undisturbed")
    for i in range(number):
        like, name = product_name(i % SETS), product_name(i)
        made = digest(in_one_process(folder, name))
        assert i >= SETS or found[f"{name}_s2d.fits"] == made
        for path in [path for path in found if like in path]:
            found.setdefault(path.replace(like, name), "")
        found[f"{name}_s2d.fits"] = made
    return found | {"ledger.json": ""}


def in_one_process(folder: Path, name: str) -> Path:
    """Make a product as its job does; returns the path of its file."""
    (association,) = folder.glob(f"asn*/{name}_asn.json")
    request = Campaign({"associations": [str(association)]}).request(name)
    exposures = [Path(path) for path in request.exposures.values()]
    make(exposures, folder / "one-process", name=name, association=request.association)
    return folder / "one-process" / f"{name}_s2d.fits"


def soak(folder: Path, number: int, seed: int = 0) -> Figures:
    """Make products disturbed, and compare."""
    figures = Figures(number)
    config = campaign(folder, number)
    scratch = folder / "tmp"
    scratch.mkdir()
    expected = undisturbed(folder, config, number)
    os.environ["TMPDIR"] = str(scratch)
    begin = time.monotonic()
    disturbed(folder, config, figures, random.Random(seed))
    figures.seconds = time.monotonic() - begin
    found = files(folder / "disturbed")
    products = [name for name in expected if name.endswith("_s2d.fits") and "/" not in name]
    figures.finished = sum(name in found for name in products)
    figures.identical = sum(found.get(name) == expected[name] for name in products)
    figures.left_behind = sorted({*found} - {*expected})
    figures.left_behind += [
        str(path) for path in scratch.rglob("*") if path.is_file() or "snakemake" not in path.name
    ]
    return figures


def main(number: int = 500, seed: int = 0) -> int:
    """Soak and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        figures = soak(Path(folder), number, seed)
    print(figures)
    for name in figures.left_behind or []:
        print(f"left behind: {name}")
    return int(not figures.good)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

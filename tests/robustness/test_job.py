"""What jobs do alike: a log, errors in one line, bounds of memory and time."""

import subprocess
import sys
from pathlib import Path

import pytest
from specresample.jobs.status import JobStatus

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"

# A job with 100 MB and 5 minutes, unless a test says otherwise.
START = """
import os, sys, time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from types import SimpleNamespace
import numpy as np
from specresample.jobs import job
from specresample.common.errors import ResampleError

def work(megabytes):
    return np.ones(megabytes << 17).sum()

def wait():
    while True:
        try:
            time.process_time()
        except Exception:
            pass

job._BEYOND_REASON = {factor}
logs = SimpleNamespace(text="log/rule/name.log", status="status/rule/name.json")
given = SimpleNamespace(mem_mb={mem_mb}, runtime={runtime})
with job.logged_job(SimpleNamespace(log=logs, resources=given, threads=1)):
"""


@pytest.fixture
def run(tmp_path):
    """Function that runs a job; returns its exit status, what it says and its log."""
    (tmp_path / "log/rule").mkdir(parents=True)

    def finished(body, *, factor=5, mem_mb=20, runtime=1):
        code = START.format(factor=factor, mem_mb=mem_mb, runtime=runtime)
        code += "".join(f"    {line}\n" for line in body.splitlines())
        process = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={"PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "2"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return process.returncode, process.stderr, (tmp_path / "log/rule/name.log").read_text()

    return finished


@pytest.mark.parametrize(
    ("body", "state", "message"),
    [
        ("pass", "done", ""),
        ("raise ResampleError('a.fits: no good')", "failed", "a.fits: no good"),
        ("raise KeyboardInterrupt", "stopped", "stopped by the user"),
        ("os.kill(os.getpid(), 9)", "running", ""),
    ],
)
def test_status_says_how_a_job_ended(run, tmp_path, body, state, message):
    run(body)
    status = JobStatus.read(tmp_path / "status/rule/name.json")
    assert (status.state, status.message) == (state, message)
    # Imports count.
    assert 0.05 < status.seconds < 30
    assert 10 < status.peak_mb < 200


def test_job_that_failed_before_it_began(tmp_path):
    """Snakemake makes an empty file of each log that a failed job has not written."""
    path = tmp_path / "status.json"
    path.touch()
    assert JobStatus.read(path).state == "failed"
    assert "could not begin" in JobStatus.read(path).message


def test_error_is_one_line_here_and_in_the_log(run):
    status, said, log = run("raise ResampleError('a.fits: no good')")
    assert (status, said) == (1, "ERROR a.fits: no good\n")
    assert log.endswith("ERROR a.fits: no good\n")


def test_traceback_is_in_the_log_alone(run):
    status, said, log = run("1 / 0")
    assert status == 1
    assert said == (
        "ERROR rule/name: ZeroDivisionError: division by zero "
        "(unexpected; traceback in log/rule/name.log)\n"
    )
    assert "Traceback" in log


def test_memory_is_bounded(run):
    status, said, log = run("work(8000)")
    assert status == 1
    assert said.startswith("ERROR rule/name: it needs more than 100 MB of memory (Unable to alloc")
    assert said.count("\n") == 1
    assert "Traceback" in log


def test_memory_of_many_small_things_is_bounded(run):
    status, said, _ = run("many = []\nwhile True: many.append(bytes(1000))")
    assert (status, said) == (
        1,
        "ERROR rule/name: it needs more than 100 MB of memory (MemoryError)\n",
    )


def test_memory_of_forked_workers_is_bounded(run):
    body = "with ProcessPoolExecutor(2, get_context('fork')) as pool: list(pool.map(work, [8000]))"
    status, said, _ = run(body)
    assert status == 1
    assert "it needs more than 100 MB of memory" in said


def test_time_is_bounded(run):
    status, said, log = run("wait()", factor=1 / 60)
    assert (status, said) == (1, "ERROR rule/name: it needs more than 0.0166667 minutes\n")
    assert "in wait" in log


def test_what_is_aside_goes_when_time_is_over(run, tmp_path):
    body = """from specresample.common.files import written_aside
with written_aside("product") as aside:
    aside.write_text("half")
    wait()"""
    assert run(body, factor=1 / 60)[0] == 1
    assert {path.name for path in tmp_path.iterdir()} == {"log", "status"}


def test_bounds_leave_threads_and_workers_alone(run):
    body = """with ThreadPoolExecutor(8) as threads:
    assert sum(threads.map(work, [1] * 64)) == 64 << 17
with ProcessPoolExecutor(2, get_context("fork")) as pool:
    assert sum(pool.map(work, [50] * 4)) == 200 << 17
a = np.random.default_rng(0).random((500, 500))
np.linalg.svd(a @ a)"""
    # Threads have stacks of 8 MB each.
    assert run(body, mem_mb=50)[:2] == (0, "")

import os
import subprocess
import sys
import time

import pytest
from runs import PROJECT
from specresample.common.errors import ResampleError
from specresample.jobs.workers import worker_pool


def square(number):
    return number * number, os.getpid()


def refuse(number):
    if number == 3:
        raise ResampleError("file: slit 3: bad")
    return number


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order(workers):
    with worker_pool(workers) as pool:
        results = [*pool.map(square, range(20))]
    assert [number for number, _ in results] == [number**2 for number in range(20)]
    processes = {process for _, process in results}
    assert len(processes) <= workers
    assert (os.getpid() in processes) == (workers == 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_errors_of_the_work_are_those_of_the_caller(workers):
    with (
        pytest.raises(ResampleError, match=r"^file: slit 3: bad$"),
        worker_pool(workers) as pool,
    ):
        list(pool.map(refuse, range(5)))


def test_workers_end_with_a_job_that_is_killed(tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    script = f"""
import os, pathlib, sys, time
sys.path.insert(0, {str(PROJECT / "scripts")!r})
from specresample.jobs.workers import worker_pool

def work(number):
    pathlib.Path({str(marks)!r}, str(os.getpid())).touch()
    time.sleep(60)

with worker_pool(2) as pool:
    list(pool.map(work, range(2)))
"""
    job = subprocess.Popen([sys.executable, "-c", script])
    until(lambda: len(list(marks.iterdir())) == 2)
    job.kill()
    job.wait()
    until(lambda: not any(alive(int(mark.name)) for mark in marks.iterdir()))


def until(condition):
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("not in time")


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True

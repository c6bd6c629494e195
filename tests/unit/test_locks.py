import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from specresample.common.files import one_at_a_time
from specresample.plan.locks import Mark, mark_run, remove_stale_locks

REMOVED = "An earlier run was killed: its locks are removed."

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="the system does not tell when processes started"
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "locks").mkdir()
    return tmp_path


@pytest.fixture(scope="module")
def dead():
    """Number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def lock(folder, name="0.input.lock"):
    path = folder / "locks" / name
    path.write_text("file\n")
    return path


def marked(folder, *locks, **changes):
    """Leave a mark of a run that is like this one, with some changes; returns its path."""
    mark_run(folder, locks)
    (path,) = folder.glob("resample-runs/*.json")
    replace(Mark.read(path), **changes).write(path)
    return path


@needs_proc
def test_locks_of_a_living_run_stay(folder):
    path = lock(folder)
    mark = marked(folder, path)
    assert remove_stale_locks(folder) == []
    assert path.exists()
    assert mark.exists()


@needs_proc
def test_locks_of_a_dead_run_go(folder, dead):
    paths = [lock(folder), lock(folder, "0.output.lock")]
    mark = marked(folder, *paths, pid=dead)
    assert remove_stale_locks(folder) == [REMOVED]
    assert not any(path.exists() for path in (*paths, mark))
    assert remove_stale_locks(folder) == []


@needs_proc
def test_number_of_a_dead_run_that_another_process_has_now(folder):
    path = lock(folder)
    mark = marked(folder, path)
    # Another one that had this number, and started a tick earlier.
    found = Mark.read(mark)
    replace(found, started=found.started - 1).write(mark)
    assert remove_stale_locks(folder) == [REMOVED]
    assert not path.exists()
    assert not mark.exists()


@needs_proc
@pytest.mark.parametrize("elsewhere", ["host", "system"])
def test_locks_of_which_nothing_is_known_here_stay(folder, dead, elsewhere):
    path = lock(folder)
    mark = marked(folder, path, pid=dead, **{elsewhere: "other"})
    (line,) = remove_stale_locks(folder)
    host = "other" if elsewhere == "host" else os.uname().nodename
    assert line.startswith(f"Locks of a run on {host}, process {dead}, are left: ")
    assert line.endswith("call once with --unlock.")
    assert "\n" not in line
    assert path.exists()
    assert mark.exists()


@needs_proc
def test_locks_that_others_made_stay(folder, dead):
    path, other = lock(folder), lock(folder, "1.input.lock")
    marked(folder, path, pid=dead)
    # Removed by the user, and taken by another run.
    path.unlink()
    again = lock(folder)
    os.utime(again, (1, 1))
    assert remove_stale_locks(folder) == []
    assert again.exists()
    assert other.exists()


@needs_proc
@pytest.mark.parametrize("elsewhere", [{}, {"host": "other"}])
def test_marks_of_runs_that_have_no_locks_go(folder, elsewhere):
    path = lock(folder)
    mark = marked(folder, path, **elsewhere)
    path.unlink()
    assert remove_stale_locks(folder) == []
    assert not mark.exists()


@needs_proc
def test_names_in_a_mark_lead_nowhere(folder, dead):
    outside = folder / "outside"
    outside.touch()
    path = marked(folder, lock(folder), pid=dead)
    mark = Mark.read(path)
    replace(mark, locks={"../outside": outside.stat().st_mtime_ns}).write(path)
    assert remove_stale_locks(folder) == []
    assert outside.exists()


@pytest.mark.parametrize("content", ["", "{", "{}", '{"pid": 1, "locks": {}}'])
def test_mark_of_another_version_is_left(folder, content):
    path = lock(folder)
    (folder / "resample-runs").mkdir()
    mark = folder / "resample-runs/host-1.json"
    mark.write_text(content)
    assert remove_stale_locks(folder) == []
    assert path.exists()
    assert mark.exists()


def test_run_without_locks_leaves_no_mark(folder):
    mark_run(folder, [])
    mark_run(folder, [folder / "locks/gone.lock"])
    assert not (folder / "resample-runs").exists()


@needs_proc
def test_process_of_a_mark_is_this_one(folder):
    mark = Mark.read(marked(folder, lock(folder)))
    assert mark.pid == os.getpid()
    assert mark.is_dead() is False
    boot, namespace = mark.system.split()
    assert boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert namespace == os.readlink("/proc/self/ns/pid")


def test_second_waits_for_the_first(tmp_path):
    path, order = tmp_path / "new/lock", []

    def second():
        with one_at_a_time(path):
            order.append("second")

    with one_at_a_time(path):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.1)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]

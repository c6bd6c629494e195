import os
import threading

import pytest
from specresample.common.files import one_at_a_time
from specresample.plan import locks
from specresample.plan.locks import hold_mark, remove_stale_locks


def die():
    """Let go of the mark, as a process does that ends."""
    locks._held.pop().close()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "locks").mkdir()
    return tmp_path


def lock(folder, name="0.input.lock", age=10):
    path = folder / "locks" / name
    path.write_text("file\n")
    os.utime(path, (path.stat().st_mtime - age,) * 2)
    return path


def test_locks_of_a_living_run_stay(folder):
    path = lock(folder)
    hold_mark(folder)
    assert not remove_stale_locks(folder)
    hold_mark(folder)
    assert len(locks._held) == 1
    die()
    assert path.exists()


def test_locks_of_a_dead_run_go(folder):
    paths = [lock(folder), lock(folder, "0.output.lock")]
    hold_mark(folder)
    die()
    assert remove_stale_locks(folder)
    assert not any(path.exists() for path in paths)
    assert not remove_stale_locks(folder)


def test_locks_of_others_stay(folder):
    path = lock(folder)
    assert not remove_stale_locks(folder)
    hold_mark(folder)
    die()
    younger = lock(folder, "1.input.lock", age=-10)
    assert remove_stale_locks(folder)
    assert younger.exists()
    assert not path.exists()


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

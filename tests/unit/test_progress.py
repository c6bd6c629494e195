import logging
import os
import threading
import time
from types import SimpleNamespace

import pytest
from specresample.common.progress import Progress, duration, how_far
from specresample.jobs import terminal
from specresample.jobs.terminal import OnTerminal, watch_products


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(
    ("number", "total", "seconds", "expected"),
    [
        (0, 58, 3.0, "0 of 58"),
        (12, 58, 6.0, "12 of 58, about 23 s left"),
        (1, 58, 10.0, "1 of 58, about 10 min left"),
        (57, 58, 1.0, "57 of 58, about 0 s left"),
        (10, 1000, 100.0, "10 of 1000, about 2.8 h left"),
        (58, 58, 290.0, "58 of 58 in 5 min"),
        (0, 0, 0.0, "0 of 0 in 0 s"),
    ],
)
def test_how_far(number, total, seconds, expected):
    assert how_far(number, total, seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.4, "0 s"), (99, "99 s"), (100, "2 min"), (5900, "98 min"), (6000, "1.7 h")],
)
def test_duration(seconds, expected):
    assert duration(seconds) == expected


def test_loop_knows_how_far_it_is():
    clock = Clock()
    progress = Progress("abc", clock)
    said = []
    for item in progress:
        clock.now += 2
        said.append(f"{item} {progress}")
    assert said == ["a 1 of 3, about 4 s left", "b 2 of 3, about 2 s left", "c 3 of 3 in 6 s"]


@pytest.fixture
def shown_log():
    """A clock, a log, and what is shown of it."""
    clock, shown = Clock(), []
    handler = logging.Handler()
    handler.emit = lambda record: shown.append(record.getMessage())
    handler.addFilter(OnTerminal(clock))
    log = logging.Logger("specresample.test", logging.INFO)
    log.addHandler(handler)
    return clock, log, shown


def test_terminal_shows_progress_of_long_jobs(shown_log):
    clock, log, shown = shown_log
    progress = Progress(range(30), clock)
    for item in progress:
        clock.now += 1
        log.info("slit %s traced, %s", item, progress)
        log.info("other news")
    assert shown == [
        "slit 9 traced, 10 of 30, about 20 s left",
        "slit 19 traced, 20 of 30, about 10 s left",
    ]


def test_lines_become_rarer(shown_log):
    clock, log, shown = shown_log
    progress = Progress("ab", clock)
    for second in range(3600):
        clock.now = second
        log.info("%s", progress)
    assert 30 < len(shown) < 60


def test_terminal_shows_warnings_at_once(shown_log):
    _, log, shown = shown_log
    log.warning("slit left out")
    assert shown == ["slit left out"]


def test_terminal_leaves_chatter_of_others_to_the_log(shown_log):
    clock, log, shown = shown_log
    other = logging.Logger("astropy.test")
    other.handlers = log.handlers
    clock.now = 60
    other.warning("chatter")
    assert shown == []


def test_forked_processes_share_log_and_terminal(tmp_path):
    from specresample.jobs.job import logged_job

    path = tmp_path / "job.log"
    logs = SimpleNamespace(text=str(path), status=str(tmp_path / "job.json"))
    child = os.fork()
    if not child:
        # A process of its own, so that the log and the limits of the tests are left alone.
        try:
            given = SimpleNamespace(mem_mb=1000, runtime=10)
            with logged_job(SimpleNamespace(log=logs, resources=given, threads=1)):
                log = logging.getLogger("specresample.test")
                for worker in range(4):
                    if not os.fork():
                        for slit in range(50):
                            log.info("worker %d: slit %d traced", worker, slit)
                        os._exit(0)
                for _ in range(4):
                    os.wait()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    lines = [line.split(" INFO ")[1] for line in path.read_text().splitlines()]
    expected = {f"worker {worker}: slit {slit} traced" for worker in range(4) for slit in range(50)}
    assert len(lines) == 201
    assert set(lines) == expected | {"done"}


def test_run_tells_how_many_products_are_there(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(terminal, "_INTERVAL", 0.01)
    records = [tmp_path / name for name in "abc"]
    records[0].touch()
    os.utime(records[0], (0, 0))  # of an earlier run
    threads = set(threading.enumerate())
    watch_products(records)
    [watching] = set(threading.enumerate()) - threads
    said = ""
    time.sleep(0.05)  # file systems know the time less exactly
    records[1].touch()
    while "1 of 3" not in said:
        time.sleep(0.01)
        said += capsys.readouterr().err
    for record in records:
        record.touch()
    watching.join(10)
    assert not watching.is_alive()
    assert said.startswith("Products: 1 of 3, about ")

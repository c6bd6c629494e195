import os

import pytest
from specresample.common.files import write_json
from specresample.common.product_request import ProductRequest
from specresample.jobs.status import DONE, FAILED, RUNNING, STOPPED, JobStatus
from specresample.reporting.ledger import entry_of_record, ledger_entry, summary

EXPOSURES = {"e1": "data/e1_cal.fits", "e2": "data/e2_cal.fits"}
REQUEST = ProductRequest("p", "p", EXPOSURES, "asn.json", None, (), {"pixfrac": 0.5})


@pytest.fixture
def out(tmp_path):
    return tmp_path / "results"


def entry(out):
    return ledger_entry(REQUEST, out)


def leave(out, job, state, message="", age=0, seconds=0.0, peak_mb=0.0):
    """Leave the status of a job that ended some seconds ago."""
    path = out / f".work/status/{job}.json"
    JobStatus(state, message, seconds, peak_mb).write(path)
    os.utime(path, (1e9 - age, 1e9 - age))


def finish(out, age=0, **record):
    content = {"product": "p", "state": "done", "reason": None, "files": ["p_s2d.fits"]}
    content |= {"left_out": [], "exposures": [*EXPOSURES]}
    write_json(out / "p/record.json", content | record)
    os.utime(out / "p/record.json", (1e9 - age, 1e9 - age))
    inputs = [{"file": path, "sha256": "0"} for path in EXPOSURES.values()]
    provenance = {"inputs": inputs, "software": {"drizzle": "3"}, "arguments": {"pixfrac": 1.0}}
    write_json(out / "p/provenance.json", provenance | {"association": {"file": "asn.json"}})


def test_product_that_was_made(out):
    finish(out)
    leave(out, "make_product/p", FAILED, "of an earlier run", age=10)
    found = entry(out)
    assert found["state"] == "done"
    assert found["files"] == ["p_s2d.fits"]
    assert found["inputs"][0] == {"file": "data/e1_cal.fits", "sha256": "0"}
    assert found["software"] == {"drizzle": "3"}
    assert found["arguments"] == {"pixfrac": 1.0}
    assert found.pop("links") == [("record", "p/record.json")]
    assert entry_of_record(out / "p/record.json") == found


def test_links_are_of_what_there_is(out):
    finish(out)
    (out / "p/preview.png").touch()
    for job, age in {"prepare_exposure/e1": 3, "combine/p": 1, "drizzle_exposure/p/e2": 2}.items():
        leave(out, job, DONE, age=age)
        log = out / f".work/logs/{job}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
    expected = [("preview", "p/preview.png"), ("record", "p/record.json")]
    assert entry(out)["links"] == [*expected, ("log", ".work/logs/combine/p.log")]
    leave(out, "prepare_exposure/e1", FAILED, "broken", age=-1)
    assert entry(out)["links"] == [*expected, ("log", ".work/logs/prepare_exposure/e1.log")]


def test_skipped_product(out):
    finish(out, state="skipped", reason="3-D", files=[])
    assert (entry(out)["state"], entry(out)["reason"]) == ("skipped", "3-D")


@pytest.mark.parametrize(
    "job",
    ["prepare_exposure/e2", "output_grid/p", "drizzle_exposure/p/e1", "combine/p"],
)
@pytest.mark.parametrize("made_before", [False, True])
def test_product_with_a_job_that_failed(out, job, made_before):
    if made_before:
        finish(out, age=10)
    leave(out, job, FAILED, "e2: broken")
    found = entry(out)
    assert (found["state"], found["reason"]) == ("failed", "e2: broken")
    assert found["files"] == []
    assert found["inputs"] == [{"file": path} for path in EXPOSURES.values()]
    assert found["arguments"] == {"pixfrac": 0.5}
    assert found["software"]["drizzle"]


def test_product_of_which_a_job_was_killed(out):
    finish(out, age=10)
    leave(out, "prepare_exposure/e1", DONE)
    assert entry(out)["state"] == "done"
    leave(out, "prepare_exposure/e2", RUNNING)
    assert entry(out)["state"] == "failed"
    assert "was killed, or is at work" in entry(out)["reason"]
    assert "prepare_exposure/e2.json" in entry(out)["reason"]


def test_product_that_was_made_after_it_failed(out):
    leave(out, "prepare_exposure/e2", FAILED, "e2: broken", age=20)
    assert entry(out)["state"] == "failed"
    leave(out, "prepare_exposure/e2", DONE, age=10)
    finish(out)
    assert entry(out)["state"] == "done"


def test_errors_of_others_do_not_count(out):
    finish(out, age=10)
    for job in ("prepare_exposure/e3", "combine/p2", "drizzle_exposure/p2/e1"):
        leave(out, job, FAILED, "broken")
    assert entry(out)["state"] == "done"


def test_product_without_a_trace(out):
    assert entry(out)["state"] == "open"
    assert entry(out)["reason"]
    leave(out, "combine/p", STOPPED, "stopped by the user")
    assert entry(out)["state"] == "open"


def test_costs_are_those_of_all_jobs(out):
    finish(out)
    leave(out, "prepare_exposure/e1", DONE, seconds=2.0, peak_mb=150.0)
    leave(out, "prepare_exposure/e2", DONE, seconds=3.5, peak_mb=220.5)
    leave(out, "combine/p", DONE, seconds=1.0, peak_mb=90.0)
    leave(out, "prepare_exposure/e3", DONE, seconds=100.0, peak_mb=900.0)
    assert (entry(out)["seconds"], entry(out)["peak_mb"]) == (6.5, 220.5)


def test_summary(out):
    finish(out, left_out=[{"slit": "S1", "reason": "bad"}])
    done = entry(out)
    failed = done | {"product": "q", "state": "failed", "reason": "broken", "left_out": []}
    lines = summary([done, *[failed] * 12], out).splitlines()
    assert lines[0] == f"1 product made, 0 skipped, 12 failed: {out}, {out}/overview.html"
    assert lines[1] == "left out of products, as the ledger says: 1 slits or exposures"
    assert lines[2:] == ["failed: q: broken"] * 10 + ["failed: 2 more, in the ledger"]


def test_summary_of_a_run_that_was_stopped(out):
    finish(out)
    waiting = entry(out) | {"product": "q", "state": "open", "reason": "not begun"}
    lines = summary([entry(out), waiting], out).splitlines()
    assert lines[0].startswith("1 product made, 0 skipped, 0 failed, 1 not made yet: ")
    assert lines[1:] == ["The same command goes on where this run ended."]

import os

import pytest
from specresample.common.files import write_json
from specresample.reporting.ledger import ledger_entry, summary

EXPOSURES = {"e1": "data/e1_cal.fits", "e2": "data/e2_cal.fits"}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "results"


def entry(out):
    return ledger_entry("p", "asn.json", EXPOSURES, {"pixfrac": 0.5}, out)


def write(path, text, age=0):
    """Write a file that is some seconds old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (1e9 - age, 1e9 - age))


def finish(out, age=0, **record):
    content = {"product": "p", "state": "done", "reason": None, "files": ["p_s2d.fits"]}
    write_json(out / "p/record.json", content | {"left_out": []} | record)
    os.utime(out / "p/record.json", (1e9 - age, 1e9 - age))
    inputs = [{"file": path, "sha256": "0"} for path in EXPOSURES.values()]
    provenance = {"inputs": inputs, "software": {"drizzle": "3"}, "arguments": {"pixfrac": 1.0}}
    write_json(out / "p/provenance.json", provenance)


def test_product_that_was_made(out):
    finish(out)
    write(out / ".work/logs/small_product/p.log", "2026 ERROR of an earlier run\n", age=10)
    found = entry(out)
    assert found["state"] == "done"
    assert found["files"] == ["p_s2d.fits"]
    assert found["inputs"][0] == {"file": "data/e1_cal.fits", "sha256": "0"}
    assert found["software"] == {"drizzle": "3"}
    assert found["arguments"] == {"pixfrac": 1.0}


def test_skipped_product(out):
    finish(out, state="skipped", reason="3-D", files=[])
    assert (entry(out)["state"], entry(out)["reason"]) == ("skipped", "3-D")


@pytest.mark.parametrize(
    "log",
    ["prepare_exposure/e2", "small_product/p", "drizzle_exposure/p/e1", "combine_sources/p-12"],
)
@pytest.mark.parametrize("made_before", [False, True])
def test_product_with_an_error_in_a_log(out, log, made_before):
    if made_before:
        finish(out, age=10)
    write(out / f".work/logs/{log}.log", "2026 INFO fine\n2026 ERROR e2: broken\nTraceback")
    found = entry(out)
    assert (found["state"], found["reason"]) == ("failed", "e2: broken")
    assert found["files"] == []
    assert found["inputs"] == [{"file": path} for path in EXPOSURES.values()]
    assert found["arguments"] == {"pixfrac": 0.5}
    assert found["software"]["drizzle"]


def test_product_of_which_a_job_was_killed(out):
    finish(out, age=10)
    write(out / ".work/logs/prepare_exposure/e1.log", "2026 INFO fine\n2026 INFO done\n")
    assert entry(out)["state"] == "done"
    write(out / ".work/logs/prepare_exposure/e2.log", "2026 INFO fine\n")
    assert entry(out)["state"] == "failed"
    assert "was killed, or is at work" in entry(out)["reason"]
    assert "prepare_exposure/e2.log" in entry(out)["reason"]


def test_product_that_was_made_after_it_failed(out):
    write(out / ".work/logs/prepare_exposure/e2.log", "2026 ERROR e2: broken\n", age=20)
    assert entry(out)["state"] == "failed"
    write(out / ".work/logs/prepare_exposure/e2.log", "2026 INFO done\n", age=10)
    finish(out)
    assert entry(out)["state"] == "done"


def test_errors_of_others_do_not_count(out):
    finish(out, age=10)
    for log in ("prepare_exposure/e3", "small_product/p2", "combine_sources/p2-1"):
        write(out / f".work/logs/{log}.log", "2026 ERROR broken\n")
    assert entry(out)["state"] == "done"


def test_product_without_a_trace(out):
    assert entry(out)["state"] == "open"
    assert entry(out)["reason"]


def test_costs_are_those_of_all_jobs(out):
    finish(out)
    rows = {"prepare_exposure/e1": "2.0\t150", "prepare_exposure/e2": "3.5\t220.5"}
    rows |= {"combine/p": "1.0\tNA", "prepare_exposure/e3": "100\t900"}
    for job, row in rows.items():
        write(out / f".work/benchmarks/{job}.tsv", f"s\tmax_rss\n{row}\n")
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

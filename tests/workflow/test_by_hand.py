"""Scripts of rules run by hand, as docs/carrying-on.md says."""

import os
import subprocess
import sys

import pytest
from inprocess import write_slit_exposures
from runs import PROJECT, snakemake, write_association, write_config


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    exposures = write_slit_exposures(folder / "data")
    write_association(folder / "data", "p", exposures, "asn.json")
    config = write_config(folder, associations=["data/asn.json"])
    snakemake(folder, config)
    return folder, config.removeprefix("--configfile=")


@pytest.mark.parametrize(
    ("words", "made"),
    [
        (["prepare_exposure", "exposure={exposure}"], "exposures/{exposure}.npz"),
        (["output_grid", "product=p"], "p/grid.json"),
        (["drizzle_exposure", "product=p", "exposure={exposure}"], "p/singles/{exposure}.npz"),
        (["combine", "product=p"], "p/record.json"),
    ],
    ids=lambda words: words[0],
)
def test_script_makes_by_hand_what_its_job_makes(work, words, made):
    folder, config = work
    exposure = next((folder / "results/.work/exposures").glob("*.npz")).stem
    path = folder / "results/.work" / made.format(exposure=exposure)
    before = path.read_bytes()
    path.unlink()
    command = [sys.executable, "-m", "specresample.plan.by_hand"]
    command += [word.format(exposure=exposure) for word in words]
    subprocess.run(
        [*command, "--configfile", config],
        cwd=folder,
        check=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT / "scripts")},
        timeout=120,
    )
    assert path.read_bytes() == before

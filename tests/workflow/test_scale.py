"""What a campaign costs beside its jobs: the plan, and looking at jobs that wait."""

import json
import re

import pytest
from runs import snakemake, write_association, write_config
from specsim import fixed_slit, write_nirspec

from benchmarks.measuring import Work, measure, workflow_command

EXPOSURES = 3


def write_campaign(folder, products):
    """Write associations of exposures of the size of real ones with one slit, but empty."""
    associations = []
    for number in range(products):
        names = [f"jw{number:05d}001001_03101_0000{i}_nrs1_cal.fits" for i in range(EXPOSURES)]
        for name in names:
            with (folder / name).open("wb") as file:
                file.truncate(500_000)
        members = [{"expname": name, "exptype": "science"} for name in names]
        path = folder / f"p{number:05d}_asn.json"
        path.write_text(json.dumps({"products": [{"name": path.stem, "members": members}]}))
        associations.append(path)
    return tuple(associations)


@pytest.mark.parametrize("job_per", ["exposure", "product"])
@pytest.mark.parametrize(
    ("products", "seconds"), [(20, 4), pytest.param(1000, 40, marks=pytest.mark.nightly)]
)
def test_dry_run(tmp_path, products, seconds, job_per):
    work = Work(write_campaign(tmp_path, products))
    cost = measure([workflow_command(work, tmp_path, 2, job_per, "--dry-run")], tmp_path)
    print(f"{products} products, a job per {job_per}: {cost}")
    rules = {"product": ("make_product", 1), "exposure": ("prepare_exposure", EXPOSURES)}
    rule, jobs = rules[job_per]
    assert re.search(rf"^{rule} +{jobs * products}$", (tmp_path / "log").read_text(), re.M)
    assert cost.cpu < seconds
    assert cost.peak < 500


def test_waiting_jobs_are_looked_at_when_a_job_has_ended(tmp_path):
    # With a limit of jobs per time span, Snakemake would do so hundreds of times a second.
    exposures = write_nirspec(tmp_path, fixed_slit()).members
    write_association(tmp_path, "p", exposures, "asn.json")
    config = write_config(tmp_path, associations=["asn.json"])
    log = snakemake(tmp_path, config, "--verbose", "--cores=1").stderr
    assert (tmp_path / "results/p_s2d.fits").is_file()
    jobs = log.count("Finished jobid: ")
    assert jobs > 2 * len(exposures)
    assert 0 < log.count("Ready jobs: ") <= 2 * jobs

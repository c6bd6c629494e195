"""What a large campaign costs before its first job: associations are read, no exposure is."""

import json
import re

import pytest

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

"""What cannot be resampled is said and recorded, and stops nothing else."""

import json

import numpy as np
import pytest
from astropy.io import fits
from runs import snakemake, write_config
from specsim import fixed_slit, fixed_slits, write_nirspec

CUBE, GOOD, MIXED, TWO = "jw1-cube", "jw2-good", "jw3-mixed", "jw4-two-slits"


@pytest.fixture(scope="module", params=["exposure", "product"], ids=["split", "small"])
def run(request, tmp_path_factory):
    """Products of integrations, of an image among spectra, with a slit that has no WCS."""
    folder = tmp_path_factory.mktemp("skips")
    nods = (-0.4, 0.4)
    write_nirspec(folder / "a", fixed_slit(nods=nods, product=CUBE, integrations=3))
    write_nirspec(folder / "b", fixed_slit(nods=nods, product=GOOD))
    mixed = write_nirspec(folder / "c", fixed_slit(nods=nods, product=MIXED))
    fits.setval(mixed.members[1], "EXP_TYPE", value="NRS_IMAGE")
    two = write_nirspec(folder / "d", fixed_slits(nods=nods, product=TWO))
    for member in two.members:
        with fits.open(member, mode="update") as hdus:
            hdus["SCI", 2].data = hdus["SCI", 2].data[None]
    config = write_config(folder, associations=["*/*_asn.json"], job_per=request.param)
    return folder, config, snakemake(folder, config)


def record(folder, product):
    return json.loads((folder / "results" / product / "record.json").read_text())


def test_integrations_are_skipped_and_the_rest_is_made(run):
    folder, *_ = run
    made = sorted(path.name for path in (folder / "results").glob("*.fits"))
    assert made == [f"{product}_s2d.fits" for product in (GOOD, MIXED, TWO)]
    skipped = record(folder, CUBE)
    assert skipped["state"] == "skipped"
    assert skipped["reason"] == "3-D data (integrations) are not resampled"
    assert record(folder, GOOD)["state"] == "done"
    logs = (folder / "results/.work/logs").glob("*/*.log")
    assert sum("3-D data (integrations) are not resampled" in log.read_text() for log in logs) >= 1


def test_skipped_products_are_not_tried_again(run):
    folder, config, _ = run
    again = snakemake(folder, config, "-n")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_image_among_spectra_is_left_out(run):
    folder, *_ = run
    left_out = record(folder, MIXED)["left_out"]
    assert [entry["reason"] for entry in left_out] == [
        "EXP_TYPE NRS_IMAGE is not one of slit spectra"
    ]
    with fits.open(folder / "results" / f"{MIXED}_s2d.fits") as hdus:
        assert set(np.unique(hdus["CON"].data)) == {0, 1}


def test_bad_slit_is_left_out_and_the_other_is_made(run):
    folder, *_ = run
    left_out = record(folder, TWO)["left_out"]
    assert len(left_out) == 2
    assert all("SCI is not an image" in entry["reason"] for entry in left_out)
    with fits.open(folder / "results" / f"{TWO}_s2d.fits") as hdus:
        assert [hdu.header["SLTNAME"] for hdu in hdus if hdu.name == "SCI"] == ["S200A1"]

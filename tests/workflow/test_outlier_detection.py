"""Outliers in whole runs: which jobs they take, what is made again, and what is delivered."""

import json
import re
import shutil
from collections import Counter

import numpy as np
import pytest
from astropy.io import fits
from inprocess import rewrite
from runs import snakemake, write_association, write_config
from specsim import fixed_slit, write_nirspec
from stdatamodels.jwst import datamodels

PRODUCT = "jw01345-o005_t001_nirspec_f290lp-g395m"
NODS = (-0.3, 0.0, 0.3)
SEARCH = {"outlier_detection": True, "save_crf": True}


def jobs(folder, config, *arguments):
    """Jobs by rule that a run makes."""
    run = snakemake(folder, config, *arguments)
    made = Counter(re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)", run.stderr, re.M))
    return {rule: number for rule, number in made.items() if rule not in ("all", "deliver")}


@pytest.fixture(scope="module")
def exposures(tmp_path_factory):
    """Three nods, each hit in a pixel of its own."""
    folder = tmp_path_factory.mktemp("nods")
    members = write_nirspec(folder, fixed_slit(nods=NODS)).members
    for number, path in enumerate(members):

        def hit(hdus, number=number):
            hdus["SCI"].data[hit_pixel(hdus, number)] += 1000 * np.nanmedian(hdus["ERR"].data)

        rewrite(path, hit)
    return members


def hit_pixel(hdus, number):
    """Pixel of an exposure that is hit: a good one in the middle."""
    good = np.argwhere(hdus["DQ"].data & 1 == 0)
    return tuple(good[len(good) // 2 + 400 * number])


@pytest.fixture(scope="module")
def made(exposures, tmp_path_factory):
    """Their product without outliers, and the jobs that it took."""
    return run(exposures, tmp_path_factory.mktemp("made"), **SEARCH)


def run(exposures, folder, **config):
    write_association(folder / "data", PRODUCT, exposures, "asn.json")
    argument = write_config(folder, associations=["data/asn.json"], **config)
    return folder, jobs(folder, argument)


@pytest.fixture
def copy(made, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(made[0], folder, symlinks=True)
    return folder, f"--configfile={folder}/config.yaml"


def test_search_is_a_job_and_every_exposure_is_drizzled_once(made):
    assert made[1] == {
        "prepare_exposure": 3,
        "output_grid": 1,
        "flag_outliers": 1,
        "drizzle_exposure": 3,
        "combine": 1,
        "flagged_exposure": 3,
        "record": 1,
    }


def test_hits_are_in_no_file(made, exposures):
    folder = made[0] / "results"
    for number, path in enumerate(exposures):
        with fits.open(path) as before, datamodels.open(flagged(folder, path)) as after:
            found = (after.dq & 16) != 0
            assert found[hit_pixel(before, number)]
            assert np.isnan(after.data[found]).all()
            assert after.meta.cal_step.outlier_detection == "COMPLETE"
    product = folder / f"{PRODUCT}_s2d.fits"
    assert fits.getval(product, "S_OUTLIR") == "COMPLETE"


def flagged(results, exposure):
    return results / PRODUCT / f"{exposure.name.removesuffix('_cal.fits')}_crf.fits"


def test_numbers_are_in_record_and_overview(made, exposures):
    folder = made[0] / "results"
    (slit,) = json.loads((folder / PRODUCT / "record.json").read_text())["slits"]
    expected = {
        path.name.removesuffix("_cal.fits"): int(
            ((fits.getdata(flagged(folder, path), "DQ") & 16) != 0).sum()
        )
        for path in exposures
    }
    assert slit["outliers"] == expected
    assert min(expected.values()) > 0
    assert slit["gates"]["outliers"]["state"] == "passed"
    page = (folder / "overview.html").read_text()
    assert json.dumps(slit["outliers"], separators=(",", ":")) in page


def test_a_job_for_the_whole_product_leaves_the_same(made, exposures, tmp_path):
    folder, took = run(exposures, tmp_path, job_per="product", **SEARCH)
    assert took == {"make_product": 1, "flagged_exposure": 3, "record": 1}
    for path in (made[0] / "results").rglob("*.fits"):
        if ".work" not in path.parts:
            other = folder / "results" / path.relative_to(made[0] / "results")
            assert other.read_bytes() == path.read_bytes()


def test_flagged_exposures_make_the_same_spectrum(made, exposures, tmp_path):
    members = [flagged(made[0] / "results", path) for path in exposures]
    folder, _ = run(members, tmp_path)
    ours, theirs = (
        fits.open(path / "results" / f"{PRODUCT}_s2d.fits") for path in (folder, made[0])
    )
    with ours, theirs:
        for name in ("SCI", "WHT", "ERR", "CON", "VAR_RNOISE"):
            # The tangent point follows the flux, and rounding follows the tangent point.
            expected = theirs[name].data
            floor = 1e-6 * np.nanpercentile(np.abs(expected), 99)
            np.testing.assert_allclose(ours[name].data, expected, rtol=2e-5, atol=floor)
        assert ours[0].header["S_OUTLIR"] == "COMPLETE"


def test_changed_limit_repeats_from_the_search(copy):
    assert jobs(*copy, "--config", "outlier_snr=8 6") == {
        "flag_outliers": 1,
        "drizzle_exposure": 3,
        "combine": 1,
        "flagged_exposure": 3,
        "record": 1,
    }


def test_changed_argument_of_the_product_does_not_repeat_the_search(copy):
    made = jobs(*copy, "--config", "pixfrac=0.7", "save_crf=false")
    assert made == {"drizzle_exposure": 3, "combine": 1, "record": 1}


def test_flagged_exposures_can_be_asked_for_later(copy):
    folder, config = copy
    for path in (folder / "results" / PRODUCT).glob("*_crf.fits"):
        path.unlink()
    assert jobs(folder, config).pop("flagged_exposure") == 3


def test_without_a_search_there_is_no_trace_of_it(exposures, copy, tmp_path):
    (tmp_path / "plain").mkdir()
    plain, took = run(exposures, tmp_path / "plain", outlier_snr="8 6")
    assert took == {
        "prepare_exposure": 3,
        "output_grid": 1,
        "drizzle_exposure": 3,
        "combine": 1,
        "record": 1,
    }
    assert not [*(plain / "results").rglob("*outliers*"), *plain.rglob("*_crf.fits")]
    (slit,) = json.loads((plain / "results" / PRODUCT / "record.json").read_text())["slits"]
    assert "outliers" not in slit["gates"]
    # Switched off again, the product is the plain one.
    folder, config = copy
    assert jobs(folder, config, "--config", "outlier_detection=false", "save_crf=false") == {
        "drizzle_exposure": 3,
        "combine": 1,
        "record": 1,
    }
    product = f"results/{PRODUCT}_s2d.fits"
    assert (folder / product).read_bytes() == (plain / product).read_bytes()

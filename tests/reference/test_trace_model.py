"""Exposures that jwst's adaptive_trace_model has seen, resampled by both."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from jwst_products import (
    BLENDED,
    compare_arrays,
    compare_wcss,
    differences,
    read_product,
)
from jwst_runs import run_order, started_jwst
from observations import write_observation
from runs import snakemake, write_association, write_config
from stdatamodels.jwst import datamodels

# By name: the observation, how finely its exposures are oversampled, and the arguments.
CASES = {
    "grating_1": ("grating", 1, {}),
    "grating_2": ("grating", 2, {}),
    "grating_3_fine": ("grating", 3, {"pixel_scale_ratio": 2.0, "propagate_dq": True}),
    "two_slits_2": ("two_slits", 2, {"weight_type": "exptime"}),
    "lrs_2": ("lrs", 2, {}),
    "lrs_image_scale_2": ("lrs_along_dec", 2, {"pixel_scale": 0.08}),
}


@pytest.fixture(scope="module")
def exposures(jwst_python, tmp_path_factory):
    """Exposures of every case, as the step leaves them, and what they were made of."""
    work = tmp_path_factory.mktemp("traced")
    observations = {observation for observation, _, _ in CASES.values()}
    written = {name: write_observation(work / "cal", name) for name in observations}
    driver = Path(__file__).with_name("trace_model_driver.py")
    environment = os.environ | {"STPIPE_DISABLE_CRDS_STEPPARS": "true"}
    traced = {}
    for observation, oversample, _ in CASES.values():
        folder = work / f"{observation}_{oversample}"
        if not folder.exists():
            folder.mkdir()
            command = [jwst_python, driver, str(oversample), folder, *written[observation]]
            run = subprocess.run(
                command, capture_output=True, text=True, env=environment, check=False
            )
            assert run.returncode == 0, run.stderr
        traced[observation, oversample] = sorted(folder.glob("*_cal.fits"))
    return {
        name: (traced[observation, oversample], written[observation])
        for name, (observation, oversample, _) in CASES.items()
    }


@pytest.fixture(scope="module")
def results(exposures, jwst_python, tmp_path_factory):
    """Make all cases by both; returns the folder with ``jwst`` and ``results``."""
    work = tmp_path_factory.mktemp("jwst")
    orders, overrides = [], {}
    for name, (_, _, arguments) in CASES.items():
        path = write_association(work / "data" / name, name, exposures[name][0])
        orders.append(run_order(path, work / "jwst" / name, "product", arguments))
        overrides[name] = arguments
    with started_jwst(jwst_python, orders, work):
        config = {"associations": ["data/*/*_asn.json"], "job_per": "product"}
        snakemake(work, write_config(work, **config, overrides=overrides))
    return work


@pytest.fixture(params=CASES)
def case(request):
    return request.param


@pytest.fixture
def pair(case, results):
    """Our product and jwst's."""
    folder = results / "jwst" / case
    error = folder / "error"
    assert not error.exists(), error.read_text()
    return read_product(results / f"results/{case}_s2d.fits"), read_product(folder / "s2d.fits")


def test_arrays(pair):
    compare_arrays(*pair)


def test_wcs(pair):
    compare_wcss(*pair)


def test_header(case, pair):
    ours, theirs = pair
    permitted = BLENDED if len(theirs.slits) > 1 else set()
    if case.startswith("lrs"):
        # jwst takes the detector pixel of the source for a pixel of the finer image.
        permitted = permitted | {"SRCXPOS", "SRCYPOS"}
    assert ours.primary["S_TRCMOD"] == "COMPLETE"
    assert differences(ours.primary, theirs.primary, permitted) == {}
    for our, their in zip(ours.slits, theirs.slits, strict=True):
        assert differences(our.header, their.header, permitted) == {}


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("lrs")])
def test_source_is_where_it_was_on_the_detector(case, exposures, results):
    with datamodels.open(exposures[case][1][0]) as exposure:
        world = exposure.meta.wcs(exposure.source_xpos, exposure.source_ypos)
    with datamodels.open(results / f"results/{case}_s2d.fits") as product:
        x, y = product.meta.wcs.invert(*world)
        np.testing.assert_allclose(
            [product.source_xpos, product.source_ypos], [x, y], rtol=0, atol=1e-6
        )


def test_recorded(case, results):
    _, oversample, _ = CASES[case]
    folder = results / "results" / case
    record = json.loads((folder / "record.json").read_text())
    assert {*record["oversampling"].values()} == {oversample}
    provenance = json.loads((folder / "provenance.json").read_text())
    assert {entry["S_TRCMOD"] for entry in provenance["inputs"]} == {"COMPLETE"}
    with fits.open(results / f"results/{case}_s2d.fits") as hdus:
        assert {*hdus["HDRTAB"].data["S_TRCMOD"]} == {"COMPLETE"}

"""Errors against the scatter of noise that goes through the workflow's steps (seeded)."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from observations import lamp
from specresample.drizzling.correlated_noise import CorrelatedNoise
from specsim import SlitGeometry, write_nirspec

from benchmarks.error_trials import (
    BOXES,
    box_sums,
    box_variances,
    prepare_exposures,
    true_over_claimed,
)

# The means over thousands of boxes are uncertain by less than a third of a percent.
REALISATIONS = 80

# Of the simulated MSA, a slitlet that all exposures show, 708 columns wide and clearly curved. The
# real slitlet is of the prism, whose steps differ by a factor of six.
SLITS = {"nirspec_mos_sim": 5, "miri_lrs_sim": 0, "nirspec_mos_real": 0}


@pytest.fixture(scope="module")
def prepared(shared, tmp_path_factory):
    return {
        name: prepare_exposures(
            sorted((shared / "data" / name).glob("*_cal.fits")), tmp_path_factory.mktemp(name)
        )
        for name in SLITS
    }


@pytest.mark.parametrize("instrument", ["nirspec_mos_sim", "miri_lrs_sim"])
@pytest.mark.parametrize("exposures", [1, 3])
@pytest.mark.parametrize("pixfrac", [1.0, 0.5])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_errors_hold(prepared, instrument, exposures, pixfrac, ratio):
    found = true_over_claimed(
        dict(islice(prepared[instrument].items(), exposures)),
        realisations=REALISATIONS,
        slit=SLITS[instrument],
        pixfrac=pixfrac,
        pixel_scale_ratio=ratio,
    )
    for box in BOXES:
        assert found[box]["pixel with covariance"] == pytest.approx(1, abs=0.02), box
    assert found[1, 1]["pixel"] == pytest.approx(1, abs=0.02)
    assert found[5, 1]["pixel"] > 1.05
    # Boxes as wide as three rows of the detector, and wider ones.
    for rows in (3, 5, 6, 7, 10):
        if rows >= 3 * ratio:
            assert found[rows, 1]["aperture"] == pytest.approx(1, abs=0.07), rows
    if pixfrac == 1:
        # Variances for apertures count what the ends of a box share with pixels outside of it.
        for rows in (3, 5, 6, 7, 10):
            expected = np.sqrt(1 - ratio / (3 * rows))
            assert found[rows, 1]["aperture"] == pytest.approx(expected, abs=0.02), rows


@pytest.mark.parametrize("instrument", SLITS)
@pytest.mark.parametrize(
    "arguments",
    [
        {"kernel": "point"},
        {"weight_type": "exptime"},
        {"pixel_scale_ratio": 0.5},
        {"pixel_scale_ratio": 3.0, "pixfrac": 0.3},
        {"spectral_oversampling": 2},
        {"wavelength_grid": "linear"},
    ],
    ids=str,
)
def test_errors_hold_with_other_arguments(prepared, instrument, arguments):
    found = true_over_claimed(
        prepared[instrument], realisations=REALISATIONS, slit=SLITS[instrument], **arguments
    )
    for box in BOXES:
        assert found[box]["pixel with covariance"] == pytest.approx(1, abs=0.02), box


def test_errors_hold_for_lamps(tmp_path):
    geometry = SlitGeometry(name="S200A1", shape=(30, 200))
    slitlets = tuple(replace(slitlet, geometry=geometry) for slitlet in lamp().slitlets)
    setup = lamp(slitlets=slitlets, wavelength_shifts=(0.0, 0.4))
    exposures = prepare_exposures(write_nirspec(tmp_path, setup).members, tmp_path)
    found = true_over_claimed(exposures, realisations=REALISATIONS)
    for box in BOXES:
        assert found[box]["pixel with covariance"] == pytest.approx(1, abs=0.02), box
        assert box == (1, 1) or found[box]["pixel"] > 1.05


def test_variances_of_boxes_are_those_of_any_aperture():
    random = np.random.default_rng(1)
    lags = ((0, 1), (0, 2), (1, -2), (1, -1), (1, 0), (2, 1))
    covariance = {lag: random.uniform(0, 0.1, (9, 8)) for lag in lags}
    noise = CorrelatedNoise(random.uniform(1, 2, (9, 8)), covariance, np.zeros((9, 8)), 1)
    for shape in ((1, 1), (3, 1), (1, 3), (4, 5)):
        variances = box_variances(noise, shape)
        assert variances.shape == box_sums(np.ones((9, 8)), shape).shape
        for y, x in np.ndindex(variances.shape):
            box = np.zeros((9, 8))
            box[y : y + shape[0], x : x + shape[1]] = 1
            assert variances[y, x] == pytest.approx(noise.aperture_variance(box))

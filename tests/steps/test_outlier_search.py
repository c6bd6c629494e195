"""Outliers from the exposures to the files: what is found, what is flagged, what is counted."""

import numpy as np
import pytest
from astropy.io import fits
from inprocess import (
    arrays,
    drizzled,
    make,
    rewrite,
    set_keywords,
    write_lrs_exposures,
    write_slit_exposures,
    write_slits_exposures,
)
from specresample.common.arrays import ArrayWriter
from specresample.steps.flagged_exposure import flagged_exposure
from stdatamodels.jwst import datamodels

NODS = (-0.4, 0.0, 0.4)


@pytest.fixture
def exposures(tmp_path):
    """Three nods of a slit."""
    return write_slit_exposures(tmp_path, nods=NODS)


def good(path, version=1):
    """Good pixels away from the ends of a slit's image."""
    with fits.open(path) as hdus:
        pixels = hdus["DQ", version].data & 1 == 0
    pixels[:5] = pixels[-5:] = pixels[:, :4] = pixels[:, -4:] = False
    return np.argwhere(pixels)


def hit(path, pixels, errors, version=1):
    """Let something hit pixels of an exposure."""

    def change(hdus):
        sci, err = (hdus[name, version].data for name in ("SCI", "ERR"))
        sci[tuple(np.transpose(pixels))] += errors * np.nanmedian(err)

    rewrite(path, change)


def found(exposures, **arguments):
    """Outliers of every exposure in the first source, as rows and columns."""
    with drizzled(exposures, outlier_detection=True, **arguments) as parts:
        return [
            {(int(p["row"]), int(p["column"])) for p in single["0/outliers"]}
            for single in parts.singles.values()
        ]


def test_hits_are_found_where_they_are(exposures):
    pixels = [good(path)[[40, 300]] for path in exposures]
    before = found(exposures)
    for path, some in zip(exposures, pixels, strict=True):
        hit(path, some, 300)
    after = found(exposures)
    for some, without, outliers in zip(pixels, before, after, strict=True):
        hits = {tuple(pixel) for pixel in some.tolist()}
        assert hits <= outliers
        beside = {(y + i, x + j) for y, x in hits for i in range(-3, 4) for j in range(-3, 4)}
        assert outliers - beside <= without | hits


def test_hits_are_not_in_the_product(exposures, tmp_path):
    make(exposures, tmp_path / "before")
    for number, path in enumerate(exposures):
        hit(path, good(path)[[40 + number, 300 + number]], 1000)
    make(exposures, tmp_path / "hit")
    make(exposures, tmp_path / "cleaned", outlier_detection=True)
    before, hit_, cleaned = (
        arrays(tmp_path / name / "product_s2d.fits") for name in ("before", "hit", "cleaned")
    )
    scatter = [
        np.nanmax(np.abs(product["SCI"] - before["SCI"]) / before["ERR"])
        for product in (hit_, cleaned)
    ]
    assert scatter[0] > 200
    assert scatter[1] < 20
    assert (cleaned["WHT"] <= hit_["WHT"]).all()


def test_limits_count(exposures):
    for path in exposures:
        hit(path, good(path)[::37], 12)
    usual = sum(map(len, found(exposures)))
    assert sum(map(len, found(exposures, outlier_snr="100 80"))) < usual / 2
    assert sum(map(len, found(exposures, outlier_scale="0 0"))) > usual
    assert sum(map(len, found(exposures, outlier_backg=1e-10))) > 2 * usual


def test_arguments_of_the_product_do_not(exposures):
    usual = found(exposures)
    assert any(usual)
    arguments = {"pixfrac": 0.3, "kernel": "point", "weight_type": "exptime"}
    assert found(exposures, pixel_scale_ratio=2.0, propagate_dq=True, **arguments) == usual


@pytest.mark.parametrize("write", [write_slits_exposures, write_lrs_exposures])
def test_other_modes(write, tmp_path):
    paths = write(tmp_path)
    pixels = good(paths[0])[[100, 200]]
    hit(paths[0], pixels, 1000)
    assert {tuple(pixel) for pixel in pixels.tolist()} <= found(paths)[0]


def test_a_lone_exposure_has_none_and_says_so(exposures, caplog):
    hit(exposures[0], good(exposures[0])[[100]], 1000)
    with drizzled(exposures[:1], outlier_detection=True) as parts:
        (single,) = parts.singles.values()
        assert len(single["0/outliers"]) == 0
        assert single["0/compared"] == 0
    assert "1 of 1 slits have one exposure alone: no outliers are found" in caplog.text


def test_detectors_of_one_exposure_are_one(exposures):
    for path in exposures[1:]:
        set_keywords(path, {"EXPOSURE": fits.getval(exposures[0], "EXPOSURE")})
    assert found(exposures) == [set()] * 3


def test_without_errors_the_steps_alone_count(exposures):
    for path in exposures:
        rewrite(path, lambda hdus: hdus.pop("ERR"))
    assert sum(map(len, found(exposures))) > 300


def test_a_background_that_is_known_is_no_outlier(exposures):
    usual = found(exposures)
    for path in exposures:
        rewrite(path, lambda hdus: np.add(hdus["SCI"].data, 1, out=hdus["SCI"].data))
        set_keywords(path, {"BKGLEVEL": 1.0, "BKGSUB": False})
    # In single precision little is left of data this small beside one.
    for with_background in found(exposures, outlier_backg=7.0):
        assert len(with_background) < 400
    assert all(map(len, usual))


def test_status_is_in_the_header(exposures, tmp_path):
    for number, status in ((3, "COMPLETE"), (1, "SKIPPED")):
        make(exposures[:number], tmp_path / status, outlier_detection=True)
        path = tmp_path / status / "product_s2d.fits"
        assert fits.getval(path, "S_OUTLIR") == status
        assert any("outlier_snr" in line for line in fits.getheader(path)["HISTORY"])
    make(exposures, tmp_path / "without")
    header = fits.getheader(tmp_path / "without" / "product_s2d.fits")
    assert header.get("S_OUTLIR") == fits.getheader(exposures[0]).get("S_OUTLIR")
    assert not any("outlier_snr" in line for line in header["HISTORY"])


def test_single_products_are_without_outliers_too(exposures, tmp_path):
    path = exposures[0]
    hit(path, good(path)[[100, 200]], 1000)
    for name, on in (("with", False), ("without", True)):
        make(exposures, tmp_path / name, single=True, outlier_detection=on)
    peaks = [
        np.nanmax(arrays(min((tmp_path / name).rglob("*_outlier_s2d.fits")))["SCI"])
        for name in ("with", "without")
    ]
    assert peaks[1] < peaks[0] / 3


@pytest.mark.parametrize("write", [write_slits_exposures, write_lrs_exposures])
def test_flagged_exposures_make_the_same_product(write, tmp_path):
    """A product made of the exposures that were written with their flags, and without a search."""
    paths = write(tmp_path / "data")
    for path in paths:
        hit(path, good(path)[::60], 400)
    make(paths, tmp_path / "searched", outlier_detection=True)
    flagged = []
    with drizzled(paths, outlier_detection=True) as parts:
        parts.grids.write(tmp_path / "grid.json")
        for key, path in parts.request.exposures.items():
            single = tmp_path / f"{key}.npz"
            with ArrayWriter(single, "w") as writer:
                for source in parts.grids.sources:
                    writer.add(str(source.number), parts.singles[key].group(str(source.number)))
            flagged.append(tmp_path / f"{path.rsplit('/')[-1].removesuffix('_cal.fits')}_crf.fits")
            flagged_exposure(key, path, tmp_path / "grid.json", single, flagged[-1])
    make(flagged, tmp_path / "flagged")
    ours, theirs = (
        arrays(tmp_path / name / "product_s2d.fits") for name in ("searched", "flagged")
    )
    assert set(ours) == set(theirs)
    for name, array in ours.items():
        # The tangent point follows the flux, and rounding follows the tangent point.
        floor = 1e-6 * np.nanpercentile(np.abs(array), 99)
        np.testing.assert_allclose(array, theirs[name], rtol=2e-5, atol=floor, err_msg=name)
    with datamodels.open(flagged[0]) as model:
        assert model.meta.cal_step.outlier_detection == "COMPLETE"

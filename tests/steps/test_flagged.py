import numpy as np
import pytest
from astropy.io import fits
from inprocess import read_slits, rewrite, set_keywords, write_lrs_exposures, write_slits_exposures
from specresample.level2b.exposure import Exposure
from specresample.level2b.flagged import write_flagged
from stdatamodels.jwst import datamodels

PLANES = ("SCI", "ERR", "VAR_POISSON", "VAR_RNOISE", "VAR_FLAT")


@pytest.fixture(scope="module")
def exposure(tmp_path_factory):
    """Of two slits."""
    return write_slits_exposures(tmp_path_factory.mktemp("data"))[0]


def outliers(*pixels):
    return tuple(np.reshape(pixels, (-1, 2)).astype(int).T)


def good_pixel(path, version=1):
    return np.argwhere(fits.getdata(path, ("DQ", version)) & 1 == 0)[40]


def test_flagged_pixels_are_bad(exposure, tmp_path):
    y, x = good_pixel(exposure)
    target = tmp_path / "jw_crf.fits"
    write_flagged(exposure, target, {0: outliers((y, x))}, "COMPLETE")
    with fits.open(exposure) as before, fits.open(target) as after:
        changed = after["DQ", 1].data != before["DQ", 1].data
        assert np.argwhere(changed).tolist() == [[y, x]]
        assert after["DQ", 1].data[y, x] == before["DQ", 1].data[y, x] | 17
        for name in PLANES:
            assert np.isnan(after[name, 1].data[y, x])
            unchanged = (before["DQ", 1].data & 1 == 0) & ~changed
            np.testing.assert_array_equal(
                after[name, 1].data[unchanged], before[name, 1].data[unchanged]
            )


def test_all_bad_pixels_of_a_searched_slit_are_nan(exposure, tmp_path):
    bad = fits.getdata(exposure, ("DQ", 1)) & 1 != 0
    assert np.isfinite(fits.getdata(exposure, ("SCI", 1))[bad]).any()
    target = tmp_path / "jw_crf.fits"
    write_flagged(exposure, target, {0: outliers()}, "COMPLETE")
    for name in PLANES:
        assert np.isnan(fits.getdata(target, (name, 1))[bad]).all()


def test_nothing_else_changes(exposure, tmp_path):
    target = tmp_path / "jw_crf.fits"
    write_flagged(exposure, target, {0: outliers(good_pixel(exposure))}, "COMPLETE")
    with fits.open(exposure) as before, fits.open(target) as after:
        assert [(h.name, h.ver) for h in after] == [(h.name, h.ver) for h in before]
        for old, new in zip(before[1:], after[1:], strict=True):
            assert str(old.header) == str(new.header)
            if old.ver == 2 or old.name == "ASDF":
                assert np.asarray(old.data).tobytes() == np.asarray(new.data).tobytes()
        ours = dict(after[0].header) | {"FILENAME": before[0].header["FILENAME"]}
        assert ours.pop("S_OUTLIR") == "COMPLETE"
        assert ours == dict(before[0].header)
    assert exposure.stat().st_mode == target.stat().st_mode


@pytest.mark.parametrize("write", [write_slits_exposures, write_lrs_exposures])
def test_data_models_and_reader_open_it(write, tmp_path):
    exposure = write(tmp_path)[0]
    pixel = good_pixel(exposure)
    target = tmp_path / "jw_crf.fits"
    write_flagged(exposure, target, {0: outliers(pixel)}, "COMPLETE")
    with datamodels.open(exposure) as before, datamodels.open(target) as after:
        assert type(after) is type(before)
        assert after.meta.cal_step.outlier_detection == "COMPLETE"
        assert after.meta.filename == "jw_crf.fits"
        ours, theirs = (getattr(model, "slits", [model])[0] for model in (after, before))
        assert ours.dq[*pixel] & 17 == 17
        np.testing.assert_array_equal(ours.meta.wcs(8.0, 9.0), theirs.meta.wcs(8.0, 9.0))
    with Exposure(target, in_memory=True) as opened:
        assert opened.metadata["meta.cal_step.outlier_detection"] == "COMPLETE"
        assert np.isnan(read_slits(opened)[0].arrays["sci"][*pixel])


def test_a_file_without_dq_gets_one(exposure, tmp_path):
    plain = tmp_path / "plain_cal.fits"
    plain.write_bytes(exposure.read_bytes())
    pixel = good_pixel(exposure)
    rewrite(plain, lambda hdus: hdus.pop(("DQ", 1)))
    target = tmp_path / "jw_crf.fits"
    write_flagged(plain, target, {0: outliers(pixel)}, "COMPLETE")
    with datamodels.open(target) as model:
        assert model.slits[0].dq.dtype == np.uint32
        assert model.slits[0].dq[*pixel] == 17


def test_a_read_only_file_is_copied(exposure, tmp_path):
    locked = tmp_path / "jw_cal.fits"
    locked.write_bytes(exposure.read_bytes())
    locked.chmod(0o444)
    write_flagged(locked, tmp_path / "jw_crf.fits", {}, "SKIPPED")
    assert fits.getval(tmp_path / "jw_crf.fits", "S_OUTLIR") == "SKIPPED"


def test_an_earlier_status_is_replaced(exposure, tmp_path):
    other = tmp_path / "jw_cal.fits"
    other.write_bytes(exposure.read_bytes())
    set_keywords(other, {"S_OUTLIR": "SKIPPED"})
    write_flagged(other, tmp_path / "jw_crf.fits", {}, "COMPLETE")
    header = fits.getheader(tmp_path / "jw_crf.fits")
    assert header["S_OUTLIR"] == "COMPLETE"
    assert header.count("S_OUTLIR") == 1

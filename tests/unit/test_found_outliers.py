import numpy as np
import pytest
from handmade import summary
from specresample.drizzling.found_outliers import SlitOutliers, with_outlier_status
from specresample.footprint.prepared import PreparedExposure, PreparedSlit
from specresample.grids.product_grids import ProductGrids, Source
from specresample.grids.rectified import build_grid

SHAPE = (4, 6)
FOUND = SlitOutliers(np.array([(1, 2), (3, 5)]), np.array(20))
KEYWORD = "meta.cal_step.outlier_detection"


@pytest.fixture
def data():
    images = {name: np.ones(SHAPE, np.float32) for name in ("sci", "err", "var_rnoise")}
    images["dq"] = np.full(SHAPE, 4, np.uint32)
    return images | {"coordinates": np.ones((3, *SHAPE)), "invalid_sci": np.empty(0, np.float32)}


def test_flagged_pixels_are_bad_in_all_arrays(data):
    flagged = FOUND.flag(data)
    expected = np.zeros(SHAPE, bool)
    expected[[1, 3], [2, 5]] = True
    np.testing.assert_array_equal(flagged["dq"], np.where(expected, 4 | 1 | 16, 4))
    for name in ("sci", "err", "var_rnoise"):
        np.testing.assert_array_equal(np.isnan(flagged[name]), expected)
    assert flagged["coordinates"] is data["coordinates"]
    assert set(flagged) == set(data)


def test_arrays_that_are_given_stay_as_they_are(data):
    FOUND.flag(data)
    assert (data["dq"] == 4).all()
    assert np.isfinite(data["sci"]).all()


def test_places_are_in_the_image_of_the_slit_and_on_the_grid():
    y, x = np.indices(SHAPE)
    places = FOUND.place((10, 100), np.stack([x + 0.25, y - 2.5], axis=-1))
    assert places["row"].tolist() == [11, 13]
    assert places["column"].tolist() == [102, 105]
    assert places["x"].tolist() == [2.25, 5.25]
    assert places["y"].tolist() == [-1.5, 0.5]


def test_places_of_no_outliers():
    nothing = SlitOutliers(np.empty((0, 2), int), np.array(0))
    assert len(nothing.place((0, 0), np.zeros((*SHAPE, 2)))) == 0


# ---- status ------------------------------------------------------------------------------------


def exposure(number, *slits):
    metadata = {f"meta.observation.{part}": "1" for part in PARTS} | {
        "meta.observation.exposure_number": str(number)
    }
    footprint = summary()
    prepared = tuple(PreparedSlit(n, f"slit {n}", dict(metadata), footprint, False) for n in slits)
    return PreparedExposure("", "MultiSlitModel", dict(metadata), slits=prepared)


PARTS = (
    *("program_number", "observation_number", "visit_number"),
    *("visit_group", "sequence_id", "activity_id"),
)


def status(exposures, *sources):
    grid = build_grid([summary()], "NRS_MSASPEC")
    listed = tuple(
        Source(number, str(number), f"slit {number}", "file", grid, 1.0, slits)
        for number, slits in enumerate(sources)
    )
    grids = ProductGrids("product", file_each=False, several=True, sources=listed)
    stated = with_outlier_status(exposures, grids)
    assert [*stated] == [*exposures]
    return {
        key: (one.metadata[KEYWORD], [slit.metadata[KEYWORD] for slit in one.slits])
        for key, one in stated.items()
    }


def test_slits_with_two_exposures_are_searched():
    exposures = {"a": exposure(1, 0, 1), "b": exposure(2, 0)}
    assert status(exposures, {"a": 0, "b": 0}, {"a": 1}) == {
        "a": ("COMPLETE", ["COMPLETE", "SKIPPED"]),
        "b": ("COMPLETE", ["COMPLETE"]),
    }


def test_two_detectors_are_one_exposure():
    exposures = {"nrs1": exposure(1, 0), "nrs2": exposure(1, 0)}
    skipped = ("SKIPPED", ["SKIPPED"])
    assert status(exposures, {"nrs1": 0, "nrs2": 0}) == {"nrs1": skipped, "nrs2": skipped}


def test_what_the_exposure_states_itself_is_replaced():
    exposures = {"a": exposure(1, 0)}
    exposures["a"].metadata[KEYWORD] = "COMPLETE"
    assert status(exposures, {"a": 0})["a"][0] == "SKIPPED"

import itertools

import pytest
from specresample.plan.resources import estimated_slits, needs, request_resources, useful_workers


@pytest.fixture
def exposure(tmp_path):
    number = itertools.count()

    def make(megabytes, name="jw01_nrs1_cal.fits"):
        # Sizes are looked up once for each path.
        path = tmp_path / str(next(number)) / name
        path.parent.mkdir()
        with path.open("wb") as file:
            file.truncate(int(megabytes * 1e6))
        return str(path)

    return make


def test_slits_are_estimated_from_the_size_but_for_miri(exposure):
    assert estimated_slits(exposure(0.1)) == 1
    assert estimated_slits(exposure(30)) == 60
    assert estimated_slits(exposure(30, "jw01_mirimage_cal.fits")) == 1


# Measured on a quiet machine: seconds and megabytes, for files of these sizes in MB.
@pytest.mark.parametrize(
    ("rule", "sizes", "seconds", "megabytes"),
    [
        ("prepare_exposure", [0.53], 1.7, 137),
        ("prepare_exposure", [32.8], 7.0, 294),
        ("drizzle_exposure", [32.8], 0.6, 92),
        ("flag_outliers", [0.53] * 3, 0.5, 58),
        ("flagged_exposure", [32.8], 1.4, 93),
        ("combine", [0.53] * 3, 1.8, 135),
        ("make_product", [0.53] * 3, 1.8, 149),
        ("make_product", [6.3] * 3, 4.5, 438),
        ("make_product", [32.8] * 3, 17.5, 685),
    ],
)
def test_estimates_are_within_a_factor_of_two(exposure, rule, sizes, seconds, megabytes):
    files = [exposure(size, f"{number}_nrs1_cal.fits") for number, size in enumerate(sizes)]
    estimate = needs(rule, files)
    assert seconds / 2 < estimate[0] < 2 * seconds
    assert megabytes / 2 < estimate[1] < 2 * megabytes


def test_processes_share_what_keeps_them_busy(exposure):
    assert useful_workers([exposure(0.5)] * 3) == 1
    assert useful_workers([exposure(25, "a_mirimage_cal.fits")] * 4) == 1
    assert useful_workers([exposure(8, "b_nrs1_cal.fits")] * 2) == 3
    assert useful_workers([exposure(100, "c_nrs1_cal.fits")] * 9) == 4


def test_another_attempt_asks_for_more(exposure):
    files = (exposure(30),)
    first, second = (request_resources("combine", files, attempt) for attempt in (1, 2))
    assert second["mem_mb"] == 2 * first["mem_mb"]
    assert second["runtime"] == 2 * first["runtime"]
    assert second["disk_mb"] == first["disk_mb"] > 30
    assert all(isinstance(value, int) for value in first.values())

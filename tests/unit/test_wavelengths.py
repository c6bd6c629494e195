"""Wavelengths of products: native ones, and the grids that are asked for instead."""

import subprocess
import sys

import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable, Table
from runs import PROJECT
from specresample.common.errors import ResampleError
from specresample.common.limits import MAX_PIXELS
from specresample.grids.wavelengths import (
    MAX_OVERSAMPLING,
    NATIVE,
    LinearGrid,
    LogGrid,
    NativeGrid,
    TableGrid,
    check_wavelengths,
    extend_wavelengths,
    fill_gaps,
    interpolate,
    largest_oversampling,
    merge_wavelengths,
    with_count,
)

# ---- native wavelengths ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exposures", "expected"),
    [
        ([[1.0, 2.0, 3.0]], [1, 2, 3]),
        ([[3.0, 2.0, 1.0]], [1, 2, 3]),
        # Only what lies beyond the ends is added.
        ([[1.0, 2.0, 3.0], [1.5, 2.5, 3.5, 4.5]], [1, 2, 3, 3.5, 4.5]),
        ([[1.0, 2.0, 3.0], [4.5, 3.5, 2.5, 1.5]], [1, 2, 3, 3.5, 4.5]),
        ([[1.0, 2.0, 3.0], [-0.5, 0.5, 1.5]], [-0.5, 0.5, 1, 2, 3]),
        ([[1.0, 2.0, 3.0], [0.5, 1.5, 2.5, 3.5]], [0.5, 1, 2, 3, 3.5]),
        ([[1.0, 2.0, 3.0], [1.5, 2.5]], [1, 2, 3]),
        # No overlap: all of it is added, and the gap stays.
        ([[1.0, 2.0], [5.0, 6.0]], [1, 2, 5, 6]),
        ([[5.0, 6.0], [1.0, 2.0]], [1, 2, 5, 6]),
        # The nearer of two comes first, though it is named last.
        ([[1.0, 2.0], [2.6, 4.6], [1.4, 2.4, 3.4]], [1, 2, 2.4, 3.4, 4.6]),
        ([[1.0, 2.0], [5.0, 6.0], [3.5, 4.5]], [1, 2, 3.5, 4.5, 5, 6]),
        # Exposures without wavelengths add none.
        ([[1.0, 2.0], [], [2.5]], [1, 2, 2.5]),
        ([[2.0]], [2]),
    ],
)
def test_merged_wavelengths(exposures, expected):
    assert merge_wavelengths(exposures) == expected


@pytest.mark.parametrize(
    ("exposures", "expected"),
    [
        # Steps of 1 and 2: closer than 0.1 is too close, and the first one goes.
        ([[1.0, 2.0, 4.0], [4.09, 5.0]], [1, 2, 4.09, 5]),
        ([[1.0, 2.0, 4.0], [4.11, 5.0]], [1, 2, 4, 4.11, 5]),
        ([[1.0, 2.0, 4.0], [0.91, 0.0]], [0, 1, 2, 4]),
        # The first exposure's smallest step counts, not the others'.
        ([[1.0, 2.0], [2.5, 2.55, 2.75]], [1, 2, 2.55, 2.75]),
        # A step of 0 leaves 100 float eps.
        ([[1.0, 1.0, 2.0]], [1, 2]),
        ([[1.0, 2.0, 2.0, 3.0], [3.0 + 1e-15, 3.5]], [1, 2, 3 + 1e-15, 3.5]),
        ([[1.0, 2.0, 2.0, 3.0], [3.0 + 1e-9, 3.5]], [1, 2, 3, 3 + 1e-9, 3.5]),
    ],
)
def test_of_two_wavelengths_too_close_the_first_goes(exposures, expected):
    assert merge_wavelengths(exposures) == expected


def test_first_exposure_of_a_single_wavelength_removes_nothing():
    assert merge_wavelengths([[2.0], [1.0, 1.5, 2.5]]) == [1.0, 1.5, 2.0, 2.5]


def test_merging_needs_wavelengths_of_the_first_exposure():
    with pytest.raises(ResampleError, match="not enough valid pixels"):
        merge_wavelengths([[], [1.0, 2.0]])


def test_wavelengths_of_lrs_are_extended_beyond_the_ends_only():
    exposures = [[9.0, 8.0, 6.0], [10.0, 8.5, 7.0, 5.0], [10.5, 9.5, 4.0]]
    assert extend_wavelengths(exposures) == [4, 5, 6, 8, 9, 10, 10.5]


# ---- other grids -------------------------------------------------------------------------------

# Steps from 1 to 2, from pixel to pixel.
UNEVEN = 10 + np.concatenate([[0], np.cumsum(np.linspace(1, 2, 101))])


def edges(wavelengths):
    """Where the first pixel begins and the last one ends."""
    first, last = wavelengths[1] - wavelengths[0], wavelengths[-1] - wavelengths[-2]
    return wavelengths[0] - first / 2, wavelengths[-1] + last / 2


def test_native_wavelengths_stay_as_they_are():
    assert NATIVE.wavelengths(UNEVEN) is UNEVEN
    assert NATIVE.spacing == "native"


@pytest.mark.parametrize("oversampling", [2, 3, 4, 7])
def test_oversampled_pixels_lie_within_the_native_ones(oversampling):
    grid = NativeGrid(oversampling)
    fine = grid.wavelengths(UNEVEN)
    assert grid.spacing == "free"
    assert len(fine) == oversampling * len(UNEVEN)
    pixels = interpolate(fine, UNEVEN, np.arange(len(UNEVEN)))
    np.testing.assert_array_equal(np.round(pixels), np.repeat(np.arange(len(UNEVEN)), oversampling))
    np.testing.assert_allclose(np.diff(pixels), 1 / oversampling, rtol=1e-9)
    np.testing.assert_allclose(edges(fine), edges(UNEVEN), rtol=1e-12)


@pytest.mark.parametrize("step", [0.4, 1.0, 3.7])
def test_linear_grid_covers_what_the_exposures_do(step):
    line = LinearGrid(step=step).wavelengths(UNEVEN)
    np.testing.assert_allclose(np.diff(line), step, rtol=1e-12)
    low, high = edges(UNEVEN)
    assert line[0] - step / 2 == pytest.approx(low)
    assert line[-1] - step / 2 < high <= line[-1] + step / 2


def test_linear_grid_of_linear_wavelengths_is_the_native_one():
    native = 2.9 + 0.00179 * np.arange(1300)
    np.testing.assert_allclose(LinearGrid().wavelengths(native), native, rtol=1e-12)


def test_step_is_the_median_native_one_or_a_part_of_it():
    median = np.median(np.diff(UNEVEN))
    for oversampling in (1, 4):
        line = LinearGrid(oversampling=oversampling).wavelengths(UNEVEN)
        np.testing.assert_allclose(np.diff(line), median / oversampling, rtol=1e-12)
        line = LogGrid(oversampling=oversampling).wavelengths(UNEVEN)
        expected = np.median(np.diff(np.log(UNEVEN))) / oversampling
        np.testing.assert_allclose(np.diff(np.log(line)), expected, rtol=1e-9)


# The grids of the DAWN JWST Archive, and one whose range is no multiple of its step.
@pytest.mark.parametrize(
    ("limits", "step", "count"),
    [
        ((0.6, 3.35), 0.00063, 4366),
        ((2.6, 5.6), 0.00179, 1676),
        ((1.0, 2.0), 0.1, 11),
        ((1.0, 1.99), 0.1, 10),
    ],
)
def test_range_is_from_the_centre_of_the_first_pixel_to_that_of_the_last(limits, step, count):
    line = LinearGrid(limits, step).wavelengths(UNEVEN)
    assert len(line) == count
    assert line[0] == limits[0]
    assert limits[1] - step < line[-1] <= limits[1] + 1e-6 * step
    # Whatever the exposures: spectra of two sources stack.
    assert (LinearGrid(limits, step).wavelengths(UNEVEN / 7) == line).all()


def test_logarithmic_range():
    line = LogGrid((1.0, 2.0), 1000).wavelengths(UNEVEN)
    assert len(line) == int(1000 * np.log(2)) + 1
    assert line[0] == pytest.approx(1, rel=1e-15)
    np.testing.assert_allclose(line[1:] / line[:-1], np.exp(1e-3), rtol=1e-12)
    assert line[-1] <= 2


def test_gap_is_filled_at_the_step_beside_it():
    native = np.concatenate([np.arange(0, 50), np.arange(150, 200)]) / 100.0 + 1
    np.testing.assert_allclose(fill_gaps(native), 1 + np.arange(200) / 100, rtol=1e-12)
    assert NativeGrid(fill_gap=True).spacing == "native"


def test_steps_in_a_gap_go_from_the_one_before_to_the_one_behind():
    native = np.concatenate([UNEVEN[:40], UNEVEN[60:]])
    filled = fill_gaps(native)
    assert len(filled) == len(UNEVEN)
    assert set(native) <= set(filled)
    steps = np.diff(filled)
    assert np.abs(np.diff(steps)).max() < 0.1
    np.testing.assert_allclose(filled, UNEVEN, atol=0.4)


def test_gap_beside_uneven_columns():
    # The end of a detector, where a tilted slit fills columns in part.
    native = np.concatenate([np.arange(0.0, 50), [50.4, 51.2], np.arange(80.0, 130)])
    steps = np.diff(fill_gaps(native))
    inside = (fill_gaps(native)[:-1] >= 51.2) & (fill_gaps(native)[1:] <= 80)
    np.testing.assert_allclose(steps[inside], 1, atol=0.01)


@pytest.mark.parametrize(
    "native",
    [
        UNEVEN,
        np.cumsum(1.03 ** np.arange(300.0)),  # a prism's
        np.array([1.0, 2.0]),
        np.arange(30) + np.where(np.arange(30) > 14, 0.49, 0),  # where two exposures join
    ],
)
def test_no_gap_no_change(native):
    np.testing.assert_array_equal(fill_gaps(native), native)


def test_gaps_at_both_ends():
    native = np.concatenate([[0.0], np.arange(5.0, 15.0), [18.0]])
    np.testing.assert_allclose(fill_gaps(native), np.arange(19.0), rtol=1e-12)


@pytest.mark.parametrize("spacing", ["native", "linear", "free"])
def test_wavelengths_are_cut_or_continued_with_the_last_step(spacing):
    line = np.array([1.0, 2.0, 4.0])
    assert with_count(line, 2, spacing).tolist() == [1, 2]
    assert with_count(line, 5, spacing).tolist() == [1, 2, 4, 6, 8]
    assert with_count(line[::-1], 4, spacing).tolist() == [4, 2, 1, 0]


def test_logarithmic_wavelengths_are_continued_as_such():
    line = LogGrid((1.0, 2.0), 10).wavelengths(UNEVEN)
    longer = with_count(line, 30, "log")
    np.testing.assert_allclose(np.diff(np.log(longer)), 0.1, rtol=1e-12)
    np.testing.assert_allclose(longer[: len(line)], line, rtol=1e-12)
    assert with_count(line, 3, "log").tolist() == line[:3].tolist()


def test_interpolation_continues_beyond_its_ends():
    nodes, values = np.array([1.0, 2.0, 4.0]), np.array([0.0, 10.0, 20.0])
    x = np.array([[0.0, 1.5, np.nan], [3.0, 4.0, 6.0]])
    expected = [[-10, 5, np.nan], [15, 20, 30]]
    np.testing.assert_allclose(interpolate(x, nodes, values), expected)


def test_largest_oversampling_is_where_native_steps_are_widest():
    assert largest_oversampling(UNEVEN, UNEVEN) == pytest.approx(1)
    fine = LinearGrid(step=0.5).wavelengths(UNEVEN)
    assert largest_oversampling(fine, UNEVEN) == pytest.approx(4, rel=0.01)
    assert largest_oversampling(NativeGrid(3).wavelengths(UNEVEN), UNEVEN) == pytest.approx(3, 0.02)
    # A gap is no wide step.
    native = np.concatenate([UNEVEN[:40], UNEVEN[60:]])
    assert largest_oversampling(UNEVEN, native) == pytest.approx(1, rel=0.1)


# ---- tables ------------------------------------------------------------------------------------


def test_table_is_read_where_asdf_is_read_too(tmp_path):
    # asdf_tree changes yaml's loader for the whole process.
    file = tmp_path / "grid.ecsv"
    QTable({"wave": [1.0, 2.0] * u.um}).write(file)
    code = "from specresample.level2b import asdf_tree; "
    code += "from specresample.grids.wavelengths import TableGrid; "
    code += f"print(TableGrid.read({str(file)!r}).centres)"
    scripts = str(PROJECT / "scripts")
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=scripts, capture_output=True, text=True, check=False
    )
    assert found.stdout.strip() == "(1.0, 2.0)", found.stderr


@pytest.mark.parametrize("name", ["grid.ecsv", "grid.fits"])
@pytest.mark.parametrize("unit", ["um", "Angstrom"])
def test_table_gives_the_wavelengths(tmp_path, name, unit):
    wavelengths = [1.0, 1.1, 1.3, 1.7] * u.um
    QTable({"wave": wavelengths.to(unit), "flux": np.ones(4)}).write(tmp_path / name)
    grid = TableGrid.read(tmp_path / name)
    np.testing.assert_allclose(grid.wavelengths(UNEVEN), wavelengths.value, rtol=1e-12)
    assert grid.spacing == "free"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"w": [1.0, 2.0]}, "its first column w needs a unit of length"),
        ({"w": [1.0, 2.0] * u.Hz}, "its first column w needs a unit of length"),
        ({"w": ["a", "b"]}, "its first column w needs a unit of length"),
        ({"w": [1.0] * u.um}, "two or more wavelengths, positive and rising"),
        ({"w": [2.0, 1.0] * u.um}, "two or more wavelengths, positive and rising"),
        ({"w": [1.0, 1.0] * u.um}, "two or more wavelengths, positive and rising"),
        ({"w": [-1.0, 1.0] * u.um}, "two or more wavelengths, positive and rising"),
        ({"w": [1.0, np.nan, 2.0] * u.um}, "two or more wavelengths, positive and rising"),
        ({"w": [1.0, np.inf] * u.um}, "two or more wavelengths, positive and rising"),
        ({"w": [[1.0, 2.0], [3.0, 4.0]] * u.um}, "two or more wavelengths, positive and rising"),
    ],
)
def test_table_of_no_wavelengths(tmp_path, columns, message):
    file = tmp_path / "grid.ecsv"
    QTable(columns).write(file)
    with pytest.raises(ResampleError, match=message) as error:
        TableGrid.read(file)
    assert str(error.value).startswith(f"wavelength_grid {file}: ")


def test_missing_value_of_a_table(tmp_path):
    file = tmp_path / "grid.ecsv"
    table = Table({"w": [1.0, 2.0, 3.0]}, units={"w": "um"}, masked=True)
    table["w"].mask[1] = True
    table.write(file)
    with pytest.raises(ResampleError, match="positive and rising"):
        TableGrid.read(file)


@pytest.mark.parametrize("text", [None, "", "no table"])
def test_table_that_cannot_be_read(tmp_path, text):
    file = tmp_path / "grid.ecsv"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ResampleError, match=r"wavelength_grid .*grid.ecsv: not readable"):
        TableGrid.read(file)


# ---- what is refused ---------------------------------------------------------------------------


def test_too_many_wavelengths_are_refused_before_they_are_made():
    message = rf"its wavelength grid would have .* pixels, {MAX_PIXELS} are allowed"
    for grid in (
        LinearGrid(step=1e-12),
        LinearGrid((1.0, 1e9), 1e-3),
        LogGrid(resolving_power=1e12),
        NativeGrid(10**9),
    ):
        with pytest.raises(ResampleError, match=message):
            grid.wavelengths(UNEVEN)
    with pytest.raises(ResampleError, match=message):
        fill_gaps(np.array([*np.arange(20.0), 1e12]))


@pytest.mark.parametrize(
    ("wavelengths", "message"),
    [
        ([1.0, 2.0], "1 to 2 um, does not overlap its exposures, 10 to 161.5 um"),
        ([200.0, 202.0], "200 to 202 um, does not overlap its exposures, 10 to 161.5 um"),
        ([-1.0, 12.0], "-1 to 12 um, is continued beyond 0"),
        (20 + np.arange(100) / 1000, "20 to 20.099 um in 100 pixels, is up to 1092 times finer"),
    ],
)
def test_wavelengths_of_which_nothing_can_come(wavelengths, message):
    with pytest.raises(ResampleError, match=message):
        check_wavelengths(np.array(wavelengths), UNEVEN)


def test_fine_wavelengths_up_to_a_limit():
    check_wavelengths(NativeGrid(MAX_OVERSAMPLING // 2).wavelengths(UNEVEN), UNEVEN)

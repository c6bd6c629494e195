"""Gates as functions of numbers."""

import numpy as np
import pytest
from specresample.drizzling import profiles as measures
from specresample.quality import gates
from specresample.quality.gate_results import FAILED, NOT_MEASURABLE, PASSED


def test_flux_of_subtracted_nods_is_measured():
    """Positive and negative traces cancel, and a wrong scale is found all the same."""
    sky = np.zeros(40)
    sky[[10, 20]] = 1, -1
    flux = {"flux": sky, "weight": np.ones(40), "scale": 1.0}
    sci = np.tile(sky[:, None], 30)
    for factor, state in ((1.0, PASSED), (1.2, FAILED)):
        gate = gates.flux_gate(
            [flux], factor * sci, np.ones(sci.shape), pixel_area=1.0, units=["MJy"]
        )
        assert (gate.state, gate.value) == (state, factor)


@pytest.mark.parametrize(
    ("wavelengths", "state"),
    [
        ([[1, 2, 3], [1, 2, 3]], PASSED),
        ([[3, 2, 1], [3, 2, 1]], PASSED),
        ([[np.nan, 1, 2], [np.nan, np.nan, np.nan]], PASSED),
        ([[1, 2, 3], [3, 2, 1]], FAILED),  # each way in its row
        ([[1, 2, 2], [1, 2, 3]], FAILED),  # twice the same
        ([[np.nan, 1, np.nan]], FAILED),
    ],
)
def test_wavelength_gate(wavelengths, state):
    assert gates.wavelength_gate(np.array(wavelengths, np.float32)).state == state


@pytest.mark.parametrize(
    ("shape", "value"), [((20, 100), 1), ((35, 110), 1), ((8, 100), 0.4), ((20, 900), 4.4554)]
)
def test_size_gate(shape, value):
    exposures = [{"extent": (20.0, 100.0)}, {"extent": (19.0, 100.0)}]
    gate = gates.size_gate(shape, exposures)
    assert gate.value == pytest.approx(value, rel=1e-3)
    assert gate.state == (PASSED if value == 1 else FAILED)


ROWS = np.arange(40.0)


def profile(peaks, first=5, last=34, noise=0.01, flat=0.0):
    """Measures of an exposure: traces at some rows, on rows from one to another."""
    signal = flat + sum(
        height * np.exp(-0.5 * ((ROWS - place) / 1.1) ** 2) for place, height in peaks.items()
    )
    signal = signal + noise * np.random.default_rng(int(1e3 * sum(peaks))).normal(size=40)
    signal[(first > ROWS) | (last < ROWS)] = np.nan
    error = np.where(np.isfinite(signal), noise, np.nan)
    return {"profile": signal, "noise": error, "scale": np.float64(1)}


def at_end(exposure, row):
    """Show in an exposure's last row the middle of a pixel that is brighter."""
    exposure["profile"][row] += 0.8
    return exposure


@pytest.mark.parametrize(
    ("exposures", "state"),
    [
        # Subtracted nods leave negative traces, elsewhere in each.
        ([profile({20: 1, 10: -0.5, 30: -0.5}), profile({20: 1, 15: -0.5, 25: -0.5})], PASSED),
        # A brighter neighbour that only one of them sees.
        ([profile({12: 1, 25: 3}, 5, 34), profile({12: 1}, 2, 20)], PASSED),
        # Sky, and the edges of a slit that nods.
        ([profile({20: 1}, 5, 30, flat=9), profile({20: 1}, 10, 35, flat=9)], PASSED),
        ([profile({20: 1}), profile({20.3: 0.4})], PASSED),
        ([profile({20: 1}), profile({20.7: 1})], FAILED),
        ([profile({20: 1}), profile({20: 1}), profile({19.2: 1})], FAILED),
        ([profile({12: 1}), profile({25: 1})], FAILED),
        # Not the sky but the slit moved: a pattern of the slit says nothing.
        ([profile({8: 1, 13: 1}, 5, 24), profile({14: 1, 19: 1}, 11, 30)], NOT_MEASURABLE),
        ([profile({20: 1}), profile({20: 0.02})], NOT_MEASURABLE),
        ([profile({20: 0.02}), profile({25: 0.02})], NOT_MEASURABLE),
        ([profile({20: 1}), profile({}, 50, 0)], NOT_MEASURABLE),
        # The slit's end cuts the trace of one of them; or has taken it all.
        ([profile({20: 1}, 5, 34), profile({20: 1}, 5, 20)], NOT_MEASURABLE),
        ([profile({20: 1}, 5, 34), profile({}, 25, 34)], NOT_MEASURABLE),
        # A pixel at the end of the slit fills its row in part.
        ([at_end(profile({20: 1}, 5, 22), 22), profile({20: 1}, 5, 34)], PASSED),
    ],
)
def test_nods_gate(exposures, state):
    gate = gates.nods_gate({str(n): exposure for n, exposure in enumerate(exposures)})
    assert gate.state == state, gate


@pytest.mark.parametrize(
    ("counts", "state", "value"),
    [
        ([(0, 900), (2, 1000)], PASSED, 0.002),
        # As many as a real nod has.
        ([(366, 3637), (225, 3258), (246, 3188)], PASSED, 0.100632),
        ([(5, 1000), (201, 1000), (5, 1000)], FAILED, 0.201),
        ([(0, 0), (5, 1000)], PASSED, 0.005),
        ([(0, 0)], NOT_MEASURABLE, None),
    ],
)
def test_outliers_gate(counts, state, value):
    gate = gates.outliers_gate(counts)
    assert (gate.state, gate.value) == (state, value)


def test_no_pixel_on_the_grid():
    """As of a slit whose pixels are all bad."""
    sci = np.full((10, 20), np.nan, np.float32)
    pixmap = np.stack(np.meshgrid(np.arange(20.0), np.arange(10.0)), axis=-1)
    weights = np.zeros(sci.shape, np.float32)
    taken = measures.measure_exposure(sci, weights, pixmap, sci, dispersion_axis=1, drop=1.0)
    gate = gates.flux_gate([taken], sci, weights, pixel_area=1.0, units=["MJy", "MJy"])
    assert (gate.state, gate.reason) == (NOT_MEASURABLE, "no flux on the grid")
    assert gates.nods_gate({"a": taken, "b": taken}).state == NOT_MEASURABLE
    assert gates.size_gate(sci.shape, [taken]).state == PASSED

import numpy as np
import pytest
from specresample.drizzling.correlated_noise import CorrelatedNoise
from specresample.quality.extraction import sum_rows

SHAPE = (12, 30)
PROFILE = np.exp(-0.5 * ((np.arange(12) - 5.5) / 2) ** 2)
SCI = 100 * np.repeat(PROFILE[:, None], 30, axis=1)
ERR = np.full(SHAPE, 2.0)
WHT = np.ones(SHAPE)


def noise(correlation):
    """Rows that share noise with the next one."""
    covariance = {(1, 0): correlation * ERR**2}
    return CorrelatedNoise(ERR**2, covariance, np.zeros(SHAPE), dispersion_axis=1)


def test_without_covariances_the_error_is_that_of_independent_pixels():
    flux, error = sum_rows(SCI, ERR, WHT)
    same_flux, same = sum_rows(SCI, ERR, WHT, noise(0.0))
    np.testing.assert_array_equal(flux, same_flux)
    np.testing.assert_allclose(error, same)


@pytest.mark.parametrize("correlation", [0.2, 0.45])
def test_covariances_enter_the_error_alone(correlation):
    flux, independent = sum_rows(SCI, ERR, WHT)
    same_flux, error = sum_rows(SCI, ERR, WHT, noise(correlation))
    np.testing.assert_array_equal(flux, same_flux)
    # A broad profile counts neighbours nearly alike.
    np.testing.assert_allclose(error / independent, np.sqrt(1 + 2 * correlation), rtol=0.05)


def test_columns_without_data_have_no_error():
    sci = SCI.copy()
    sci[:, 3] = np.nan
    flux, error = sum_rows(sci, ERR, WHT, noise(0.2))
    assert np.isnan(flux[3])
    assert np.isnan(error[3])
    assert np.isfinite(np.delete(error, 3)).all()

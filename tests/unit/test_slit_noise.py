import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from specresample.common.errors import ResampleError
from specresample.drizzling.lags import same_wavelength
from specresample.s2d.noise import read_noise

SHAPE = (7, 9)
LAGS = ((0, 1), (1, -1), (1, 0), (1, 1))
RNG = np.random.default_rng(1)
WEIGHTS = RNG.uniform(-1.0, 2.0, SHAPE)


def write(path, *, flat=0.0, axis=1, errors="pixel", empty=(), versions=(1,)):
    """Write a product with some noise; gives the dense covariance matrix of its last slit."""
    hdus = fits.HDUList([fits.PrimaryHDU()])
    hdus[0].header["ERRTYPE"] = errors
    for version in versions:
        # Smoothed white noise, for a matrix that is one of covariances.
        variance = RNG.uniform(0.5, 2.0, SHAPE)
        matrix = smoothing(variance)
        images = matrix.reshape(*SHAPE, *SHAPE)
        planes = np.zeros((len(LAGS), *SHAPE))
        for plane, (dy, dx) in zip(planes, LAGS, strict=True):
            for y, x in np.ndindex(SHAPE):
                if y + dy < SHAPE[0] and 0 <= x + dx < SHAPE[1]:
                    plane[y, x] = images[y, x, y + dy, x + dx]
        total = np.diag(matrix).reshape(SHAPE).copy()
        if errors == "aperture":
            total += same_wavelength(dict(zip(LAGS, planes, strict=True)), SHAPE, axis)
        total[:, list(empty)] = np.nan
        arrays = {"SCI": np.ones(SHAPE), "VAR_RNOISE": 0.75 * total, "VAR_POISSON": 0.25 * total}
        arrays |= {"VAR_FLAT": np.full(SHAPE, flat), "COVAR": planes}
        for name, array in arrays.items():
            hdus.append(fits.ImageHDU(array.astype(np.float32), name=name, ver=version))
        hdus["SCI", version].header["DISPAXIS"] = axis
        for k, (dy, dx) in enumerate(LAGS, 1):
            hdus["COVAR", version].header.update({f"LAGY{k}": dy, f"LAGX{k}": dx})
        hdus["COVAR", version].header["SLITVER"] = version
    hdus.writeto(path)
    return matrix


def smoothing(variance):
    """Covariance matrix of noise that every pixel shares in part with its next neighbours."""
    ny, nx = SHAPE
    smooth = np.zeros((ny, nx, ny + 1, nx + 1))
    for y, x in np.ndindex(SHAPE):
        smooth[y, x, y : y + 2, x : x + 2] = np.outer([0.7, 0.3], [0.6, 0.4])
    smooth = np.sqrt(variance).reshape(-1, 1) * smooth.reshape(ny * nx, -1)
    return smooth @ smooth.T


@pytest.mark.parametrize("errors", ["pixel", "aperture"])
@pytest.mark.parametrize("axis", [1, 2])
def test_variance_of_any_aperture(tmp_path, errors, axis):
    matrix = write(tmp_path / "a.fits", errors=errors, axis=axis)
    noise = read_noise(tmp_path / "a.fits")
    expected = WEIGHTS.ravel() @ matrix @ WEIGHTS.ravel()
    assert noise.aperture_variance(WEIGHTS) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("axis", [1, 2])
def test_variance_of_a_spectrum_is_that_of_each_wavelength(tmp_path, axis):
    write(tmp_path / "a.fits", axis=axis, flat=0.3)
    noise = read_noise(tmp_path / "a.fits")
    found = noise.spectrum_variance(WEIGHTS)
    assert found.shape == (SHAPE[2 - axis],)
    for number, variance in enumerate(found):
        here = np.zeros(SHAPE)
        here[(slice(None), number) if axis == 1 else number] = 1
        assert variance == pytest.approx(noise.aperture_variance(WEIGHTS * here), rel=1e-6)


@pytest.mark.parametrize("region", [np.s_[:, :], np.s_[2:5, 3:8], np.s_[3:4, :], np.s_[:, 4:5]])
def test_covariance_matrix_of_a_region(tmp_path, region):
    matrix = write(tmp_path / "a.fits", flat=4.0)
    covariance = read_noise(tmp_path / "a.fits").covariance_matrix(region, "MJy/sr")
    pixels = np.arange(matrix.shape[0]).reshape(SHAPE)[region]
    expected = matrix[np.ix_(pixels.ravel(), pixels.ravel())]
    np.testing.assert_allclose(covariance.to_dense(), expected, rtol=1e-5)
    assert covariance.data_shape == pixels.shape
    assert covariance.unit == (u.MJy / u.sr) ** 2


def test_flat_is_wrong_everywhere_together(tmp_path):
    matrix = write(tmp_path / "a.fits", flat=0.25)
    noise = read_noise(tmp_path / "a.fits")
    expected = WEIGHTS.ravel() @ matrix @ WEIGHTS.ravel() + (0.5 * WEIGHTS.sum()) ** 2
    assert noise.aperture_variance(WEIGHTS) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("errors", ["pixel", "aperture"])
def test_pixels_without_data_do_not_count(tmp_path, errors):
    write(tmp_path / "a.fits", errors=errors, empty=[0, 8], flat=1.0)
    with fits.open(tmp_path / "a.fits", mode="update") as hdus:
        # As drizzling leaves them.
        for name in ("COVAR", "VAR_FLAT"):
            hdus[name].data[..., [0, 8]] = 0 if name == "COVAR" else np.nan
    noise = read_noise(tmp_path / "a.fits")
    inner = WEIGHTS.copy()
    inner[:, [0, 8]] = 0
    assert np.isfinite(noise.aperture_variance(WEIGHTS))
    assert noise.spectrum_variance(WEIGHTS)[0] == 0
    np.testing.assert_allclose(
        noise.spectrum_variance(WEIGHTS)[2:7], noise.spectrum_variance(inner)[2:7]
    )


def test_slits_are_counted_from_1(tmp_path):
    matrix = write(tmp_path / "a.fits", versions=(1, 2))
    found = read_noise(tmp_path / "a.fits", slit=2).covariance_matrix().to_dense()
    np.testing.assert_allclose(found, matrix, rtol=1e-5)


def test_what_is_not_there_is_said(tmp_path):
    path = tmp_path / "a.fits"
    write(path)
    with pytest.raises(ResampleError, match=r"a\.fits: it has no slit 2"):
        read_noise(path, slit=2)
    with fits.open(path, mode="update") as hdus:
        del hdus["COVAR"]
    with pytest.raises(ResampleError, match=r"a\.fits: slit 1 has no covariances .* errors: pixel"):
        read_noise(path)

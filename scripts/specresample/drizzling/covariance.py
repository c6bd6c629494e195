"""Combine the covariances of exposures."""

from collections.abc import Mapping

import numpy as np

from specresample.drizzling.lags import Lag, lag_pairs


class CovarianceSum:
    """Running sums over the exposures of a source.

    The noise of exposures is independent, so that the covariance of their weighted mean is
    C_jk = sum_e W_j W_k C_jk / (sum_e W_j  sum_e W_k), with the weights W of every exposure.

    Parameters
    ----------
    shape : tuple of int
        Shape (ny, nx) of the output grid.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        self._variance = np.zeros(shape)
        self._covariance: dict[Lag, np.ndarray] = {}

    def add(
        self, weight: np.ndarray, variance: np.ndarray, covariance: Mapping[Lag, np.ndarray]
    ) -> None:
        """Add a drizzled exposure, which may have other lags than those before.

        Parameters
        ----------
        weight, variance : ndarray, shape (ny, nx)
            Pixels without weight or of unknown variance do not count.
        covariance : mapping of Lag to ndarray, shape (ny, nx)
            Of every pixel with the one at the lag.
        """
        weight = np.where(np.isfinite(variance), weight, 0).astype(float)
        self._variance += weight**2 * np.nan_to_num(variance)
        for lag, plane in covariance.items():
            first, second = lag_pairs(self._shape, lag)
            total = self._covariance.setdefault(lag, np.zeros(self._shape))
            total[first] += weight[first] * weight[second] * plane[first]

    def finish(self, variance: np.ndarray) -> dict[Lag, np.ndarray]:
        """Give the covariances of the combined image.

        Parameters
        ----------
        variance : ndarray, shape (ny, nx)
            Of the combined image. The correlation is that of the exposures with variances.

        Returns
        -------
        dict of Lag to ndarray, shape (ny, nx)
            By ascending lag; 0 where it is not known.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            per_sum = np.nan_to_num(np.sqrt(variance / self._variance), posinf=0.0)
        result = {}
        for lag, total in sorted(self._covariance.items()):
            first, second = lag_pairs(self._shape, lag)
            result[lag] = np.zeros(self._shape)
            result[lag][first] = total[first] * per_sum[first] * per_sum[second]
        return result

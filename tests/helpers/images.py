"""Images by name, compared; context images, taken apart."""

from collections.abc import Iterable, Mapping

import numpy as np


def bits(context: np.ndarray) -> np.ndarray:
    """Context as a row of truth values for every exposure."""
    planes = context.astype(np.int32).view(np.uint32)
    return np.array([(plane >> bit) & 1 for plane in planes for bit in range(32)], bool)


def assert_same(
    found: Mapping[str, np.ndarray],
    expected: Mapping[str, np.ndarray],
    names: Iterable[str] | None = None,
    rtol: float = 0.0,
) -> None:
    """Compare images, by default all but the context."""
    for name in names or set(expected) - {"con"}:
        np.testing.assert_allclose(found[name], expected[name], rtol=rtol, atol=0, err_msg=name)

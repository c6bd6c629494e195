"""Share the work of a product out to processes."""

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

# Shares for each worker, because the sizes of sources differ. Each share opens the arrays of all
# exposures, so that one process works on one share.
_EACH = 4


def shares(items: Sequence[Item], workers: int) -> list[Sequence[Item]]:
    """Share files or sources out, each share from all over the product.

    Parameters
    ----------
    items : sequence
    workers : int
        Number of processes.

    Returns
    -------
    list of sequence
        One share where one process does all.
    """
    number = min(len(items), _EACH * workers if workers > 1 else 1)
    return [items[first::number] for first in range(number)]

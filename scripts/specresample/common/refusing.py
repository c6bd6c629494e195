"""Turn the errors of other packages into refusals."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from specresample.common.errors import ResampleError, first_line

log = logging.getLogger(__name__)


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Give any error of a block as a `ResampleError`, and log where it came from.

    A MemoryError passes, because otherwise the available memory would decide what is left out.

    Parameters
    ----------
    what : str
        What is wrong. The message states it, and then the first line of the error.

    Raises
    ------
    ResampleError
        Instead of the error.
    """
    try:
        yield
    except (ResampleError, MemoryError):
        raise
    except Exception as error:
        log.info("%s", what, exc_info=True)
        raise ResampleError(f"{what} ({first_line(error)})") from error

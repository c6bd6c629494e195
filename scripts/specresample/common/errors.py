"""The one exception that is meant for the user, and the errors of other packages turned into it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

MAX_LINE = 300  # characters; some packages repeat all of their input in a message


class ResampleError(Exception):
    """Something is wrong with the input; the message names the file and the cause in one line."""


def first_line(error: BaseException) -> str:
    """Give the first line of the message of another package's exception, or the exception's kind.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    str
    """
    text = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    return text if len(text) <= MAX_LINE else f"{text[:MAX_LINE]}..."


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

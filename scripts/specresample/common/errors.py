"""The one exception that is meant for the user."""

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

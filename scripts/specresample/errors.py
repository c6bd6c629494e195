"""The one exception that is meant for the user."""


class ResampleError(Exception):
    """Something is wrong with the input; the message names the file and the cause in one line."""

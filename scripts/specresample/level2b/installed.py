"""Transforms of all other kinds, as the installed packages make them.

Their models come from astropy, gwcs and stdatamodels by way of asdf, which takes a second to import
and is imported only when such a transform is met.
"""

import io

import numpy as np

from specresample.common.asdf_format import Tagged, to_asdf
from specresample.level2b.transforms import Coordinates, Transform


def installed_transform(node: Tagged) -> Transform:
    """Make the transform of a node by the converters that are installed.

    Parameters
    ----------
    node : Tagged

    Returns
    -------
    Transform

    Raises
    ------
    Exception
        Of any kind, when they cannot.
    """
    model = convert(node)
    if not hasattr(model, "n_inputs"):
        raise ValueError(f"no transform of the kind {node.tag} is known")
    return _of_model(model)


def convert(node: object) -> object:
    """Make the object of a node by the converters that are installed.

    Parameters
    ----------
    node : object
        Part of a tree (`specresample.level2b.asdf_tree.parse_tree`).

    Returns
    -------
    object

    Raises
    ------
    Exception
        Of any kind, when they cannot.
    """
    import asdf

    with asdf.config_context() as config:
        # The schema checks cost more than everything else; what is needed is checked where it is
        # used. By default asdf gives a dict for what it cannot convert, and the cause is lost.
        config.validate_on_read = False
        config.warn_on_failed_conversion = False
        content = io.BytesIO(to_asdf({"object": node}))
        with asdf.open(content, lazy_load=False) as file:
            return file["object"]


def _of_model(model: object) -> Transform:
    def evaluate(*coordinates: np.ndarray) -> Coordinates:
        result = model(*coordinates)
        return result if isinstance(result, tuple) else (result,)

    return Transform(model.n_inputs, evaluate, lambda: _of_model(model.inverse))

"""Objects of all kinds, as the installed packages make them of the nodes of an ASDF tree.

They come from astropy, gwcs and stdatamodels by way of asdf, which takes a second to import and is
imported only when such an object is met.
"""

import io

from specresample.common.asdf_format import to_asdf


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

"""Objects of astropy and gwcs as the plain nodes that an ASDF file of them holds."""

import io

import asdf
import numpy as np
from specresample.common.asdf_format import Tagged
from specresample.grids.grid_gwcs import grid_wcs
from specresample.level2b.asdf_tree import parse_tree
from specresample.level2b.installed import convert
from specresample.level2b.slit_wcs import read_wcs
from specresample.level2b.transforms import TransformReader


def written(**tree):
    """Content of an ASDF file of a tree."""
    buffer = io.BytesIO()
    asdf.AsdfFile(tree).write_to(buffer)
    return buffer.getvalue()


def nodes(**tree):
    """Write a tree, and read its nodes again."""
    return parse_tree(written(**tree))


def comparable(node):
    """Values that are equal for equal nodes."""
    if isinstance(node, Tagged):
        return node.tag, comparable(node.value)
    if isinstance(node, dict):
        # What leads back to itself is given up at the inverse.
        return {
            key: comparable(child) if key != "inverse" else child.tag for key, child in node.items()
        }
    if isinstance(node, list):
        return [*map(comparable, node)]
    return (node.dtype.str, node.tolist()) if isinstance(node, np.ndarray) else node


def gwcs_of(grid):
    """Make the GWCS of a grid of its nodes."""
    return convert(grid_wcs(grid))


def slit_wcs(wcs):
    """Write a GWCS, and read it as the WCS of a slit."""
    return read_wcs(nodes(wcs=wcs)["wcs"], TransformReader())

"""The tree of a product such that data models keep all of the file when they save it.

Whoever opens a product with stdatamodels gets the tree of its ASDF, if the headers are as they were
written. When it is saved, the keywords of its schemas are written for every slit, and what
``extra_fits`` holds, by the name of an extension, is written once per name.
"""

import re
from collections.abc import Mapping, Sequence

from astropy.io import fits

from specresample.grids.wavelength_table import table_cards, with_third_axis
from specresample.s2d.hdus import MORE_KEYWORDS
from specresample.s2d.noise import EXTENSION, SLIT

# Keywords of the primary header, and of a covariance extension, that no schema has.
_OWN = {more["fits_keyword"] for more in MORE_KEYWORDS.values()}
_OWN_OF_COVARIANCES = re.compile(rf"LAG[YX]\d+|BUNIT|{SLIT}")


def kept_tree(tree: Mapping[str, object], hdus: Sequence[fits.PrimaryHDU]) -> dict[str, object]:
    """Give the tree for the ASDF of a product.

    Parameters
    ----------
    tree : mapping
        Arrays and metadata by the names of the data model.
    hdus : sequence of HDU
        All others of the file, the primary one first.

    Returns
    -------
    dict
    """
    extra = {"PRIMARY": {"header": [[*c] for c in hdus[0].header.cards if c.keyword in _OWN]}}
    extra |= {hdu.name: {"data": hdu.data} for hdu in hdus if isinstance(hdu, fits.BinTableHDU)}
    covariances = [hdu for hdu in hdus if hdu.name == EXTENSION]
    for hdu in covariances:
        # One extension is kept to a name, and so those of several slits have names of their own.
        extra[EXTENSION if len(covariances) == 1 else f"{EXTENSION}_{hdu.ver}"] = {
            "data": hdu.data,
            "header": [[*c] for c in hdu.header.cards if _OWN_OF_COVARIANCES.fullmatch(c.keyword)],
        }
    if "slits" in tree:
        slits = []
        for number, slit in enumerate(tree["slits"], start=1):
            wcsinfo = with_third_axis(slit["meta"].get("wcsinfo", {}), number)
            slits.append({**slit, "meta": {**slit["meta"], "wcsinfo": wcsinfo}})
        return {**tree, "slits": slits, "extra_fits": extra}
    if pointers := table_cards(tree["meta"].get("wcsinfo", {}), None):
        extra["SCI"] = {"header": [[*card] for card in pointers]}
    return {**tree, "extra_fits": extra}

"""Products against what stdatamodels' own writer makes of the same tree, card by card."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from inprocess import (
    drizzled,
    file_names,
    write_lrs_exposures,
    write_slit_exposures,
    write_slits_exposures,
)
from nodes import comparable
from specresample.common.asdf_format import Tagged
from specresample.common.fits_hash import fits_hash
from specresample.grids.fits_wcs import LOOKED_UP
from specresample.level2b.asdf_tree import read_tree
from specresample.level2b.installed import convert
from specresample.s2d.hdus import MORE_KEYWORDS
from specresample.s2d.kept_tree import kept_tree
from specresample.s2d.product_files import make_file
from specresample.s2d.write import write_product
from stdatamodels import fits_support
from stdatamodels.jwst import datamodels

EXPOSURES = {
    "slit": write_slit_exposures,
    "slits": write_slits_exposures,
    "lrs": write_lrs_exposures,
}


@pytest.fixture(scope="module", params=[*EXPOSURES])
def product(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    with drizzled(EXPOSURES[request.param](folder), propagate_dq=True) as parts:
        return make_file(parts, *file_names(parts))[0]


@pytest.fixture(scope="module")
def path(product, tmp_path_factory):
    path = tmp_path_factory.mktemp("written") / "product_s2d.fits"
    write_product(path, product)
    return path


@pytest.fixture
def hdus(path):
    with fits.open(path, memmap=False) as opened:
        yield opened


def by_stdatamodels(product):
    """HDUs of a product that was written before."""

    def objects(value):
        if isinstance(value, dict):
            return {name: objects(child) for name, child in value.items()}
        if isinstance(value, list):
            return [*map(objects, value)]
        return convert(value) if isinstance(value, Tagged) else value

    tree = objects(product.tree)
    model = getattr(datamodels, tree["meta"]["model_type"])()
    for name, entry in MORE_KEYWORDS.items():
        model.add_schema_entry(f"meta.resample.{name}", entry)
    tree["history"] = {"entries": [{"description": line} for line in product.history]}
    return fits_support.to_fits(tree, model.schema)


def cards(hdu):
    """Cards that stdatamodels writes, but where in the table of wavelengths a slit begins."""
    ours = {"CHECKSUM", "DATASUM", *(f"PS{axis}_{m}" for axis in (1, 2) for m in (0, 1, 2))}
    ours |= {f"CRVAL{axis}" for axis in (1, 2) if hdu.header.get(f"CTYPE{axis}") == LOOKED_UP}
    return [card.image for card in hdu.header.cards if card.keyword not in ours]


def test_headers_and_images(product, hdus):
    expected = by_stdatamodels(product)
    found = [hdu for hdu in hdus if hdu.name not in ("HDRTAB", "WCS-TABLE", "ASDF")]
    assert [(h.name, h.ver) for h in found] == [(h.name, h.ver) for h in expected[:-1]]
    for one, other in zip(found, expected, strict=False):
        assert cards(one) == cards(other)
        np.testing.assert_array_equal(one.data, other.data)


def test_tree(product, hdus):
    kept = replace(product, tree=kept_tree(product.tree, [fits.PrimaryHDU()]))
    found, expected = read_tree(hdus), read_tree(by_stdatamodels(kept))
    for tree in (found, expected):
        # The tables, and the digest of all headers, are not in what is compared with.
        for name in ("_fits_hash", "history", "extra_fits"):
            tree.pop(name)
        tree.pop("hdrtab", None)
    assert comparable(found) == comparable(expected)


def test_hash_is_that_of_stdatamodels(hdus):
    assert fits_hash(hdus) == fits_support.fits_hash(hdus)


def test_model_opens(product, path):
    with datamodels.open(path) as model:
        assert type(model).__name__ == product.tree["meta"]["model_type"]
        model.validate()
        slits = getattr(model, "slits", [model])
        trees = product.tree.get("slits", [product.tree])
        assert len(slits) == len(trees)
        for slit, tree in zip(slits, trees, strict=True):
            np.testing.assert_array_equal(slit.data, tree["data"])
            np.testing.assert_array_equal(slit.meta.wcs.array_shape, tree["data"].shape)

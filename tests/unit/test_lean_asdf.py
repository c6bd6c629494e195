"""What is written without validation is valid, and says nothing of how it was written."""

import io

import asdf
import pytest
from asdf.exceptions import ValidationError
from asdf.tagged import TaggedDict
from astropy.io import fits
from inprocess import (
    make,
    write_lrs_exposures,
    write_slit_exposures,
    write_slits_exposures,
)
from specresample.s2d.lean_asdf import lean_asdf

# An array must have a data type.
WRONG = TaggedDict({"source": 0, "shape": [3]}, "tag:stsci.edu:asdf/core/ndarray-1.1.0")


def written(tree):
    buffer = io.BytesIO()
    asdf.AsdfFile(tree).write_to(buffer)
    return buffer.getvalue()


def read(content):
    with asdf.config_context() as config:
        config.validate_on_read = True
        with asdf.open(io.BytesIO(content)) as file:
            return file["history"]["extensions"]


def test_nothing_is_validated_inside_alone():
    with pytest.raises(ValidationError):
        written({"array": WRONG})
    with lean_asdf():
        content = written({"array": WRONG})
    with pytest.raises(ValidationError):
        read(content)
    with pytest.raises(ValidationError):
        written({"array": WRONG})


@pytest.mark.parametrize(
    "write", [write_slit_exposures, write_slits_exposures, write_lrs_exposures]
)
def test_products_are_valid(write, tmp_path):
    make(write(tmp_path / "exposures"), tmp_path)
    with fits.open(tmp_path / "product_s2d.fits") as hdus:
        extensions = [entry["extension_uri"] for entry in read(hdus["ASDF"].data.tobytes())]
    assert any("gwcs" in uri for uri in extensions)
    assert not any("specresample" in uri for uri in extensions)

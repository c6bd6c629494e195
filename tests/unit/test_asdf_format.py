import io
from importlib.metadata import version

import asdf
import numpy as np
import pytest
from nodes import comparable
from specresample.common.asdf_format import CORE_TAG, Tagged, split_file, to_asdf
from specresample.level2b.asdf_tree import parse_tree


def software(name, **more):
    return Tagged(f"{CORE_TAG}software-1.0.0", more | {"name": name, "version": version(name)})


CORE = Tagged(
    f"{CORE_TAG}extension_metadata-1.0.0",
    {
        "extension_class": "asdf.extension._manifest.ManifestExtension",
        "extension_uri": "asdf://asdf-format.org/core/extensions/core-1.6.0",
        "manifest_software": software("asdf_standard"),
        "software": software("asdf"),
    },
)
LIBRARY = {"author": "The ASDF Developers", "homepage": "http://github.com/asdf-format/asdf"}


def by_asdf(tree):
    buffer = io.BytesIO()
    asdf.AsdfFile(tree).write_to(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"z": 1, "a": [1.5, -2, None, True, 1e300, 1e-7], "text": ["", "é", "yes", "12"]},
        {"array": np.arange(5.0)},
        {"b": np.arange(6, dtype=">i2").reshape(2, 3), "a": {"c": np.float32([1]), "d": [[1], []]}},
        {"numbers": {"one": np.float64(1.5), "two": np.int32(2)}},
    ],
)
def test_files_hold_what_asdf_writes(tree):
    ours = tree | {
        "asdf_library": software("asdf", **LIBRARY),
        "history": {"extensions": [CORE]},
    }
    found, expected = to_asdf(ours), by_asdf({"history": {}} | tree)
    assert comparable(parse_tree(found)) == comparable(parse_tree(expected))
    assert split_file(found)[1] == split_file(expected)[1]
    # What follows the tree, where each block begins too.
    assert found.split(b"\n...\n", 1)[1] == expected.split(b"\n...\n", 1)[1]


def test_an_array_is_written_once():
    array = np.arange(100.0)
    text, blocks = split_file(to_asdf({"a": array, "b": array}))
    assert text.count(b"core/ndarray") == 1
    assert blocks == [array.tobytes()]


@pytest.mark.parametrize("content", [b"", b"SIMPLE", b"#ASDF 1.0.0\n%YAML 1.1\n---\na: 1"])
def test_what_is_no_asdf_file(content):
    with pytest.raises(ValueError, match=r"does not begin as|has no end"):
        split_file(content)

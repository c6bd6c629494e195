"""A run with kills; `soak.py` makes hundreds of products."""

import os

import pytest
from soak import soak


@pytest.mark.nightly
@pytest.mark.parametrize("number", [12, 500])
def test_nothing_is_lost_and_nothing_left(tmp_path, monkeypatch, number):
    monkeypatch.setitem(os.environ, "TMPDIR", str(tmp_path))
    figures = soak(tmp_path, number)
    assert figures.good, (figures, figures.left_behind)
    assert figures.killed_jobs > 0

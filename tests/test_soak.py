"""A short run with kills; `soak.py` makes hundreds of products."""

import os

import pytest
from soak import soak


@pytest.mark.parametrize("number", [12, pytest.param(500, marks=pytest.mark.nightly)])
def test_nothing_is_lost_and_nothing_left(tmp_path, monkeypatch, number):
    monkeypatch.setitem(os.environ, "TMPDIR", str(tmp_path))
    figures = soak(tmp_path, number)
    assert figures.good, (figures, figures.left_behind)
    assert figures.killed_jobs > 0

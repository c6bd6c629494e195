"""Hits of known strength are found, and little else is."""

import pytest
from recovery import STRENGTHS, inject, observe, print_recovery, print_shares, search
from runs import PROJECT


def test_strong_hits_are_found_and_little_else(tmp_path):
    paths = observe(tmp_path, "grating", 3)
    truths = [inject(path, seed) for seed, path in enumerate(paths)]
    recovery = search(paths, truths)
    compared, good = recovery.compared
    parts = []
    for strength in STRENGTHS:
        both = [recovery.found[strength, bright] for bright in (False, True)]
        parts.append(sum(found for found, _ in both) / sum(hits for _, hits in both))
    assert parts == sorted(parts)
    assert parts[-1] > 0.95 * compared / good
    for flagged, innocent in recovery.false.values():
        assert flagged < 1e-3 * innocent


@pytest.mark.nightly
def test_tables_of_the_documents_are_what_is_found(capsys):
    text = (PROJECT / "docs" / "outliers.md").read_text()
    for print_table in (print_recovery, print_shares):
        print_table()
        assert capsys.readouterr().out in text

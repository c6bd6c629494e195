import json

import pytest
from specresample.reporting.ledger import summary
from specresample.reporting.overview import overview_rows, write_overview

GATES = {
    "flux": {"state": "passed", "value": 1.0, "limits": [0.95, 1.05]},
    "nods": {"state": "failed", "value": 2.5, "limits": [0, 0.5]},
    "wcs": {"state": "not measurable", "value": None, "limits": [0, 1], "reason": "no WCS"},
}
SLIT = {
    "file": "p_s2d.fits",
    "slit": "S1 (source 7)",
    "exposures": 3,
    "exposure_time": 3000.0,
    "shape": [20, 400],
    "wavelengths": [2.9, 5.1],
    "good": 0.9,
    "signal_to_noise": 12.5,
    "gates": GATES,
}
DONE = {
    "product": "p",
    "state": "done",
    "reason": None,
    "mode": {
        "grating": "G395M",
        "filter": "N/A",
        "exposure_type": "NRS_MSASPEC",
        "instrument": "N",
    },
    "slits": [SLIT, SLIT | {"slit": "S2"}],
    "left_out": [{"exposure": "e1", "slit": "S3", "reason": "no WCS"}],
    "seconds": 3.5,
}
FAILED = {"product": "q", "state": "failed", "reason": "broken", "seconds": 0.0}


def test_rows_are_of_slits():
    rows = overview_rows([DONE, FAILED])
    assert [(row["product"], row.get("slit"), row["state"], row["reason"]) for row in rows] == [
        ("p", "S1 (source 7)", "done", None),
        ("p", "S2", "done", None),
        ("p", "S3", "left out", "no WCS"),
        ("q", None, "failed", "broken"),
    ]
    first = rows[0]
    assert first["mode"] == "N NRS_MSASPEC G395M"
    assert (first["passed"], first["failed_gates"], first["seconds"]) == (1, ["nods"], 3.5)
    assert first["verdicts"] == [
        "flux passed: flux out over flux in: 1, allowed are 0.95 to 1.05",
        "nods failed: pixels between the traces of the exposures: 2.5, allowed are 0 to 0.5",
        "wcs not measurable: no WCS",
    ]


def test_outliers_of_every_exposure_are_in_the_row():
    counted = SLIT | {"outliers": {"e1": 4, "e2": 0}}
    rows = overview_rows([DONE | {"slits": [SLIT, counted]}])
    assert [row.get("outliers") for row in rows[:2]] == [None, {"e1": 4, "e2": 0}]


def test_record_of_an_older_version_has_a_row():
    old = {"product": "p", "state": "done", "reason": None, "left_out": [], "seconds": 1.0}
    assert overview_rows([old]) == [
        {"product": "p", "mode": "", "seconds": 1.0, "state": "done", "reason": None}
    ]


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--", '"\\', "a\nb"])
def test_text_ends_no_script(text, tmp_path):
    path = tmp_path / "overview.html"
    write_overview(path, [DONE | {"product": text, "reason": text}])
    page = path.read_text()
    start = page.index('id="content">') + len('id="content">')
    content = page[start : page.index("</script>", start)]
    assert "<" not in content
    assert json.loads(content)["rows"][0]["product"] == text


def test_gates_that_failed_are_in_the_summary(tmp_path):
    lines = summary([DONE], tmp_path).splitlines()
    assert lines[-2] == (
        "p_s2d.fits: slit S1 (source 7): gate nods failed: "
        "pixels between the traces of the exposures: 2.5, allowed are 0 to 0.5"
    )
    many = summary([DONE] * 8, tmp_path)
    assert many.count("gate nods failed") == 10
    assert "6 more gates failed" in many

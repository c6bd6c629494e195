import json
from urllib.parse import unquote, urljoin, urlsplit

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
        ("q", None, "failed", "broken"),
        ("p", "S3", "left out", "no WCS"),
        ("p", "S1 (source 7)", "done", None),
        ("p", "S2", "done", None),
    ]
    first = rows[2]
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
    slits = [row for row in rows if "verdicts" in row]
    assert [row.get("outliers") for row in slits] == [None, {"e1": 4, "e2": 0}]


def test_record_of_an_older_version_has_a_row():
    old = {"product": "p", "state": "done", "reason": None, "left_out": [], "seconds": 1.0}
    assert overview_rows([old]) == [
        {"product": "p", "mode": "", "seconds": 1.0, "state": "done", "reason": None, "links": []}
    ]


def test_the_failed_and_the_loud_come_first():
    quiet = SLIT | {"slit": "quiet", "gates": {"flux": GATES["flux"]}}
    entries = [
        DONE | {"slits": [quiet, SLIT], "left_out": []},
        {"product": "o", "state": "open", "reason": "no run", "seconds": 0.0},
        {"product": "s", "state": "skipped", "reason": "3-D", "seconds": 0.0},
        FAILED,
    ]
    named = [row.get("slit") or row["product"] for row in overview_rows(entries)]
    assert named == ["q", "S1 (source 7)", "s", "o", "quiet"]


def test_links_lead_to_files_whatever_their_names(tmp_path):
    folder = "javascript:p#1?"
    links = [("record", f"{folder}/record.json")]
    slit = SLIT | {"file": f"{folder}_s2d.fits"}
    entry = DONE | {"product": folder, "slits": [slit], "links": links}
    (row, *_) = (row for row in overview_rows([entry]) if "verdicts" in row)
    addresses = dict(row["links"])
    assert [*addresses] == ["product", "record"]
    page = (tmp_path / "overview.html").as_uri()
    for title, path in [("product", f"{folder}_s2d.fits"), *links]:
        target = urlsplit(urljoin(page, addresses[title]))
        assert target.scheme == "file"
        assert unquote(target.path) == str(tmp_path / path)


def test_counts(tmp_path):
    path = tmp_path / "overview.html"
    write_overview(path, [DONE, FAILED, FAILED | {"state": "open"}])
    assert content(path)["summary"] == (
        "1 product made, 0 skipped, 1 failed, 1 not made yet; "
        "2 slits: 2 with gates that failed; 1 slits or exposures left out"
    )


def content(path):
    """What a page shows."""
    page = path.read_text()
    start = page.index('id="content">') + len('id="content">')
    text = page[start : page.index("</script>", start)]
    assert "<" not in text
    return json.loads(text)


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--", '"\\', "a\nb"])
def test_text_ends_no_script(text, tmp_path):
    path = tmp_path / "overview.html"
    write_overview(path, [DONE | {"product": text, "reason": text}])
    assert content(path)["rows"][0]["product"] == text


def test_gates_that_failed_are_in_the_summary(tmp_path):
    lines = summary([DONE], tmp_path).splitlines()
    assert lines[-2] == (
        "p_s2d.fits: slit S1 (source 7): gate nods failed: "
        "pixels between the traces of the exposures: 2.5, allowed are 0 to 0.5"
    )
    many = summary([DONE] * 8, tmp_path)
    assert many.count("gate nods failed") == 10
    assert "6 more gates failed" in many

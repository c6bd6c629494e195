"""A report shows names and reasons as what they are, and runs none of them."""

import base64
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from inprocess import edit_tree, rewrite, set_keywords, write_slits_exposures
from runs import snakemake, write_association, write_config

SLIT = "</script><script>alert(1)</script>&\"'<!--"
NAMES = ["1 &amp;\"'`$(x)_cal.fits", "2 é;&quot;'_cal.fits"]


class Elements(HTMLParser):
    """Elements of a page, and what is in its scripts, by their identifiers."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.scripts, self._script = set(), set(), {}, None

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._script = dict(attrs).get("id") if tag == "script" else None

    def handle_data(self, data):
        if self._script:
            self.scripts[self._script] = self.scripts.get(self._script, "") + data


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Page of a run whose exposures and slits have names that are HTML, or no plain letters."""
    folder = tmp_path_factory.mktemp("report")
    exposures = []
    (folder / "data").mkdir()
    for original, name in zip(write_slits_exposures(folder / "made"), NAMES, strict=True):
        exposures.append(Path(shutil.copy(original, folder / "data" / name)))
        edit_tree(exposures[-1], ("name: S400A1", f"name: {json.dumps(SLIT)}"))
        set_keywords(exposures[-1], {"SLTNAME": SLIT}, ("SCI", 2))
    rewrite(exposures[1], lambda hdus: setattr(hdus["SCI", 2], "data", hdus["SCI", 2].data[None]))
    path = write_association(folder / "data", "p", exposures, name="é &lt;\"'.json")
    config = write_config(folder, associations=[str(path)])
    snakemake(folder, config, "all", "previews")
    snakemake(folder, config, "all", "previews", "--report", "report.html")
    page = Elements()
    page.feed((folder / "report.html").read_text())
    return page


def test_names_are_no_elements(report):
    assert report.tags <= {"html", "head", "meta", "title", "script", "style", "body", "div", "p"}
    assert not {name for name in report.attributes if name.startswith("on")}


def test_results_are_whole(report):
    results = json.loads(report.scripts["results"].strip().removeprefix("var results = ")[:-1])
    # The overview is of all products.
    assert {result["labels"].get("product") for result in results.values()} == {"p", None}
    uri = results["results/p/record.json"]["data_uri"]
    (left_out,) = json.loads(base64.b64decode(uri.split("base64,")[1]))["left_out"]
    assert left_out["slit"].startswith(SLIT)
    assert any(name.endswith("preview.png") for name in results)

"""What docstrings cite of the specification is there."""

import re

import pytest
from runs import PROJECT

CITED = re.compile(r"docs/specification\.md((?:,? (?:and )?\"[^\"]+\"(?:, \d)?)+)")
SECTION = re.compile(r"\"([^\"]+)\"(?:, (\d))?")
OTHER_FORM = re.compile(r"\b[Ss]pec(ification)?[:,] \"")
CORE = PROJECT / "scripts" / "specresample"
TEXTS = {path: path.read_text() for path in sorted(CORE.rglob("*.py"))}
CITING = [path for path, text in TEXTS.items() if "specification.md" in text]


def sections() -> dict[str, set[str]]:
    """Numbers of the points in each section, by its heading."""
    text = (PROJECT / "docs" / "specification.md").read_text()
    parts = re.split("^## (.+)$", text, flags=re.MULTILINE)[1:]
    return {
        heading: set(re.findall(r"^(\d)\. ", body, flags=re.MULTILINE))
        for heading, body in zip(parts[::2], parts[1::2], strict=True)
    }


def citations(text: str) -> list[tuple[str, str]]:
    """Sections that a module cites, with the number of a point or an empty text."""
    words = re.sub(r"\s+(?:# )?", " ", text)
    return [pair for cited in CITED.findall(words) for pair in SECTION.findall(cited)]


@pytest.mark.parametrize("module", CITING, ids=lambda path: path.stem)
def test_cited_sections_exist(module):
    known, cited = sections(), citations(TEXTS[module])
    assert cited
    for section, point in cited:
        assert section in known
        assert not point or point in known[section]


def test_citations_have_one_form():
    assert [path for path, text in TEXTS.items() if OTHER_FORM.search(text)] == []


def test_numerical_packages_cite_the_specification():
    packages = {path.parent.name for path in CITING}
    assert packages >= {"level2b", "footprint", "grids", "drizzling", "quality", "s2d"}


def test_citations_are_recognised():
    assert citations('# (docs/specification.md,\n# "Drizzling", 2)') == [("Drizzling", "2")]
    assert citations('docs/specification.md, "A" and "B".') == [("A", ""), ("B", "")]
    assert OTHER_FORM.search('(spec: "Input")')

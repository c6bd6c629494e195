"""Markdown: tables, and the parts of pages that are written anew."""

from collections.abc import Iterable, Sequence
from pathlib import Path


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a table.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : iterable of sequence
        Cells.

    Returns
    -------
    str
        Markdown, with a newline at its end.
    """
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def write_part(page: Path, name: str, command: str, text: str) -> None:
    """Replace what is between the marks of a page, or append it where they are missing.

    Parameters
    ----------
    page : Path
        Markdown file; made when missing.
    name : str
        Name of the part, which its marks bear.
    command : str
        What writes it, for readers of the first mark.
    text : str
        What is there afterwards, with a newline at its end.
    """
    begin, end = f"<!-- {name}: written by {command} -->", f"<!-- end of {name} -->"
    before, _, rest = (page.read_text() if page.exists() else "").partition(begin)
    after = rest.partition(end)[2] or "\n"
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}")

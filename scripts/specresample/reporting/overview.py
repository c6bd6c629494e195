"""The overview of a campaign: a page with a table of all slits of all products.

The page is one file: the table's content as JSON, and a script that draws, sorts and filters it.
Whatever names and reasons hold, it is text there and never markup.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from specresample.common.files import written_aside
from specresample.quality.gate_results import FAILED, PASSED
from specresample.quality.slit_summary import SlitSummary

_MODE = ("instrument", "exposure_type", "filter", "grating")

# What comes first, by its state; "loud" is a slit whose gates failed.
_ORDER = ("failed", "left out", "loud", "skipped", "open")

_TEMPLATE = Path(__file__).with_name("overview.html")


def overview_rows(entries: Sequence[Mapping[str, object]]) -> list[dict]:
    """Give the rows of the overview.

    Parameters
    ----------
    entries : sequence of mapping
        From `specresample.reporting.ledger.ledger_entry`.

    Returns
    -------
    list of dict
        A row for every slit of every file, one for every slit or exposure that was left out, and
        one for every product that was not made. First comes what failed, then what was left out,
        and slits whose gates failed.
    """
    rows = []
    for entry in entries:
        mode = entry.get("mode", {})
        words = (mode.get(name) for name in _MODE)
        common = {
            "product": entry["product"],
            "mode": " ".join(str(word) for word in words if word not in (None, "N/A")),
            "seconds": entry["seconds"],
            "state": entry["state"],
            "reason": entry.get("reason"),
            "links": [_link(*link) for link in entry.get("links", [])],
        }
        slits = [common | _slit(slit, common["links"]) for slit in entry.get("slits", [])]
        rows += slits or [common]
        rows += [
            common
            | {
                "slit": bad["slit"] or "all slits",
                "file": bad["exposure"],
                "state": "left out",
                "reason": bad["reason"],
            }
            for bad in entry.get("left_out", [])
        ]
    return sorted(rows, key=_quietness)


def _quietness(row: Mapping[str, object]) -> int:
    """Place a row: the failed and the loud come first."""
    state = "loud" if row.get("failed_gates") else row["state"]
    return _ORDER.index(state) if state in _ORDER else len(_ORDER)


def write_overview(path: str | Path, entries: Sequence[Mapping[str, object]]) -> None:
    """Write the overview, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Path of the HTML file.
    entries : sequence of mapping
        From `specresample.reporting.ledger.ledger_entry`.
    """
    rows = overview_rows(entries)
    slits = [row for row in rows if "verdicts" in row]
    counts = (
        product_counts(entries),
        f"{len(slits)} slits: {sum(bool(s['failed_gates']) for s in slits)} with gates that failed",
        f"{sum(row['state'] == 'left out' for row in rows)} slits or exposures left out",
    )
    content = {"summary": "; ".join(counts), "rows": rows}
    # The end of a script element is found before anything else in it is read.
    text = json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
    page = _TEMPLATE.read_text(encoding="utf-8").replace("{content}", text)
    with written_aside(path) as aside:
        aside.write_text(page, encoding="utf-8")


def product_counts(entries: Sequence[Mapping]) -> str:
    """Say how many products were made, and how many were not."""
    count = Counter(entry["state"] for entry in entries)
    counts = [f"{count['done']} product{'' if count['done'] == 1 else 's'} made"]
    counts += [f"{count[state]} {state}" for state in ("skipped", "failed")]
    return ", ".join(counts + ([f"{count['open']} not made yet"] if count["open"] else []))


def _link(title: str, path: str) -> tuple[str, str]:
    """Make an address of a path. It names no scheme, whatever the path looks like."""
    return title, f"./{quote(path)}"


def _slit(summary: Mapping[str, object], links: list) -> dict:
    gates = SlitSummary.from_json(summary).gates
    return {name: summary[name] for name in summary if name != "gates"} | {
        "links": [_link("product", summary["file"]), *links] if links else [],
        "passed": sum(gate.state == PASSED for gate in gates.values()),
        "failed_gates": [name for name, gate in gates.items() if gate.state == FAILED],
        "verdicts": [f"{name} {gate.state}: {gate.in_words(name)}" for name, gate in gates.items()],
    }

"""What a run leaves at its end: the ledger and the overview of all products."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from specresample.common.files import one_at_a_time, write_json
from specresample.common.product import ProductRequest
from specresample.reporting.ledger import ledger_entry, summary
from specresample.reporting.overview import write_overview


def close_ledger(requests: Sequence[ProductRequest], out: Path) -> str:
    """Write ledger and overview of what became of all products, and return a summary.

    Parameters
    ----------
    requests : sequence of ProductRequest
        All products of the campaign.
    out : Path
        Folder of all products.

    Returns
    -------
    str
    """
    # Parts of a campaign may end at the same time: the last one sees all of them.
    with one_at_a_time(out / ".work" / "ledger.lock"):
        entries = [ledger_entry(request, out) for request in requests]
        write_json(out / "ledger.json", {"products": [*map(_without_pictures, entries)]}, indent=1)
        write_overview(out / "overview.html", entries)
    return summary(entries, out)


def _without_pictures(entry: Mapping[str, object]) -> dict[str, object]:
    slits = [
        {name: slit[name] for name in slit if name != "thumbnail"}
        for slit in entry.get("slits", [])
    ]
    return {**entry, "slits": slits} if slits else dict(entry)

"""The ledger of a campaign: what became of every product, from what, by what, at which cost."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from specresample.common.files import one_at_a_time, read_json, write_json
from specresample.common.paths import Paths
from specresample.common.product_request import ProductRequest
from specresample.common.versions import software_versions
from specresample.jobs.status import FAILED, RUNNING, JobStatus
from specresample.quality.slit_summary import SlitSummary
from specresample.reporting.overview import product_counts, write_overview

# How many products a summary names, of each kind that was not made.
_MOST_NAMED = 10


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


def ledger_entry(request: ProductRequest, out: Path) -> dict:
    """Say what became of a product.

    Parameters
    ----------
    request : ProductRequest
    out : Path
        Folder of all products.

    Returns
    -------
    dict
        ``product``; ``state``, one of done, skipped, failed and open; the ``reason`` why it is not
        done; ``files``; ``inputs``, ``software`` and ``arguments`` as in the provenance, without
        checksums when there is no product; ``seconds`` of all its jobs together and ``peak_mb`` of
        the largest; ``links``, title and path of what there is to read about it, from ``out``. A
        product that was made has all entries of its record too. A product is open when no run has
        come to it.
    """
    entry = {
        "product": request.folder,
        "association": request.association,
        "files": [],
        "inputs": [{"file": path} for path in request.exposures.values()],
        "software": software_versions(),
        "arguments": request.arguments,
    }
    statuses = _statuses(out, request.folder, request.exposures)
    record = out / request.folder / "record.json"
    since = record.stat().st_mtime if record.is_file() else 0
    # A job that ended before the product was made does not count.
    late = (item for item in statuses.items() if item[0].stat().st_mtime > since)
    reasons = {path: reason for path, status in late if (reason := _reason(path, status))}
    if reasons:
        entry |= {"state": "failed", "reason": "; ".join(dict.fromkeys(reasons.values()))}
    elif since and record.with_name("provenance.json").is_file():
        entry |= _made(record)
    else:
        entry |= {"state": "open", "reason": "no run has come to it, nor failed before it"}
    # The logs of what failed, or of the job that ended last.
    told = [*reasons] or sorted(statuses, key=lambda path: path.stat().st_mtime)[-1:]
    return entry | _costs(statuses.values()) | {"links": _links(request.folder, out, told)}


def entry_of_record(record: Path) -> dict:
    """Say what became of a product that was made, by its record.

    Parameters
    ----------
    record : Path
        ``record.json`` in the product's folder.

    Returns
    -------
    dict
        As `ledger_entry`, without links.
    """
    entry = _made(record)
    statuses = _statuses(record.parents[1], record.parent.name, entry["exposures"])
    return entry | _costs(statuses.values())


def summary(entries: Sequence[dict], out: Path) -> str:
    """Summarise a ledger in some lines: how many products were made, and why others were not.

    Parameters
    ----------
    entries : sequence of dict
        From `ledger_entry`.
    out : Path
        Folder of all products.

    Returns
    -------
    str
    """
    lines = [f"{product_counts(entries)}: {out}, {out / 'overview.html'}"]
    left_out = sum(len(entry.get("left_out", [])) for entry in entries)
    if left_out:
        lines.append(f"left out of products, as the ledger says: {left_out} slits or exposures")
    for state in ("skipped", "failed"):
        named = [entry for entry in entries if entry["state"] == state]
        lines += [f"{state}: {e['product']}: {e['reason']}" for e in named[:_MOST_NAMED]]
        if len(named) > _MOST_NAMED:
            lines.append(f"{state}: {len(named) - _MOST_NAMED} more, in the ledger")
    slits = [SlitSummary.from_json(slit) for e in entries for slit in e.get("slits", [])]
    failed = [line for slit in slits for line in slit.failed_gates()]
    lines += failed[:_MOST_NAMED]
    if len(failed) > _MOST_NAMED:
        lines.append(f"{len(failed) - _MOST_NAMED} more gates failed, in the overview")
    if any(entry["state"] == "open" for entry in entries):
        lines.append("The same command goes on where this run ended.")
    return "\n".join(lines)


def _statuses(out: Path, product: str, exposures: Iterable[str]) -> dict[Path, JobStatus]:
    """Read the status of every job that worked on a product."""
    paths = map(Path, Paths(str(out)).statuses(product, exposures))
    return {path: JobStatus.read(path) for path in paths if path.is_file()}


def _reason(path: Path, status: JobStatus) -> str | None:
    if status.state == FAILED:
        return status.message
    if status.state == RUNNING:
        return f"its job was killed, or is at work: {path}"
    return None


def _links(product: str, out: Path, statuses: Iterable[Path]) -> list[tuple[str, str]]:
    """Name what there is to read about a product, and about jobs that left a status."""
    paths = Paths(str(out))
    files = [
        ("preview", Path(paths.preview.format(product=product))),
        ("record", Path(paths.record.format(product=product))),
        *(("log", Path(paths.log_of(str(status)))) for status in statuses),
    ]
    return [(title, str(file.relative_to(out))) for title, file in files if file.is_file()]


def _made(record: Path) -> dict:
    provenance = read_json(record.with_name("provenance.json"))
    named = {key: provenance[key] for key in ("inputs", "software", "arguments")}
    return read_json(record) | named | {"association": provenance["association"]["file"]}


def _costs(statuses: Iterable[JobStatus]) -> dict[str, float]:
    statuses = list(statuses)
    return {
        "seconds": round(sum(status.seconds for status in statuses), 1),
        "peak_mb": max((status.peak_mb for status in statuses), default=0),
    }

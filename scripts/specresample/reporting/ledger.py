"""The ledger of a campaign: what became of every product, from what, by what, at which cost."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from specresample.common.files import read_json
from specresample.common.versions import software_versions
from specresample.jobs.job import DONE, STOPPED
from specresample.quality.gate_results import failed_gates

# How many products a summary names, of each kind that was not made.
_MOST_NAMED = 10


def ledger_entry(
    product: str,
    association: str,
    exposures: Mapping[str, str],
    arguments: Mapping[str, object],
    output_dir: Path,
) -> dict:
    """Say what became of a product.

    Parameters
    ----------
    product : str
        Name of its folder.
    association : str
        Path of the association file.
    exposures : mapping of str to str
        Paths of its exposures by key.
    arguments : mapping
        The documented arguments that are asked for.
    output_dir : Path
        Folder of all products.

    Returns
    -------
    dict
        ``product``; ``state``, one of done, skipped, failed and, where no run has come to it, open;
        the ``reason`` of the latter three; ``files``; of what was made all that its record says;
        ``inputs``, ``software`` and ``arguments`` as in the provenance, without checksums when
        there is no product; ``seconds`` of all its jobs together and ``peak_mb`` of the largest.
    """
    work, folder = output_dir / ".work", output_dir / product
    jobs = _jobs(product, exposures)
    record, provenance = folder / "record.json", folder / "provenance.json"
    since = record.stat().st_mtime if record.is_file() else 0
    logs = [log for job in jobs for log in _files(work / "logs", job, ".log")]
    lines = {log: _lines(log) for log in logs if log.stat().st_mtime > since}
    reasons = [
        line.partition(" ERROR ")[2] for log in lines for line in lines[log] if " ERROR " in line
    ]
    if not reasons:
        # A job that was killed could not say so: its log has no end.
        killed = [
            log for log in lines if not lines[log] or not lines[log][-1].endswith((DONE, STOPPED))
        ]
        reasons = [f"its job was killed, or is at work: {log}" for log in killed]
    entry = {
        "product": product,
        "association": association,
        "files": [],
        "inputs": [{"file": path} for path in exposures.values()],
        "software": software_versions(),
        "arguments": dict(arguments),
    }
    if reasons:
        entry |= {"state": "failed", "reason": "; ".join(dict.fromkeys(reasons))}
    elif since and provenance.is_file():
        made = read_json(provenance)
        entry |= read_json(record) | {key: made[key] for key in ("inputs", "software", "arguments")}
    else:
        entry |= {"state": "open", "reason": "no run has come to it, nor failed before it"}
    costs = [cost for job in jobs for cost in _costs(work / "benchmarks", job)]
    entry["seconds"] = round(sum(seconds for seconds, _ in costs), 1)
    entry["peak_mb"] = max((megabytes for _, megabytes in costs), default=0)
    return entry


def summary(entries: Sequence[dict], output_dir: Path) -> str:
    """Summarise a ledger in some lines: how many products were made, and why others were not.

    Parameters
    ----------
    entries : sequence of dict
        From `ledger_entry`.
    output_dir : Path
        Folder of all products.

    Returns
    -------
    str
    """
    count = Counter(entry["state"] for entry in entries)
    counts = [f"{count['done']} product{'' if count['done'] == 1 else 's'} made"]
    counts += [f"{count[state]} {state}" for state in ("skipped", "failed")]
    counts += [f"{count['open']} not made yet"] if count["open"] else []
    lines = [f"{', '.join(counts)}: {output_dir}, {output_dir / 'overview.html'}"]
    left_out = sum(len(entry.get("left_out", [])) for entry in entries)
    if left_out:
        lines.append(f"left out of products, as the ledger says: {left_out} slits or exposures")
    for state in ("skipped", "failed"):
        named = [entry for entry in entries if entry["state"] == state]
        lines += [f"{state}: {e['product']}: {e['reason']}" for e in named[:_MOST_NAMED]]
        if len(named) > _MOST_NAMED:
            lines.append(f"{state}: {len(named) - _MOST_NAMED} more, in the ledger")
    failed = [line for e in entries for slit in e.get("slits", []) for line in failed_gates(slit)]
    lines += failed[:_MOST_NAMED]
    if len(failed) > _MOST_NAMED:
        lines.append(f"{len(failed) - _MOST_NAMED} more gates failed, in the overview")
    if count["open"]:
        lines.append("The same command goes on where this run ended.")
    return "\n".join(lines)


def _jobs(product: str, exposures: Iterable[str]) -> list[str]:
    """Names of the logs and benchmarks of a product's jobs, without ending; * is for any part."""
    return [
        *(f"prepare_exposure/{key}" for key in exposures),
        *(f"{rule}/{product}" for rule in ("small_product", "output_grid", "combine", "record")),
        *(f"{rule}/{product}/*" for rule in ("drizzle_exposure", "single_product")),
        f"combine_sources/{product}-*",
    ]


def _files(folder: Path, job: str, ending: str) -> list[Path]:
    if job.endswith("*"):
        return sorted(folder.glob(job + ending))
    path = folder / (job + ending)
    return [path] if path.is_file() else []


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()


def _costs(folder: Path, job: str) -> list[tuple[float, float]]:
    """Seconds and peak memory in MB of a job's runs, as Snakemake measured them."""
    costs = []
    for path in _files(folder, job, ".tsv"):
        with path.open(newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                costs.append((_number(row["s"]), _number(row["max_rss"])))
    return costs


def _number(text: str) -> float:
    # Of jobs that are over before they are looked at, Snakemake says NA or a dash.
    try:
        return float(text)
    except ValueError:
        return 0.0

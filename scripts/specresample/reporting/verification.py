"""Whether the products of a folder are still those that were made: checksums of the provenance."""

from pathlib import Path, PurePath

from specresample.common.errors import ResampleError
from specresample.common.files import file_digest, read_json

AS_MADE, CHANGED, MISSING, UNKNOWN = "as made", "changed", "missing", "unknown"


def verify_products(folder: str | Path) -> dict[Path, str]:
    """Compare all product files of a folder with the checksums in their provenance.

    Parameters
    ----------
    folder : str or Path
        Folder of products: ``output_dir`` of a campaign. It may have been moved.

    Returns
    -------
    dict of Path to str
        What is known of every file that is there or should be, sorted by path: `AS_MADE`;
        `CHANGED`, since its checksum is not that of its provenance; `MISSING`; or `UNKNOWN`, since
        no provenance names it.

    Raises
    ------
    ResampleError
        When there are no products, or a provenance is not readable.
    """
    folder = Path(folder)
    made = {}
    for provenance in sorted(folder.glob("*/provenance.json")):
        made |= _checksums(provenance)
    found = {*folder.glob("*_s2d.fits"), *folder.glob("[!.]*/*_s2d.fits")}
    if not made and not found:
        raise ResampleError(f"{folder}: no products and no provenance.json of a product are in it")
    return {file: _state(file, made.get(file)) for file in sorted({*made, *found})}


def _checksums(provenance: Path) -> dict[Path, str]:
    """Checksums of a product's files, by where they lie now."""
    try:
        entries = [(entry["file"], entry["sha256"]) for entry in read_json(provenance)["products"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ResampleError(
            f"{provenance}: not readable as provenance ({type(error).__name__}: {error}): delete "
            "it, and the workflow makes it again"
        ) from error
    return {_place(provenance.parent, PurePath(file)): checksum for file, checksum in entries}


def _place(folder: Path, file: PurePath) -> Path:
    """Where a product file lies now; single products are in the folder of their product."""
    single = file.parent.name == folder.name and file.name.endswith("_outlier_s2d.fits")
    return (folder if single else folder.parent) / file.name


def _state(file: Path, checksum: str | None) -> str:
    if checksum is None:
        return UNKNOWN
    if not file.is_file():
        return MISSING
    return AS_MADE if file_digest(file) == checksum else CHANGED

"""Apertures for jwst's extract_1d."""

import json
from pathlib import Path


def write_apertures(file: Path, width: int) -> Path:
    """Write the reference file that extract_1d takes its apertures from; width in pixels."""
    apertures = [{"id": "ANY", "extract_width": width, "region_type": "target"}]
    file.write_text(
        json.dumps(
            {
                "reftype": "EXTRACT1D",
                "telescope": "JWST",
                "instrument": "ANY",
                "exp_type": "ANY",
                "pedigree": "GROUND",
                "description": "aperture of the tests",
                "author": "tests",
                "history": "made for the tests",
                "useafter": "2020-01-01T00:00:00",
                "apertures": apertures,
            }
        )
    )
    return file

"""Resample an association with jwst: resample_jwst.py ASSOCIATION PREFIX ARGUMENTS.

Writes PREFIX_s2d.fits. Runs in jwst's environment, not in ours. ARGUMENTS is a JSON object of those
of ``resample_spec``.
"""

import json
import os
import sys
from pathlib import Path

# Nothing of the step comes from the reference data system, which is then not asked.
os.environ["STPIPE_DISABLE_CRDS_STEPPARS"] = "true"

from jwst.datamodels import ModelContainer
from jwst.resample import ResampleSpecStep
from stdatamodels.jwst import datamodels


def open_members(association: Path) -> list[datamodels.JwstDataModel]:
    """Open the exposures of an association."""
    members = json.loads(association.read_text())["products"][0]["members"]
    return [
        datamodels.open(str(association.parent / member["expname"]))
        for member in members
        if member["exptype"] == "science"
    ]


def resample(
    exposures: list[datamodels.JwstDataModel],
    association: Path,
    product: str,
    arguments: dict[str, object],
) -> None:
    """Resample and save."""
    models = ModelContainer(exposures)
    models.asn_table = json.loads(association.read_text())
    for model in models:
        model.meta.asn.table_name = association.name
    ResampleSpecStep(**arguments).process(models).save(product)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    resample(open_members(path), path, f"{sys.argv[2]}_s2d.fits", json.loads(sys.argv[3]))

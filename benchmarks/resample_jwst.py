"""Resample an association with jwst: resample_jwst.py ASSOCIATION PREFIX ARGUMENTS.

Writes PREFIX_s2d.fits. Runs in jwst's environment, not in ours. ARGUMENTS is a JSON object of those
of ``resample_spec``, and perhaps ``outlier_detection``, which comes before.
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


def resample(path: Path, product: str, arguments: dict[str, object]) -> None:
    """Resample and save."""
    save_product(open_members(path), path, product, arguments)


def open_members(path: Path) -> list[datamodels.JwstDataModel]:
    """Open the exposures of an association."""
    members = json.loads(path.read_text())["products"][0]["members"]
    return [
        datamodels.open(str(path.parent / member["expname"]))
        for member in members
        if member["exptype"] == "science"
    ]


def save_product(
    exposures: list[datamodels.JwstDataModel],
    path: Path,
    product: str,
    arguments: dict[str, object],
) -> None:
    """Resample exposures of an association and save the product.

    A search for outliers comes before, if it is asked for.
    """
    association = json.loads(path.read_text())
    models = ModelContainer(exposures)
    models.asn_table = association
    for model in models:
        model.meta.asn.table_name = path.name
    own = {name: value for name, value in arguments.items() if name != "outlier_detection"}
    if arguments.get("outlier_detection"):
        from jwst.outlier_detection import OutlierDetectionStep

        models = OutlierDetectionStep().process(models)
    ResampleSpecStep(**own).process(models).save(product)


if __name__ == "__main__":
    resample(Path(sys.argv[1]), f"{sys.argv[2]}_s2d.fits", json.loads(sys.argv[3]))

"""Resample an association with jwst: resample_jwst.py ASSOCIATION PREFIX ARGUMENTS [--by-source].

Writes PREFIX_s2d.fits, or resamples source by source, as ``calwebb_spec3`` does, and writes
PREFIX_{source}_s2d.fits. Runs in jwst's environment, not in ours. ARGUMENTS is a JSON object of
those of ``resample_spec``, and perhaps ``outlier_detection``, which comes before.
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

Exposures = list[datamodels.JwstDataModel]


def open_members(path: Path) -> Exposures:
    """Open the exposures of an association."""
    members = json.loads(path.read_text())["products"][0]["members"]
    return [
        datamodels.open(str(path.parent / member["expname"]))
        for member in members
        if member["exptype"] == "science"
    ]


def resample(exposures: Exposures, path: Path, product: str, arguments: dict[str, object]) -> None:
    """Resample exposures of an association and save the product."""
    models = ModelContainer(exposures)
    models.asn_table = json.loads(path.read_text())
    for model in models:
        model.meta.asn.table_name = path.name
    own = {name: value for name, value in arguments.items() if name != "outlier_detection"}
    if arguments.get("outlier_detection"):
        from jwst.outlier_detection import OutlierDetectionStep

        models = OutlierDetectionStep().process(models)
    ResampleSpecStep(**own).process(models).save(product)


if __name__ == "__main__":
    association, prefix, keywords, *by_source = sys.argv[1:]
    path, arguments = Path(association), json.loads(keywords)
    if by_source:
        from jwst.exp_to_source import multislit_to_container

        for source, exposures in multislit_to_container(open_members(path)).items():
            resample(list(exposures), path, f"{prefix}_{source}_s2d.fits", arguments)
    else:
        resample(open_members(path), path, f"{prefix}_s2d.fits", arguments)

"""Read products with jwst's extract_1d and with specutils; runs in an environment that has both.

Usage: ecosystem_driver.py REFERENCE_FILE OUTPUT PRODUCT...; writes the results as JSON.
"""

import json
import logging
import os
import sys
import warnings

os.environ["STPIPE_DISABLE_CRDS_STEPPARS"] = "true"
warnings.simplefilter("ignore")

import numpy as np
from jwst.extract_1d import Extract1dStep
from specutils import SpectrumList
from stdatamodels.jwst import datamodels

logging.disable(logging.CRITICAL)

reference_file, output, *products = sys.argv[1:]
nothing = dict.fromkeys(
    (f"override_{kind}" for kind in ("apcorr", "psf", "pastasoss", "specprofile", "speckernel")),
    "N/A",
)


def plain(values):
    return np.asarray(values, float).tolist()


def extracted(product):
    """Spectra that jwst's own next step makes of a product."""
    step = Extract1dStep(override_extract1d=reference_file, apply_apcorr=False, **nothing)
    with datamodels.open(product) as model:
        result = step.process(model)
    return [
        {name: plain(s.spec_table[name]) for name in ("WAVELENGTH", "FLUX", "SURF_BRIGHT")}
        for s in result.spec
    ]


def loaded(product):
    """Spectra that specutils loads from a product."""
    return [
        {"wavelength": plain(s.spectral_axis.value), "flux": plain(s.flux.value)}
        for s in SpectrumList.read(product)
    ]


with open(output, "w") as file:
    results = {p: {"extracted": extracted(p), "loaded": loaded(p)} for p in products}
    json.dump(results, file)

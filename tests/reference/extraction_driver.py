"""Extract a product and images in its place with jwst's extract_1d; runs in jwst's environment.

Usage: extraction_driver.py REFERENCE_FILE PRODUCT IMAGES.npy OUTPUT.npz
"""

import logging
import os
import sys
import warnings

os.environ["STPIPE_DISABLE_CRDS_STEPPARS"] = "true"
warnings.simplefilter("ignore")

import numpy as np
from jwst.extract_1d import Extract1dStep
from stdatamodels.jwst import datamodels

logging.disable(logging.CRITICAL)

reference_file, product, images, output = sys.argv[1:]
nothing = dict.fromkeys(
    (f"override_{kind}" for kind in ("apcorr", "psf", "pastasoss", "specprofile", "speckernel")),
    "N/A",
)


def extracted(image=None):
    """Spectrum of the product, or of an image with its errors."""
    step = Extract1dStep(override_extract1d=reference_file, apply_apcorr=False, **nothing)
    with datamodels.open(product) as model:
        if image is not None:
            model.data = np.where(np.isfinite(model.data), image, np.nan).astype(np.float32)
        return step.process(model).spec[0].spec_table


table = extracted()
fluxes = [extracted(image)["FLUX"] for image in np.load(images)]
np.savez(output, error=table["FLUX_ERROR"], fluxes=fluxes)

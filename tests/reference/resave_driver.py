"""Open and save products with jwst's data models; runs in jwst's environment.

Usage: resave_driver.py FOLDER PRODUCT...; prints the warnings about every product as JSON.
"""

import json
import sys
import warnings
from pathlib import Path

from stdatamodels.jwst import datamodels

folder, *products = sys.argv[1:]
heard = {}
for product in products:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with datamodels.open(product) as model:
            model.save(str(Path(folder, Path(product).name)))
    heard[product] = [f"{each.category.__name__}: {each.message}" for each in caught]
print(json.dumps(heard))

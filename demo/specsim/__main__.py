"""Write the demonstration data set: ``python -m specsim OUTDIR``."""

import argparse
from pathlib import Path

from specsim.dataset import write_demo

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="specsim", description="Simulate JWST level-2b spectra.")
    parser.add_argument("outdir", type=Path, help="where to write; a folder is made per product")
    for product in write_demo(parser.parse_args().outdir):
        print(product.association)

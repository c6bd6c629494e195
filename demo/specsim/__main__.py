"""Write the demonstration data set: ``python -m specsim OUTDIR [--seed N]``."""

import argparse
from pathlib import Path

from specsim.dataset import write_demo


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="specsim", description="Simulate JWST level-2b spectra.")
    parser.add_argument("outdir", type=Path, help="where to write; a folder is made per product")
    parser.add_argument("--seed", type=int, default=0, help="seed of noise and sources")
    args = parser.parse_args()
    for product in write_demo(args.outdir, args.seed).values():
        print(product.association)


if __name__ == "__main__":
    main()

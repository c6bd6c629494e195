"""Run jwst's own step on many cases in one process: jwst_driver.py CASES.json.

Runs in jwst's environment, not in ours. A case is an object with

- ``association``, ``arguments``: what the step is given;
- ``output``: the folder of the files that are made;
- ``kind``: ``product`` for the step's result (``s2d.fits``), ``singles`` for every single product
  (a file each, named by a number and the exposure), ``sources`` for a product of every source (a
  file each, as the level-3 pipeline calls the step), ``outliers`` for the same after the step
  outlier_detection with the arguments ``detect`` (and ``flags.npz``, the DQ arrays that it leaves),
  ``grid`` for the WCS of the product as ASDF files (``full.asdf`` and others).

A line is printed when all grids are there.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

# First, because it sets what jwst reads when it is imported.
from benchmarks.resample_jwst import open_members, resample  # isort: skip

import asdf
import numpy as np
from astropy.io import fits
from jwst.datamodels import ModelContainer
from jwst.exp_to_source import multislit_to_container
from jwst.outlier_detection import OutlierDetectionStep
from jwst.resample import ResampleSpecStep, resample_spec
from stdatamodels.jwst import datamodels

# What the numbers of a product depend on.
PACKAGES = ("jwst", "stcal", "drizzle", "gwcs", "astropy", "numpy")


def make_singles(case: dict, folder: Path) -> None:
    """Keep all that the step drizzles, because it returns only a part."""
    original = resample_spec.ResampleSpec.resample_many_to_many
    models = []

    def keep(self, *arguments, **options):
        library = original(self, *arguments, **options)
        with library:
            for number, model in enumerate(library):
                models.append((model.meta.filename, model))
                library.shelve(model, number, modify=False)
        return library

    resample_spec.ResampleSpec.resample_many_to_many = keep
    try:
        run(case, folder / "result.fits")
    finally:
        resample_spec.ResampleSpec.resample_many_to_many = original
    (folder / "result.fits").unlink()
    for number, (name, model) in enumerate(models):
        model.save(str(folder / f"{number:03d}-{name}"))


def read_sources(path: Path) -> list[ModelContainer]:
    """Read the exposures of an association, source by source."""
    association = json.loads(path.read_text())
    exposures = open_members(path)
    if isinstance(exposures[0], datamodels.MultiSlitModel):
        sources = [*multislit_to_container(exposures).values()]
    else:
        sources = [ModelContainer(exposures)]
    for container in sources:
        container.asn_table = association
        for model in container:
            model.meta.asn.table_name = path.name
    return sources


def make_sources(case: dict, folder: Path) -> None:
    """Resample the sources one by one."""
    for number, container in enumerate(read_sources(Path(case["association"]))):
        result = ResampleSpecStep(**case["arguments"]).process(container)
        result.save(str(folder / f"{number:03d}.fits"))


def make_outliers(case: dict, folder: Path) -> None:
    """Flag the outliers of the sources and resample them, one by one."""
    flags = {}
    for number, container in enumerate(read_sources(Path(case["association"]))):
        flagged = OutlierDetectionStep(**case["detect"]).process(container)
        result = ResampleSpecStep(**case["arguments"]).process(flagged)
        path = folder / f"{number:03d}.fits"
        result.save(str(path))
        state_versions(path)
        for model in flagged:
            name = f"{model.source_id} {model.name}/{len(flagged)}/{model.meta.filename}"
            flags[name] = np.array(model.dq)
    np.savez_compressed(folder / "flags.npz", **flags)


def make_grids(case: dict, folder: Path) -> None:
    """Write the WCS of a product in all the ways in which a grid can be handed in.

    ``shape`` of the case (nx, ny) is that of the grids whose name does not hold ``full``.
    """
    run(case, folder / "s2d.fits")
    nx, ny = case["shape"]
    with datamodels.open(str(folder / "s2d.fits")) as model:
        model = model.slits[0] if hasattr(model, "slits") else model
        wcs = model.meta.wcs
        # Twice the nominal area stands for pixels twice as high.
        area = 2 * (model.meta.photometry.pixelarea_steradians or 1e-12)

        def write(name: str, **keys: object) -> None:
            asdf.AsdfFile({"wcs": wcs} | keys).write_to(folder / f"{name}.asdf")

        write("full")
        write("full_area", pixel_area=area)
        wcs.bounding_box = ((-0.5, nx - 0.5), (-0.5, ny - 0.5))
        wcs.array_shape = (ny, nx)
        write("trimmed")
        write("trimmed_area", pixel_area=area)
        wcs.array_shape = wcs.pixel_shape = None
        write("box")
        wcs.bounding_box = None
        write("shapeless")
        write("pixel_shape", pixel_shape=[nx, ny])
        write("array_shape", array_shape=[ny, nx])
        write("array_shape_area", array_shape=[ny, nx], pixel_area=area)


def run(case: dict, path: Path) -> None:
    """Run the step on an association, and save its result."""
    association = Path(case["association"])
    resample(open_members(association), association, str(path), case["arguments"])
    state_versions(path)


def state_versions(path: Path) -> None:
    """Say in a product with which versions it was made."""
    made_with = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    fits.setval(path, "HISTORY", value=f"Made by ResampleSpecStep: {made_with}")


def main() -> None:
    """Make all cases, grids first."""
    kinds = {"product": lambda case, folder: run(case, folder / "s2d.fits")}
    kinds |= {"singles": make_singles, "sources": make_sources, "grid": make_grids}
    kinds |= {"outliers": make_outliers}
    cases = json.loads(Path(sys.argv[1]).read_text())
    grids = [case for case in cases if case["kind"] == "grid"]
    for batch in (grids, [case for case in cases if case["kind"] != "grid"]):
        for case in batch:
            folder = Path(case["output"])
            folder.mkdir(parents=True, exist_ok=True)
            try:
                kinds[case["kind"]](case, folder)
            except Exception as error:  # the test of this case tells
                (folder / "error").write_text(f"{type(error).__name__}: {error}")
        print("batch done", flush=True)


if __name__ == "__main__":
    main()

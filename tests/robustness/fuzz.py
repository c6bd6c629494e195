"""Bad inputs by the hundred, each in a process of its own with bounds of time and memory.

Run as ``python tests/robustness/fuzz.py [NUMBER [SEED]]``.
 Every input ends in a product, a recorded skip or
one line that names what is wrong with what; anything else is printed, and the exit status is 1.
"""

import contextlib
import json
import os
import random
import re
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    project = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(project / folder) for folder in ("tests/helpers", "scripts", "demo")]

import asdf
import inprocess
import numpy as np
from astropy.io import fits
from nodes import gwcs_of
from specresample.common.errors import ResampleError
from specresample.jobs.bounds import bound_process
from specresample.plan.association import read_products
from specresample.plan.configuration import complete_config, config_schema

SECONDS = 60  # that one input may take
MEMORY = 2000  # MB that it may take beyond the imports: what the smallest jobs have

KINDS = {
    "slit": inprocess.write_slit_exposures,
    "slits": inprocess.write_slits_exposures,
    "lrs": inprocess.write_lrs_exposures,
}
PLANES = ("SCI", "ERR", "DQ", "VAR_POISSON", "VAR_RNOISE", "VAR_FLAT", "ASDF")
KEYWORDS = (
    "EXP_TYPE DATAMODL INSTRUME TMEASURE EFFEXPTM XPOSURE DURATION EXPSTART BKGLEVEL PIXAR_SR "
    "PROGRAM EXPOSURE NAXIS EXTEND DATE"
)
SLIT_KEYWORDS = (
    "BUNIT SRCXPOS SRCYPOS SOURCEID SRCNAME SLTNAME DISPAXIS S_REGION PIXAR_SR EXTNAME EXTVER "
    "BITPIX NAXIS NAXIS1 NAXIS2 BSCALE BZERO PCOUNT GCOUNT XTENSION BLANK"
)
CARDS = ("", "x", "-1", "0", "3", "T", "1E300", "1E999", "NaN", "99999999999", "'x'", "'<b>'", "/")
SCALARS = (".nan", ".inf", "-1", "0", "1e300", "99999999999999999999", "x", "[]", "{}", "null")
SCALARS += ("'../x'", '"a\\nb"', "é", "[1, 2, 3]", "true", "*id001", "!unit/unit-1.0.0 m")


@dataclass(frozen=True)
class Case:
    """A bad input: what is done to what, and how it is tried."""

    name: str
    run: Callable[[Path, dict[str, list[Path]]], str]


def cases(number: int, seed: int = 0) -> list[Case]:
    """Distinct bad inputs, the same for the same seed; kinds take turns."""
    makers = [truncated, flipped, planes, keywords, trees, trees, associations, configs]
    makers += [grids, bombs]
    streams = [maker(random.Random(f"{seed}-{i}")) for i, maker in enumerate(makers)]
    found: dict[str, Case] = {}
    while len(found) < number:
        for stream in streams:
            case = next(stream)
            found.setdefault(case.name, case)
    return list(found.values())[:number]


# ---- files ---------------------------------------------------------------------------------------


def of_file(name: str, kind: str, change: Callable[[Path], object]) -> Case:
    """Case of an exposure that is changed, beside one that is good."""

    def run(folder: Path, good: dict[str, list[Path]]) -> str:
        copies = [Path(shutil.copy(path, folder)) for path in good[kind]]
        change(copies[1])
        grids = inprocess.make(copies, folder)
        if not grids.sources:
            assert grids.skip, grids
            return "skip"
        found = inprocess.arrays(folder / "product_s2d.fits")
        assert found["SCI"].shape == found["WHT"].shape == found["ERR"].shape
        assert (found["WHT"] >= 0).all()
        return "product with a slit left out" if grids.left_out else "product"

    return Case(f"{kind}: {name}", run)


def truncated(rng: random.Random) -> Iterator[Case]:
    """Files cut at the boundaries of their HDUs, beside them and anywhere."""
    turn = 0
    while True:
        kind, turn = [*KINDS][turn % 3], turn + 1
        hdu, off = rng.randrange(1, 9), rng.choice([-1, 0, 0, 1, 2880, rng.randrange(5000)])

        def cut(path: Path, hdu: int = hdu, off: int = off) -> None:
            with fits.open(path) as hdus:
                where = hdus[min(hdu, len(hdus) - 1)].fileinfo()["hdrLoc"] + off
            os.truncate(path, min(where, path.stat().st_size - 1))

        yield of_file(f"cut {off} bytes from HDU {hdu}", kind, cut)


def change_bytes(content: bytearray, rng: random.Random, count: int, low: int, size: int) -> None:
    """Set some bytes to others, within a size after a place."""
    for _ in range(count):
        content[low + rng.randrange(size)] = rng.randrange(256)


def flipped(rng: random.Random) -> Iterator[Case]:
    """Files with bytes that are others than they were, somewhere or in one HDU."""
    while True:
        kind, count = rng.choice([*KINDS]), rng.choice([1, 1, 3, 30, 1000])
        hdu, part, seed = rng.randrange(9), rng.choice(["header", "data"]), rng.randrange(10**6)

        def flip(
            path: Path, hdu: int = hdu, part: str = part, seed: int = seed, count: int = count
        ) -> None:
            with fits.open(path) as hdus:
                info = hdus[min(hdu, len(hdus) - 1)].fileinfo()
            low, size = (
                (info["hdrLoc"], info["datLoc"] - info["hdrLoc"])
                if part == "header" or not info["datSpan"]
                else (info["datLoc"], info["datSpan"])
            )
            content, bytes_rng = bytearray(path.read_bytes()), random.Random(seed)
            change_bytes(content, bytes_rng, count, low, size)
            path.write_bytes(content)

        yield of_file(f"{count} bytes in the {part} of HDU {hdu} ({seed})", kind, flip)


def planes(rng: random.Random) -> Iterator[Case]:
    """Arrays that are missing, twice there, of another shape or type, or full of one value."""

    def change_data(hdu: fits.ImageHDU, what: str) -> None:
        data = np.array(hdu.data)
        changes: dict[str, Callable[[], object]] = {
            "wide": lambda: np.tile(data, (1, 3)),
            "row": lambda: data[:1],
            "column": lambda: data[:, :1],
            "line": lambda: data.ravel(),
            "cube": lambda: data[None],
            "half": lambda: data[: len(data) // 2],
            "nothing": lambda: None,
            "zero rows": lambda: data[:0],
            "float64": lambda: data.astype(float),
            "float32": lambda: data.astype("f4"),
            "int16": lambda: np.nan_to_num(data).astype("i2"),
            "int64": lambda: np.nan_to_num(data).astype("i8"),
            "uint8": lambda: np.nan_to_num(data).astype("u1"),
            "ones": lambda: np.ones_like(data),
            "zeros": lambda: np.zeros_like(data),
            **{
                str(value): lambda value=value: np.full(data.shape, value, "f4")
                for value in (np.nan, np.inf, -np.inf, -1.0, 1e-45, 3e38)
            },
        }
        hdu.data = changes[what]()

    shapes = ["wide", "row", "column", "line", "cube", "half", "nothing", "zero rows"]
    types = ["float64", "float32", "int16", "int64", "uint8"]
    values = ["ones", "zeros", "nan", "inf", "-inf", "-1.0", "1e-45", "3e+38"]
    while True:
        kind, plane = rng.choice([*KINDS]), rng.choice(PLANES)
        what = rng.choice(["remove", "twice", "a table", *shapes, *types, *values])

        def change(hdus: fits.HDUList, plane: str = plane, what: str = what) -> None:
            if what == "remove":
                del hdus[plane]
            elif what == "twice":
                hdus.append(hdus[plane].copy())
            elif what == "a table" or plane == "ASDF":
                column = fits.Column("A", "3J", array=np.zeros((5, 3)))
                hdus[plane] = fits.BinTableHDU.from_columns([column], name=plane)
            else:
                change_data(hdus[plane], what)

        yield of_file(f"{plane}: {what}", kind, lambda path, c=change: inprocess.rewrite(path, c))


def keywords(rng: random.Random) -> Iterator[Case]:
    """Headers with cards that are gone, twice there or senseless; the bytes are changed alone."""
    while True:
        kind, of_slit = rng.choice([*KINDS]), rng.random() < 0.6
        keyword = rng.choice((SLIT_KEYWORDS if of_slit else KEYWORDS).split())
        value = rng.choice(CARDS)

        def set_card(
            path: Path, hdu: int = int(of_slit), keyword: str = keyword, value: str = value
        ) -> None:
            with fits.open(path) as hdus:
                info = hdus[hdu].fileinfo()
            content = path.read_bytes()
            header = content[info["hdrLoc"] : info["datLoc"]]
            cards = [header[i : i + 80] for i in range(0, len(header), 80)]
            card = f"{keyword:8}= {value:>20}".ljust(80).encode()
            names = [card[:8].decode(errors="replace").strip() for card in cards]
            where = names.index(keyword) if keyword in names else names.index("END") - 1
            cards[where] = card
            path.write_bytes(
                content[: info["hdrLoc"]] + b"".join(cards) + content[info["datLoc"] :]
            )

        yield of_file(f"HDU {int(of_slit)} {keyword} = {value}", kind, set_card)


def changed_text(text: str, what: str, value: str, seed: int, start: int) -> str:
    """YAML with another text in one of its lines, after the first ones."""
    rng, lines = random.Random(seed), text.splitlines()
    i = rng.randrange(start, len(lines))
    if what == "drop":
        del lines[i]
    elif what == "double":
        lines.insert(i, lines[i])
    elif what == "indent":
        lines[i] = " " * rng.randrange(1, 9) + lines[i]
    elif what == "cut":
        del lines[i:]
    elif what == "bytes":
        letter = rng.randrange(max(1, len(lines[i])))
        lines[i] = lines[i][:letter] + rng.choice("{}[]:&*!|>'\"%@`,#-?") + lines[i]
    else:
        lines[i] = re.sub(r"(?<=[:,\[-] )[^\[{&*!,]+?(?=[,\]}]|$)", lambda _: value, lines[i])
    return "\n".join(lines)


TEXT_CHANGES = ("drop", "double", "indent", "value", "value", "value", "bytes", "cut")


def trees(rng: random.Random) -> Iterator[Case]:
    """YAML with lines that are gone, twice there or indented, and values that are others."""
    while True:
        kind, seed = rng.choice([*KINDS]), rng.randrange(10**6)
        what = rng.choice(TEXT_CHANGES)
        value, only_wcs = rng.choice(SCALARS), rng.random() < 0.7

        def change(
            path: Path,
            what: str = what,
            seed: int = seed,
            value: str = value,
            only_wcs: bool = only_wcs,
        ) -> None:
            text, blocks = inprocess.tree_text(path)
            wcs = re.search("(?m)^ *wcs:", text).start()
            start = text[:wcs].count("\n") if only_wcs else 5
            inprocess.write_tree(path, changed_text(text, what, value, seed, start), blocks)

        where = "WCS" if only_wcs else "tree"
        yield of_file(f"YAML of the {where}: {what} {value} ({seed})", kind, change)


TABLE = (
    "!transform/tabular-1.2.0 {{bounds_error: false, fill_value: 0.0, method: linear, "
    "points: [{0}], lookup_table: {0}}}"
)
ARRAY = "!core/ndarray-1.1.0 {{source: 0, datatype: float64, byteorder: little, {}}}"


def bombs(rng: random.Random) -> Iterator[Case]:
    """Transforms that keep to each of the bounds, but are many."""
    while True:
        kind, size, count = rng.choice([*KINDS]), 10 ** rng.uniform(3, 7.3), rng.randrange(2, 100)
        shared = rng.random() < 0.5

        def change(path: Path, size: int = int(size), count: int = count, shared: bool = shared):
            arrays = [
                ARRAY.format(f"shape: [{size - (0 if shared else i)}], strides: [0]")
                for i in range(count)
            ]
            chain, *more = map(TABLE.format, arrays)
            for table in more:
                chain = f"!transform/compose-1.4.0 {{forward: [{chain}, {table}]}}"
            text, blocks = inprocess.tree_text(path)
            before, after = text.split("transform: ", 1)
            text = f"{before}transform: {chain}\n      other: {after}"
            inprocess.write_tree(path, text, blocks)

        name = f"{count} {'equal ' * shared}tables of {size:.0f}"
        yield of_file(name, kind, change)


# ---- grids that are handed in --------------------------------------------------------------------


def grids(rng: random.Random) -> Iterator[Case]:
    """Files of ``output_wcs`` whose bytes, YAML or values are others."""
    more = (f"shape: [{n}]" for n in ("-1, 3", "3", "x, 1", "1e9, 1e9", "99999999, 99999999"))
    more = ("pixel_area: ", "pixel_", "array_", *more)
    while True:
        what, seed, value = (
            rng.choice((*TEXT_CHANGES, "flip", "cut file", "more")),
            rng.randrange(10**6),
            rng.choice(SCALARS),
        )

        def run(
            folder: Path,
            good: dict[str, list[Path]],
            what: str = what,
            seed: int = seed,
            value: str = value,
        ) -> str:
            case_rng, path = random.Random(seed), folder / "grid.asdf"
            content = (good["slit"][0].parent / "grid.asdf").read_bytes()
            if what == "flip":
                flipped = bytearray(content)
                change_bytes(flipped, case_rng, case_rng.choice([1, 3, 30]), 0, len(content))
                content = bytes(flipped)
            elif what == "cut file":
                content = content[: case_rng.randrange(len(content))]
            else:
                text, blocks = content.split(b"\n...\n", 1)
                text = text.decode()
                if what == "more":
                    text = f"{text}\n{case_rng.choice(more)}{value}"
                else:
                    text = changed_text(text, what, value, seed, 5)
                content = text.encode() + b"\n...\n" + blocks
            path.write_bytes(content)
            result = inprocess.make(good["slit"], folder, output_wcs=str(path))
            assert result.sources
            inprocess.arrays(folder / "product_s2d.fits")
            return "product"

        yield Case(f"grid: {what} {value} ({seed})", run)


# ---- associations and configurations -------------------------------------------------------------

NAMES = ("../p", "/p", "-p", ".p", "p\n", "p\0", "p" * 300, "p{x}", "{source_id}", "p/../../q", "")
NAMES += (" ", "p;rm", "$(p)", "`p`", "p'", 'p"', "p\\", "é", "p{source_id}{slit_name}", "~", "p*")
VALUES = (None, 0, -1, 1.5, float("nan"), float("inf"), True, "", "x", [], {}, [[]], {"x": []})
VALUES += ("9" * 5000, "1e999", "None", [None, None], [0, 0], [1e300, 1], {"p": {"p": 1}}, 10**400)


def associations(rng: random.Random) -> Iterator[Case]:
    """Association files of other structure, with other names, or cut."""
    while True:
        name, member = rng.choice(NAMES), rng.choice((*NAMES, "a_cal.fits", "b_cal.fits"))
        value, what = rng.choice(VALUES), rng.randrange(8)
        cut, path = rng.randrange(200), rng.choice(("asn.json", *NAMES))

        def run(
            folder: Path,
            _: dict[str, list[Path]],
            name: str = name,
            member: str = member,
            value: object = value,
            what: int = what,
            cut: int = cut,
            path: str = path,
        ) -> str:
            for file in ("a_cal.fits", "b_cal.fits"):
                (folder / file).touch()
            entry = {"expname": member, "exptype": "science"}
            table = [
                {"products": [{"name": name, "members": [entry]}]},
                {"products": [{"name": "p", "members": [entry, value]}]},
                {"products": [{"name": value, "members": [entry]}]},
                {"products": [{"name": "p", "members": value}]},
                {"products": [{"name": "p", "members": [entry | {"exptype": value}]}]},
                {"products": [{"name": "p", "members": [{"expname": value}]}], "asn_pool": value},
                {"products": value},
                value,
            ][what]
            text = json.dumps(table)
            file = folder / "asn.json"
            file.write_text(text[:-cut] if cut % 5 == 0 else text)
            os.chdir(folder)
            products = read_products([str(file) if path == "asn.json" else path])
            for product in products:
                made = (folder / f"{product.folder}_s2d.fits").resolve()
                assert made.parent == folder.resolve(), made
            return "product"

        label = f"{what}, {name[:9]!r}, {member[:9]!r}, {str(value)[:20]}, {cut}, {path[:9]!r}"
        yield Case(f"association: {label}", run)


def configs(rng: random.Random) -> Iterator[Case]:
    """Configurations with senseless values and unknown keys, as a user mistypes them."""
    known = [*config_schema()["properties"]]
    while True:
        pairs = {
            rng.choice([*known, "x", "../x", 1]): rng.choice((*VALUES, *NAMES))
            for _ in range(rng.choice([1, 1, 2, 4]))
        }

        def run(folder: Path, _: dict[str, list[Path]], pairs: dict[object, object] = pairs) -> str:
            os.chdir(folder)
            config = complete_config(pairs)
            read_products(config["associations"])
            return "product"

        yield Case("config: " + ", ".join(f"{k}={v!s:.15}" for k, v in pairs.items()), run)


# ---- trying them ---------------------------------------------------------------------------------


def prepare(folder: Path) -> dict[str, list[Path]]:
    """Write the good exposures, and import and compute all that a process need not do again."""
    good = {kind: write(folder / kind) for kind, write in KINDS.items()}
    for kind, exposures in good.items():
        made = inprocess.make(exposures, folder / "out", name=kind)
        wcs = gwcs_of(made.sources[0].grid)
        asdf.AsdfFile({"wcs": wcs, "pixel_area": 1e-13}).write_to(folder / kind / "grid.asdf")
    return good


def outcome(case: Case, good: dict[str, list[Path]]) -> str:
    """Try a bad input in a process of its own; say what became of it."""
    with tempfile.TemporaryDirectory() as folder:
        receiver, sender = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(receiver)
            result = _tried(case, Path(folder), good)
            os.write(sender, result.encode(errors="replace")[:60_000])
            os._exit(0)
        os.close(sender)
        try:
            return _received(process, receiver)
        finally:
            os.close(receiver)


def _received(process: int, receiver: int) -> str:
    result, end = b"", time.monotonic() + SECONDS
    while True:
        if not select.select([receiver], [], [], max(0.0, end - time.monotonic()))[0]:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return f"WRONG: more than {SECONDS} s"
        part = os.read(receiver, 65536)
        result += part
        if not part:
            _, status = os.waitpid(process, 0)
            return result.decode() or f"WRONG: ended by signal {os.WTERMSIG(status)}"


def _tried(case: Case, folder: Path, good: dict[str, list[Path]]) -> str:
    bound_process(MEMORY, SECONDS)  # as every job is
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        try:
            return case.run(folder, good)
        except ResampleError as error:
            return _judged(str(error), case)
        except BaseException as error:
            return f"WRONG: {error!r:.300}\n{traceback.format_exc()[-3000:]}"


def _judged(message: str, case: Case) -> str:
    kind = case.name.split(":")[0]
    named = {
        "config": "config: |association ",
        "association": "association ",
        "grid": r"output_wcs .*/grid\.asdf: ",
    }.get(kind, r"_cal\.fits|product product: ")
    # A configuration has a line for each of its errors.
    lines = message.splitlines() if kind == "config" else [message]
    for line in lines:
        if "\n" in line or not re.search(named, line) or len(line) > 3000:
            return f"WRONG: message {message!r:.500}"
    return "error"


def main(number: int = 500, seed: int = 0) -> int:
    """Try them all; print what became of them."""
    counts, wrong, begin = Counter(), 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        good = prepare(Path(folder))
        for case in cases(number, seed):
            result = outcome(case, good)
            counts[result.split(":")[0]] += 1
            if result.startswith("WRONG"):
                wrong += 1
                print(f"{case.name}\n    {result}", flush=True)
    figures = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    print(f"{number} bad inputs, seed {seed}: {figures}; {time.monotonic() - begin:.0f} s")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

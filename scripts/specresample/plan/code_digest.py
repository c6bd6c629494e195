"""A digest of the code that makes numbers and files, to repeat jobs when it has changed.

Snakemake itself watches the script alone, and by its age, so that a fresh clone would repeat
everything.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

from specresample.common.versions import software_versions

_SCRIPTS = Path(__file__).parents[2]

# What says how a job is doing, and makes no number and no file of a product.
_ONLY_TALK = ("specresample/jobs", "specresample/common/progress")


def code_digest(script: str) -> str:
    """Return a digest of a script, of the modules that it imports and of the packages' versions.

    Docstrings, log messages and comments on lines of their own do not count, nor the modules that
    only talk.

    Parameters
    ----------
    script : str
        Name of a script beside the package.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.sha256(repr(sorted(software_versions().items())).encode())
    for path in sorted(_sources(_SCRIPTS / f"{script}.py")):
        digest.update(_code(path))
    return digest.hexdigest()[:16]


@cache
def _sources(path: Path) -> frozenset[Path]:
    """Find the files of the package that a file imports, directly or not, and the file itself."""
    found = {path}
    for statement in (s for s in _statements(path) if isinstance(s, ast.ImportFrom)):
        for name in ["", *(f".{alias.name}" for alias in statement.names)]:
            module = f"{statement.module}{name}".replace(".", "/")
            file = _SCRIPTS / f"{module}.py"
            if not module.startswith(_ONLY_TALK) and file.is_file():
                found |= _sources(file)
    return frozenset(found)


@cache
def _code(path: Path) -> bytes:
    """Return the lines of a file that compute something."""
    talk: set[int] = set()
    for statement in _statements(path):
        match statement:
            # A docstring, or a call of the log.
            case ast.Expr(ast.Constant(str()) | ast.Call(ast.Attribute(ast.Name("log")))):
                talk.update(range(statement.lineno, statement.end_lineno + 1))
    lines = enumerate(path.read_bytes().splitlines(), start=1)
    code = (line.rstrip() for number, line in lines if number not in talk)
    return b"\n".join(line for line in code if line and not line.lstrip().startswith(b"#"))


@cache
def _statements(path: Path) -> tuple[ast.AST, ...]:
    """Return all statements of a file, and not the expressions, which are many more."""
    nodes: list[ast.AST] = [ast.parse(path.read_bytes())]
    # The loop comes to the statements that it appends.
    for node in nodes:
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            nodes += getattr(node, field, ())
    return tuple(nodes)

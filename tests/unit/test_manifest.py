"""The manifest names all that a module on a git host needs beside the rules."""

from runs import PROJECT


def test_manifest_is_complete():
    code = [*PROJECT.glob("scripts/**/*.py"), *PROJECT.glob("scripts/**/*.html")]
    files = [PROJECT / "config/config.schema.yaml", PROJECT / "envs/resample.lock", *code]
    expected = sorted(str(file.relative_to(PROJECT)) for file in files)
    manifest = PROJECT / "scripts/specresample/manifest.txt"
    assert manifest.read_text().split() == expected, "make scripts/specresample/manifest.txt"

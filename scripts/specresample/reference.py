"""The reference of the configuration, `config/README.md`, made from its schema.

``make config/README.md`` writes it again after a change of the schema; a test checks that it was.
"""

import json
import sys
from collections.abc import Mapping

from specresample.arguments import load_schema

_INTRODUCTION = """\
# Configuration

`config.yaml` in this folder, a file named with `--configfile`, and `--config key=value` on the
command line are merged by Snakemake, the later before the earlier. Every key has a default; an
unknown key or a bad value is refused before any job starts. Relative paths are relative to the
working directory.

"""

_COMMAND_LINE = """\

On the command line, lists are written with commas: `--config output_shape=1300,40`. Arguments of
single products go under `overrides`, by the product's name in its association:

```yaml
overrides:
  jw01345-o062_s000000933_nirspec_clear-prism: {pixfrac: 0.7, kernel: point}
```
"""


def reference(schema: Mapping) -> str:
    """Describe every key of the configuration.

    Parameters
    ----------
    schema : mapping
        From `specresample.arguments.load_schema`.

    Returns
    -------
    str
        Markdown: type, default, allowed values, effect and an example of every key.
    """
    arguments = schema["$defs"]["arguments"]["properties"]
    own = {key: entry for key, entry in schema["properties"].items() if key not in arguments}
    return "".join(
        [
            _INTRODUCTION,
            "## What to make, and where\n\n",
            *(_describe(key, entry) for key, entry in own.items()),
            "\n## Arguments of `resample_spec`\n\n",
            *(_describe(key, entry) for key, entry in arguments.items()),
            _COMMAND_LINE,
        ]
    )


def _describe(key: str, entry: Mapping) -> str:
    kinds = entry.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
    facts = [" or ".join(kinds), f"default `{json.dumps(entry['default'])}`"]
    if "enum" in entry:
        facts.append("one of " + ", ".join(f"`{value}`" for value in entry["enum"]))
    for bound, sign in (("minimum", ">="), ("exclusiveMinimum", ">"), ("maximum", "<=")):
        if bound in entry:
            facts.append(f"{sign} {entry[bound]}")
    example = json.dumps(entry["examples"][0])
    text = f"- **`{key}`** ({', '.join(facts)}): {entry['description'].strip()}"
    return f"{text} Example: `{key}: {example}`\n"


if __name__ == "__main__":
    sys.stdout.write(reference(load_schema(sys.argv[1])))

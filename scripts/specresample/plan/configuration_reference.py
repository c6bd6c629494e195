"""The reference of the configuration, `config/README.md`, made from its schema.

After a change of the schema ``make config/README.md`` writes it anew. A test checks that it is new.
"""

import json
from collections.abc import Mapping
from textwrap import fill

from specresample.plan.configuration import argument_schemas, config_schema

_KINDS = {"array": "list", "object": "mapping", "boolean": "`true` or `false`"}
_BOUNDS = {"exclusiveMinimum": ">", "minimum": ">=", "maximum": "<="}

_INTRODUCTION = """\
# Configuration

Snakemake merges `config.yaml` in this folder, a file named with `--configfile`, and `--config
key=value` on the command line. The later ones go before the earlier ones. Every key has a default.
An unknown key or a bad value is refused before any job starts. Relative paths are relative to the
working directory.

"""

_COMMAND_LINE = """\
## On the command line, and for single products

Lists are written with commas on the command line: `--config output_shape=1300,40`. Arguments of
single products go under `overrides`, by the product's name in its association:

```yaml
overrides:
  jw01345-o062_s000000933_nirspec_clear-prism: {pixfrac: 0.7, kernel: point}
```
"""


def reference() -> str:
    """Describe every key of the configuration.

    Returns
    -------
    str
        Markdown: type, allowed values, default, an example and the effect of every key.
    """
    keys, arguments = config_schema()["properties"], argument_schemas()
    beyond = config_schema()["$defs"]["beyond"]
    return "".join(
        [
            _INTRODUCTION,
            "## What to make, and where\n\n",
            *map(_describe, [key for key in keys if key not in arguments]),
            "## Arguments of `resample_spec`\n\n",
            *map(_describe, [key for key in arguments if key not in beyond]),
            "## Beyond the reference\n\n",
            "What jwst's `resample_spec` does not have. All of it is off by default.\n\n",
            *map(_describe, beyond),
            _COMMAND_LINE,
        ]
    )


def _describe(key: str) -> str:
    entry = config_schema()["properties"][key]
    example = json.dumps(entry["examples"][0], ensure_ascii=False)
    facts = f"{_values(entry)}, default `{json.dumps(entry['default'])}`"
    return f"""\
### `{key}`

*{facts}, for example* `{key}: {example}`

{fill(entry["description"].strip(), 100, break_long_words=False, break_on_hyphens=False)}

"""


def _values(entry: Mapping) -> str:
    """Say in words which values a key takes."""
    if "enum" in entry:
        return " or ".join(f"`{value}`" for value in entry["enum"])
    kinds = [entry["type"]] if isinstance(entry["type"], str) else entry["type"]
    kind = kinds[0]
    words = [_KINDS.get(kind, kind)]
    if kind == "array":
        number = f"{entry['minItems']} " if "minItems" in entry else ""
        words.append(f"of {number}{entry['items']['type']}s")
    bounds = entry.get("items", entry)
    limits = [f"{sign} {bounds[key]}" for key, sign in _BOUNDS.items() if key in bounds]
    words += [" and ".join(limits)] if limits else []
    return " ".join(words) + (", or none" if "null" in kinds else "")


if __name__ == "__main__":
    print(end=reference())

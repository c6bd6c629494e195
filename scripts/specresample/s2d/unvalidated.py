"""Write ASDF without asking the schemas of its tags about every node."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import asdf
from asdf.extension import Extension, ExtensionProxy, TagDefinition


@contextmanager
def unvalidated() -> Iterator[None]:
    """Have asdf write what it is given without validating it.

    For trees of our own making, which are the same from product to product but for numbers: to
    validate one takes as long as all else about its ASDF. Tests read products with validation.
    """
    extension = _without_schemas()
    with asdf.config_context() as config:
        config.add_extension(extension)
        yield


@cache
def _without_schemas() -> ExtensionProxy:
    return ExtensionProxy.maybe_wrap(_WithoutSchemas())


class _WithoutSchemas(Extension):
    """Defines all tags that the installed extensions define, and no schema for any.

    It converts nothing, so that files do not say that they need it.
    """

    extension_uri = "asdf://specresample/extensions/without-schemas"
    converters = ()
    tags = ()

    def __init__(self) -> None:
        known = {tag.tag_uri for each in asdf.get_config().extensions for tag in each.tags}
        self.tags = [TagDefinition(uri) for uri in sorted(known)]

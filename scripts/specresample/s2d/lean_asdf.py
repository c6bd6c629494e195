"""Write ASDF without validation, and without the versions of the packages that wrote it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import asdf
from asdf.extension import Extension, ExtensionProxy, TagDefinition


@contextmanager
def lean_asdf() -> Iterator[None]:
    """Have asdf write what it is given as it is, and name extensions without their packages.

    For trees of our own making, which are the same from product to product but for numbers: to
    validate one takes as long as all else about its ASDF. Tests read products with validation.

    asdf warns whoever opens a file with older packages than it was written with, although what is
    written here is in forms that they have too. Provenance holds the versions.
    """
    extensions, manifests = _lean_extensions()
    with asdf.config_context() as config:
        # The last one that is added comes first.
        for extension in reversed(extensions):
            config.add_extension(extension)
        config.add_resource_mapping(manifests)
        yield


@cache
def _lean_extensions() -> tuple[list[ExtensionProxy], dict[str, bytes]]:
    """Give the extensions in the order of precedence, and the manifests that define them."""
    config = asdf.get_config()
    installed = [ExtensionProxy(extension.delegate) for extension in config.extensions]
    resources = config.resource_manager
    manifests = {uri: resources[uri] for uri in resources if "/manifests/" in uri}
    return [ExtensionProxy(_WithoutSchemas()), *installed], manifests


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

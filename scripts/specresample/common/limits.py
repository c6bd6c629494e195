"""Sizes beyond which input is taken for a mistake or an attack."""

# Pixels of an image, of input or output: four whole detectors. More pixels come from a mistake in a
# header or a WCS, and would fill the memory.
MAX_PIXELS = 2**24

# Bytes of the ASDF extension of a file: a hundred times those of an exposure with 200 slits.
MAX_ASDF = 2**29

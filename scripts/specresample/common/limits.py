"""What is too large to be meant."""

# Pixels of an image, of input or output: four whole detectors. More is a mistake in a header or a
# WCS, and would fill the memory.
MAX_PIXELS = 2**24

# Bytes of the ASDF of a file: a hundred times that of an exposure with 200 slits.
MAX_ASDF = 2**29

"""What is too large to be meant."""

# Pixels of an image, of input or output: four whole detectors. More is a mistake in a header or a
# WCS, and would fill the memory.
MAX_PIXELS = 2**24

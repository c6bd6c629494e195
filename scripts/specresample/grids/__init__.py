"""Output grids of a product: laid out or handed in, their GWCS and FITS WCS."""

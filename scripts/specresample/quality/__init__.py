"""Judge every slit of a product: gates and the numbers that they need."""

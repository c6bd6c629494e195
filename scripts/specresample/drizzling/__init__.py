"""Weights, drizzling of single exposures, and their combination."""

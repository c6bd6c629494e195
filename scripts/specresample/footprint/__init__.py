"""Evaluate the WCS of every slit, once, and summarise where its pixels lie."""

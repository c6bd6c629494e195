"""The workflow against jwst: time and memory of whole processes, on the same input."""

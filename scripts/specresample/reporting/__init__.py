"""Say what became of products: record, provenance, ledger, overview, preview."""

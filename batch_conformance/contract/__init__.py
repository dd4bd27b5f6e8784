"""The contract as data: document, overlays, clauses and self-check. It knows no network."""

"""The catalogue of drifts, conforming variants and outages, one module a family."""

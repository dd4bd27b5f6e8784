"""The reports of one run: their model and each format it is rendered in."""

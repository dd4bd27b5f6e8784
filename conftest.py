"""Registers the plugin of the conformance suite, and does nothing else."""

pytest_plugins = ["batch_conformance.plugin"]

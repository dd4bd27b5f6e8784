"""Sending requests and keeping what came back: probes, exchanges, the target, redaction and recordings."""

"""One ``infer`` command."""

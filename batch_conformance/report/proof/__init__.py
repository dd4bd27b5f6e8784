"""The proof of the suite: its model and its formats."""

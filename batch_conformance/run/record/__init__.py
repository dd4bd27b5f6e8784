"""The ``record`` command: a reverse proxy that records what passes and holds it to the contract."""

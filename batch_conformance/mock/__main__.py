"""``python -m batch_conformance.mock``: serve the mock."""

from __future__ import annotations

from batch_conformance.mock.command import main

if __name__ == "__main__":
    main()

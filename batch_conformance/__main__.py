"""``python -m batch_conformance``: the same as the command ``batch-conformance``."""

from batch_conformance.cli import main

if __name__ == "__main__":
    main()

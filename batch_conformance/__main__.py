"""The command ``batch-conformance``, also as ``python -m batch_conformance``.

``run`` takes the arguments of pytest as they stand, so it is begun without what reads those of the other commands.
"""

from __future__ import annotations

import gc
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

_SELDOM = (50_000, 20, 50)
"""Thresholds of the cyclic garbage collector: most of what a command makes at first is modules, which stay."""


def main() -> None:
    """Do what the command line says, and exit."""
    command, *arguments = sys.argv[1:] or [""]
    if command == "run" and not {"-h", "--help", "--"} & set(arguments):
        sys.exit(_run(arguments))
    gc.set_threshold(*_SELDOM)
    try:
        from batch_conformance.cli import main as commands  # noqa: PLC0415

        commands()
    finally:
        gc.freeze()  # or the interpreter looks at all objects once more before the system takes them away


def _run(arguments: Sequence[str]) -> int:
    import pytest  # noqa: PLC0415 - the other commands do without

    from batch_conformance.resources import pytest_arguments  # noqa: PLC0415

    try:
        return int(pytest.main(pytest_arguments(arguments, Path.cwd())))
    except KeyboardInterrupt:
        from batch_conformance.findings.gate import EXIT_INTERRUPTED  # noqa: PLC0415

        return EXIT_INTERRUPTED
    except Exception as error:
        from batch_conformance.command_language import asked_language, rendered_in  # noqa: PLC0415
        from batch_conformance.findings.gate import EXIT_FAULT  # noqa: PLC0415
        from batch_conformance.input_error import fault  # noqa: PLC0415

        traceback.print_exc()
        sys.stderr.write(f"{rendered_in(fault(error), asked_language(list(arguments)))}\n")
        return EXIT_FAULT


if __name__ == "__main__":
    main()

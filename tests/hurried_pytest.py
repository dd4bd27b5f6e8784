"""As a program, pytest with a suite that rests a tenth as long where a target limits requests (``run/live/pace.py``).

How long that is in truth, ``test_verdicts_pace.py`` tests with a clock of its own.
"""

from __future__ import annotations

import pytest

from batch_conformance.run.live import pace

if __name__ == "__main__":
    pace._STEPS = tuple(10 * step for step in pace._STEPS)
    pace._LONG_REST /= 10
    pace._AFTER_LONG_REST *= 10
    raise SystemExit(pytest.console_main())

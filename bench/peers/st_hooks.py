"""Hooks for schemathesis, loaded by its command line: ids that exist, and statuses that have to be asked for."""

from __future__ import annotations

import itertools
import os
from typing import Any

import schemathesis

_TURN = itertools.count()
_CALLS = itertools.count()
_STATUSES = (400, 403, 404, 429, 500, 503, 504)


@schemathesis.hook
def map_path_parameters(_context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Two of three requests are for a batch that exists."""
    turn, known = next(_TURN), os.environ["PEER_BATCH_IDS"].split(",")
    if path_parameters and turn % 3:
        return {name: known[turn % len(known)] for name in path_parameters}
    return path_parameters


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    """Ask for a status that nothing else brings, in a run that is for them."""
    if os.environ.get("PEER_STATUSES") and case.method == "GET":
        case.headers = {**(case.headers or {}), "Prefer": f"code={_STATUSES[next(_CALLS) % len(_STATUSES)]}"}

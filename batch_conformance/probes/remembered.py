"""Plans, and Schemathesis' requests for a document, kept from one run to the next: to make them takes longer than to
send them.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from batch_conformance.exchange.exchange import Headers, Probe
from batch_conformance.message_json import as_json, from_json
from batch_conformance.probes.lazy import build_plan, document_key, generate, plan_key
from batch_conformance.probes.plan import LIMITS, Plan, most_requests

if TYPE_CHECKING:
    from batch_conformance.contract.contract import Contract
    from batch_conformance.probes.generated import GeneratedRequest

_Made = TypeVar("_Made")

_MOST_FILES = 32
_MAKERS = ("schemathesis", "hypothesis")
_SAFE = ("GET", "HEAD")
_PACKAGE = Path(__file__).resolve().parents[1]
_CODE = ("contract", "probes")
"""The packages whose code decides on a plan, beside the document."""


class Remembered:
    """What was made before, in a folder: ``plan`` as ``build_plan``, and the object itself as ``generate``.

    What is kept is found by everything that decides on it: the document, the arguments, the versions of the makers and
    the code that asks them. A file that is not what was written, by its checksum, is made anew. It holds requests and
    nothing of any answer, so that no finding depends on it. Hypothesis and Schemathesis are only imported where
    something is made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(
        self, data: Mapping[str, Any], path: str, parameter: str, count: int, seed: int | None, *, plain: bool = False
    ) -> tuple[GeneratedRequest, ...]:
        """As ``generate``."""
        file = self._file(document_key(data), [path, parameter, count, seed, plain])
        kept = _read(file, _requests)
        if kept is None:
            kept = generate(data, path, parameter, count, seed, plain=plain)
            self._write(file, [asdict(one) for one in kept])
        return kept

    def plan(self, contract: Contract, known_ids: Iterable[str], **wishes: Any) -> Plan:
        """As ``build_plan``.

        A plan with a ``client``, which asks in its own way, or with ``unsafe`` methods is made each time: whoever can
        write into the folder must not have anything changed at the target.
        """
        known = tuple(known_ids)
        keeps = wishes.get("client") is None and not wishes.get("unsafe")
        name = f"plan-{document_key(contract.document.data)}"
        file = self._file(name, [plan_key(contract, known, wishes)]) if keeps else None
        kept = _read(file, _plan) if file else None
        if kept is None:
            kept = build_plan(contract, known, **wishes, generate=self)
            if file:
                self._write(file, {**asdict(kept), "notes": list(map(as_json, kept.notes))})
        return kept

    def knows(self, data: Mapping[str, Any]) -> bool:
        """Whether requests for a document are kept, whatever the arguments were."""
        return any(self._folder.glob(f"{document_key(data)}-*.json"))

    def _file(self, name: str, decides: list[Any]) -> Path:
        arguments = json.dumps([*decides, *_makers()])
        return self._folder / f"{name}-{sha256(arguments.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}.json"

    def _write(self, file: Path, made: Any) -> None:
        with suppress(OSError):  # a cache that cannot be written is none
            self._folder.mkdir(parents=True, exist_ok=True)
            text = json.dumps(made)
            whole = json.dumps({"sha256": sha256(text.encode()).hexdigest(), "made": text})
            temporary = file.with_suffix(f".{os.getpid()}")
            temporary.write_text(whole, encoding="utf-8")
            temporary.replace(file)
            for old in sorted(self._folder.glob("*.json"), key=lambda one: one.stat().st_mtime)[:-_MOST_FILES]:
                old.unlink(missing_ok=True)


def _makers() -> list[str]:
    """What makes requests: versions, and the code of this project that asks for them."""
    return [platform.python_version(), *map(version, _MAKERS), _code()]


@cache
def _code() -> str:
    files = [file for folder in _CODE for file in sorted((_PACKAGE / folder).glob("*.py"))]
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _read(file: Path, parsed: Callable[[Any], _Made]) -> _Made | None:
    """What a file holds; None where there is none, or it is not what was written."""
    try:
        whole = json.loads(file.read_text(encoding="utf-8"))
        if sha256(whole["made"].encode()).hexdigest() != whole["sha256"]:
            return None
        return parsed(json.loads(whole["made"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _requests(made: Any) -> tuple[GeneratedRequest, ...]:
    from batch_conformance.probes.generated import GeneratedRequest  # noqa: PLC0415

    return tuple(GeneratedRequest(**{**one, "headers": _headers(one)}) for one in made)


def _plan(made: Any) -> Plan:
    """Raises ValueError for a plan with a method that changes something, or with more requests than any has."""
    probes = tuple(Probe(**{**one, "headers": _headers(one)}) for one in made["probes"])
    if len(probes) > max(most_requests(one, several=True) for one in LIMITS) or any(
        probe.method not in _SAFE or probe.path[:1] != "/" for probe in probes
    ):
        raise ValueError("no plan of this suite")
    return Plan(**{**made, "probes": probes, "notes": tuple(map(from_json, made["notes"]))})


def _headers(one: Mapping[str, Any]) -> Headers:
    return tuple((name, value) for name, value in one["headers"])

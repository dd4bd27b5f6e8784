"""The journal of a run that makes files and batches: what was asked for, and what was answered, written as it happens.

It is written before and after each request that makes something, so that a run that was killed can be taken up with
nothing made twice. It holds exchanges as they are recorded: without the key, and without the queries of signed URLs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batch_conformance.exchange.exchange import Exchange, Probe, Request, Response
from batch_conformance.input_error import InputError, why_no_file
from batch_conformance.message import Template

_CANNOT_READ = Template("journal.cannot_read", "--resume {file}: cannot be read ({why})")
_DAMAGED = Template("journal.damaged", "--resume {file}: this is no journal of a run, or it is damaged")
_OTHER_TARGET = Template(
    "journal.other_target",
    "--resume {file}: it is of {other}, and the target is {target}: give the --base-url of the run that is taken up "
    "(a run against an embedded mock cannot be taken up)",
)
_OTHER_CONTRACT = Template("journal.other_contract", "--resume {file}: it is of another contract than {contract}")
_CANNOT_WRITE = Template("journal.cannot_write", "cannot write {file}: {why}")
JOURNAL = "batches.json"
"""What it is called in the folder of the reports."""
_FORMAT = "batch-conformance journal 1"


class JournalError(InputError):
    """A journal that cannot be used, in one line."""


@dataclass
class Journal:
    """What was made so far. ``run`` is the word that names the run, ``steps`` what was asked, by a name of its own.

    A step whose exchange is None was asked, and nobody knows what came of it.
    """

    target: str
    contract: str
    model: str
    run: str
    file: Path | None = None
    steps: dict[str, Exchange | None] = field(default_factory=dict)

    def ask(self, step: str) -> None:
        """Write down that a request is about to be sent. Raises ``JournalError``."""
        self.steps[step] = None
        self._write()

    def answer(self, step: str, exchange: Exchange) -> None:
        """Write down what came of it. Raises ``JournalError``."""
        self.steps[step] = exchange
        self._write()

    def _write(self) -> None:
        if self.file is None:
            return
        text = json.dumps(
            {
                "format": _FORMAT,
                "target": self.target,
                "contract": self.contract,
                "model": self.model,
                "run": self.run,
                "steps": {name: None if one is None else _to_dict(one) for name, one in self.steps.items()},
            },
            indent=1,
        )
        beside = self.file.with_name(f"{self.file.name}.part")
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(self.file)
        except OSError as error:
            raise JournalError(_CANNOT_WRITE(file=str(self.file), why=why_no_file(error))) from None


def new_journal_file(folder: Path) -> Path:
    """Where a new run keeps its journal: not in one that is there, by which its run may still be taken up."""
    file, number = folder / JOURNAL, 1
    while file.exists():
        number += 1
        file = folder / f"{Path(JOURNAL).stem}-{number}{Path(JOURNAL).suffix}"
    return file


def made_in(file: Path) -> tuple[str, frozenset[str]]:
    """The model of a journal, and its steps that were answered.

    Raises ``JournalError`` where it cannot be read, or is damaged.
    """
    values = _values_of(file)
    steps = values.get("steps")
    if not isinstance(steps, dict):
        raise JournalError(_DAMAGED(file=str(file)))
    return str(values.get("model")), frozenset(str(name) for name, answer in steps.items() if answer is not None)


def _values_of(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise JournalError(_CANNOT_READ(file=str(file), why=why_no_file(error))) from None
    except (ValueError, RecursionError):
        raise JournalError(_DAMAGED(file=str(file))) from None
    if not isinstance(values, dict):
        raise JournalError(_DAMAGED(file=str(file)))
    return values


def read_journal(file: Path, *, target: str, contract: str, name: str) -> Journal:
    """The journal of a former run against this target; ``contract`` is the hash of the document, ``name`` its name.

    Raises ``JournalError`` where it cannot be read, is damaged, or is of another target or contract.
    """
    values = _values_of(file)
    try:
        if values["format"] != _FORMAT:
            raise ValueError
        texts = [values[key] for key in ("target", "contract", "model", "run")]
        if not all(isinstance(one, str) for one in texts):
            raise TypeError
        steps = {str(key): None if one is None else _from_dict(one) for key, one in values["steps"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise JournalError(_DAMAGED(file=str(file))) from None
    found = Journal(texts[0], texts[1], texts[2], texts[3], file, steps)
    if found.target != target:
        raise JournalError(_OTHER_TARGET(file=str(file), other=found.target, target=target))
    if found.contract != contract:
        raise JournalError(_OTHER_CONTRACT(file=str(file), contract=name))
    return found


def _to_dict(exchange: Exchange) -> dict[str, Any]:
    probe, request, answer = exchange.probe, exchange.request, exchange.response
    return {
        "number": exchange.number,
        "started_at": exchange.started_at,
        "elapsed": exchange.elapsed,
        "reflections": list(exchange.reflections),
        "probe": {
            "chapter": probe.chapter,
            "name": probe.name,
            "path": probe.path,
            "batch_id": probe.batch_id,
            "subject": probe.subject,
            "method": probe.method,
            "headers": [list(pair) for pair in probe.headers],
            "credential": probe.credential,
            "forced_status": probe.forced_status,
        },
        "request": {
            "method": request.method,
            "url": request.url,
            "headers": [list(pair) for pair in request.headers],
            "body": base64.b64encode(request.body).decode(),
        },
        "response": None
        if answer is None
        else {
            "status": answer.status,
            "headers": [list(pair) for pair in answer.headers],
            "body": base64.b64encode(answer.body).decode(),
            "reason": answer.reason,
            "http_version": answer.http_version,
            "wire_size": answer.wire_size,
            "truncated": answer.truncated,
            "trailing": answer.trailing,
        },
    }


def _from_dict(values: Mapping[str, Any]) -> Exchange:
    """What ``_to_dict`` made. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
    probe, request, answer = values["probe"], values["request"], values["response"]
    response = None
    if answer is not None:
        parts = {**answer, "headers": _pairs(answer["headers"]), "body": base64.b64decode(answer["body"])}
        response = Response(**parts)
        if not isinstance(response.status, int):
            raise TypeError
    return Exchange(
        int(values["number"]),
        Probe(**{**probe, "headers": _pairs(probe["headers"])}),
        Request(**{**request, "headers": _pairs(request["headers"]), "body": base64.b64decode(request["body"])}),
        response,
        started_at=float(values["started_at"]),
        elapsed=float(values["elapsed"]),
        reflections=tuple(map(str, values["reflections"])),
    )


def _pairs(pairs: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in pairs)

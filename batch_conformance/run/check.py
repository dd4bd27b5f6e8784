"""The ``check`` command: what a document contradicts itself in, and what it breaks of its committed version."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from batch_conformance.contract.choice import DEFAULT_CHOICE, OperationChoice
from batch_conformance.contract.contract import Reading, compile_contract
from batch_conformance.contract.diff import diff_contracts
from batch_conformance.contract.document import parse_document
from batch_conformance.contract.document_check import DocumentCheck
from batch_conformance.contract.referenced_files import Reader
from batch_conformance.contract.sources import load_overlay_file
from batch_conformance.input_error import InputError
from batch_conformance.message import Template
from batch_conformance.run.contracts import open_contract

_GIT_KNOWS_NO_FOR = Template("check.git_knows_no_for", "git knows no {revision} for {file}: {reason}")
_AGAINST_NEEDS_GIT_WHICH_IS = Template(
    "check.against_needs_git_which_is", "--against needs git, which is not installed"
)


def check_document(
    source: str,
    reading: Reading,
    overlays: Sequence[Path] = (),
    choice: OperationChoice = DEFAULT_CHOICE,
    revision: str = "",
) -> DocumentCheck:
    """Check a document, and with a git ``revision`` compare it with the file as it was there.

    A file that the revision did not have has nothing to break. Raises InputError where a document cannot be read, and
    where git knows no such revision.
    """
    contract = open_contract(source, reading, overlays, choice)
    former = committed(Path(source), revision) if revision else None
    if former is None:
        return DocumentCheck(source, contract)
    document = parse_document(former, f"{source}@{revision}", choice, _beside(Path(source), revision))
    old = compile_contract(document, reading, [*map(load_overlay_file, overlays)], choice)
    return DocumentCheck(source, contract, diff_contracts(old, contract))


def committed(file: Path, revision: str) -> bytes | None:
    """The bytes of a file at a revision of the git repository that it is in; None where the revision has no such file.

    Raises InputError where there is no git, no repository, or no such revision.
    """
    _git(file, revision, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    return _committed(file, revision, file.name)


def _beside(file: Path, revision: str) -> Reader:
    """Reads files of a document's folder as they were at a revision."""
    return lambda name: _committed(file, revision, name)


def _committed(file: Path, revision: str, name: str) -> bytes | None:
    """The bytes of what has a name in a file's folder at a revision; None where it had no such file."""
    listed = _git(file, revision, "ls-tree", revision, "--", name)
    if not listed.startswith(b"100"):  # the mode of a file; a folder, a link and a submodule have others
        return None
    return _git(file, revision, "cat-file", "blob", f"{revision}:./{name}")


def _git(file: Path, revision: str, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=file.parent, capture_output=True, check=False)
    except FileNotFoundError:
        raise InputError(_AGAINST_NEEDS_GIT_WHICH_IS()) from None
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0] or "unknown revision"
        raise InputError(_GIT_KNOWS_NO_FOR(revision=f"{revision!r}", file=str(file), reason=str(reason)))
    return done.stdout

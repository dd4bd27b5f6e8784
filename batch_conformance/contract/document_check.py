"""What came of checking a document: its contradictions, and what it breaks of an earlier version."""

from __future__ import annotations

from dataclasses import dataclass

from batch_conformance.contract.change import ContractDiff
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.document_finding import DocumentFinding


@dataclass(frozen=True, slots=True)
class DocumentCheck:
    """What came of one document. ``diff`` is None where there was nothing to compare it with.

    Beside a version to compare with, only what the document brings anew counts: what was there before was let pass.
    """

    source: str
    contract: Contract
    diff: ContractDiff | None = None

    @property
    def contradictions(self) -> tuple[DocumentFinding, ...]:
        """Where the document contradicts itself, and did not before; an overlay's remarks are about the overlay."""
        former = {found.id for found in self.diff.old.document_findings} if self.diff else set()
        return tuple(found for found in self._own if found.level == "should" and found.id not in former)

    @property
    def open_places(self) -> tuple[DocumentFinding, ...]:
        """Where it leaves open what a server may do."""
        return tuple(found for found in self._own if found.level == "info")

    @property
    def fails(self) -> bool:
        """Whether somebody has to look at it."""
        return bool(self.contradictions or (self.diff is not None and self.diff.breaking))

    @property
    def _own(self) -> tuple[DocumentFinding, ...]:
        return tuple(found for found in self.contract.document_findings if found.location.origin != "overlay")

"""The matrix: many audits side by side, vendors by rules and by clauses, the worst state in each cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from batch_conformance.contract.operation_role import ROLES
from batch_conformance.findings.finding import LEVELS
from batch_conformance.message import Count, Listing, Message, Template, shown
from batch_conformance.message_json import from_json
from batch_conformance.nouns import NOUNS
from batch_conformance.report.language import ENGLISH, Language
from batch_conformance.report.run.unjudged import unjudged
from batch_conformance.rules import REGISTRY

CellState = Literal["must", "should", "info", "inconclusive", "no_report", "not_observed", "kept", "not_in_contract"]

STATES: tuple[CellState, ...] = (
    *("must", "should", "info", "inconclusive", "no_report", "not_observed", "kept", "not_in_contract"),
)  # fmt: skip
"""Worst first."""

VERDICTS = ("drift", "inconclusive", "no report", "conforms")
"""What the banner counts, worst first."""

MARKS = ("drift", "inconclusive", "no report", "accepted", "conforms")
"""The verdicts as they are marked, worst first."""

_BROKEN = frozenset(LEVELS)
_Parts = tuple[str, str, str, str, str]
"""Part of the batch API, status, media type, pointer and rule."""

_NO_TARGET = Template("matrix.no_target", "No target was audited.")
_NO_REPORT = Template("matrix.no_report", "there is no report")
_SENTENCE = Template("matrix.sentence", "{targets}: {verdicts}.")
_CONFORMS = Template("matrix.conforms", "{number} conforms")
_VERDICTS: Mapping[str, Template] = {
    "drift": Template("matrix.drift", "{number} drift"),
    "inconclusive": Template("matrix.inconclusive", "{number} inconclusive"),
    "accepted": Template("matrix.accepted", "{number} drift that is accepted"),
    "no report": Template("matrix.without_report", "{number} without a report"),
    "conforms": Template("matrix.conform", "{number} conform"),
}
_HELD_TO = Template("matrix.held_to", "Held to {contract}: {names}")


@dataclass(frozen=True, slots=True)
class Audited:
    """One vendor's audit. ``drift`` are the values of its ``drift.json``, None for none: ``reason`` says why.

    ``link`` leads from the matrix to the vendor's page, empty where there is none.
    """

    name: str
    drift: Mapping[str, Any] | None
    link: str = ""
    reason: Message | None = None


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """How one vendor fared in one row.

    ``findings`` are the ids of those behind it, worst first. ``judged`` counts the observations that were judged.
    ``clauses`` counts the clauses of the row in the vendor's contract, ``kept`` those of them that were kept.
    """

    state: CellState
    findings: tuple[str, ...] = ()
    accepted: bool = False
    judged: int = 0
    clauses: int = 1
    kept: int = 0


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One rule, or one clause. ``cells`` stand in the order of the vendors; ``key`` is the same for all contracts.

    ``operation`` is the part of the batch API that it is about, empty for the retrieve of a batch.
    """

    key: str
    rule: str
    says: Message
    cells: tuple[MatrixCell, ...]
    status: str = ""
    media_type: str = ""
    pointer: str = ""
    operation: str = ""
    is_rule: bool = False

    @property
    def worst(self) -> CellState:
        """The worst state of any vendor."""
        return min((cell.state for cell in self.cells), key=STATES.index, default="not_in_contract")

    @property
    def broken(self) -> bool:
        """Whether any vendor breaks it."""
        return self.worst in _BROKEN


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor at a glance. ``levels`` counts findings, ``clauses`` counts clauses by state.

    ``contract`` is what it was held to, ``unjudged`` what was not judged, each with why. ``accepted`` says that its
    verdict is drift, and that a baseline accepts all of that.
    """

    name: str
    link: str
    verdict: str
    sentence: Message
    complete: bool
    exit_code: int | None
    base_url: str
    contract: str
    started_at: str
    requests: int
    levels: Mapping[str, int]
    clauses: Mapping[str, int]
    unjudged: tuple[Message, ...] = ()
    accepted: bool = False

    @property
    def mark(self) -> str:
        """The verdict as it is marked: ``accepted`` where all of the drift is."""
        return "accepted" if self.accepted else self.verdict

    @property
    def judged(self) -> float:
        """The part of the contract's clauses that was judged, from 0 to 1."""
        total = sum(self.clauses.values())
        return (self.clauses.get("kept", 0) + self.clauses.get("broken", 0)) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class CellChange:
    """What is otherwise than in the former matrix; ``row`` is empty for the vendor as a whole."""

    vendor: str
    row: str
    before: str
    after: str
    worse: bool

    @property
    def word(self) -> str:
        """``worse``, ``better`` where it was audited before and is good now, or else ``otherwise``."""
        if self.worse:
            return "worse"
        return "better" if self.after in ("kept", "conforms") and self.before != "not audited" else "otherwise"


@dataclass(frozen=True, slots=True)
class Matrix:
    """The findings of several targets side by side. ``changes`` is None where no former matrix was given."""

    vendors: tuple[Vendor, ...]
    rules: tuple[MatrixRow, ...]
    clauses: tuple[MatrixRow, ...]
    changes: tuple[CellChange, ...] | None = None

    @property
    def verdicts(self) -> Mapping[str, int]:
        """How many vendors have each verdict."""
        counted = Counter(vendor.verdict for vendor in self.vendors)
        return {verdict: counted[verdict] for verdict in VERDICTS}

    @property
    def marks(self) -> Mapping[str, int]:
        """How many vendors have each verdict, those whose drift is all accepted apart."""
        counted = Counter(vendor.mark for vendor in self.vendors)
        return {mark: counted[mark] for mark in MARKS if counted[mark] or mark in VERDICTS}

    @property
    def held_to(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the vendors that were held to each contract."""
        named: dict[str, tuple[str, ...]] = {}
        for vendor in self.vendors:
            if vendor.contract:
                named[vendor.contract] = (*named.get(vendor.contract, ()), vendor.name)
        return named

    @property
    def sentence(self) -> Message:
        """The outcome in one sentence."""
        if not self.vendors:
            return _NO_TARGET()
        counted = ((mark, number) for mark, number in self.marks.items() if number)
        parts = tuple(
            (_CONFORMS if mark == "conforms" and number == 1 else _VERDICTS[mark])(number=number)
            for mark, number in counted
        )
        return _SENTENCE(targets=Count(len(self.vendors), NOUNS["target"]), verdicts=Listing(parts))


def summary_line(matrix: Matrix, language: Language = ENGLISH) -> str:
    """The outcome for a terminal: the sentence, and what the targets were held to."""
    return "\n".join(language.render(message) for message in (matrix.sentence, *held_to(matrix)))


def held_to(matrix: Matrix) -> Iterator[Message]:
    """Which contract each target was held to."""
    for contract, names in matrix.held_to.items():
        yield _HELD_TO(contract=contract, names=Listing(tuple(names)))


def build_matrix(audits: Sequence[Audited], previous: Mapping[str, Any] | None = None) -> Matrix:
    """The matrix of these audits, in their order; ``previous`` are the values of a former ``matrix.json``."""
    clauses = _clause_rows(audits)
    rules = _rule_rows(clauses, len(audits))
    matrix = Matrix(tuple(_vendor(audit) for audit in audits), rules, clauses)
    if previous is None:
        return matrix
    return Matrix(matrix.vendors, rules, clauses, tuple(_changes(matrix, previous)))


def _vendor(audit: Audited) -> Vendor:
    drift = audit.drift
    if drift is None:
        reason = audit.reason or _NO_REPORT()
        return Vendor(audit.name, audit.link, "no report", reason, False, None, "", "", "", 0, {}, {})
    contract = drift["contract"]
    return Vendor(
        name=audit.name,
        link=audit.link,
        verdict=drift["verdict"],
        sentence=from_json(drift.get("messages", drift)["sentence"]),
        complete=drift["complete"],
        exit_code=drift["exit_code"],
        base_url=drift["target"]["base_url"],
        contract=f"{contract['title']} {contract['version']}, {contract['method']} {contract['path']}, "
        f"{contract['reading']}, {contract['sha256'][:12]}",
        started_at=drift["run"]["started_at"],
        requests=drift["run"]["requests"],
        levels=drift["counts"]["levels"],
        clauses=drift["counts"]["clauses"],
        unjudged=unjudged(drift),
        accepted=_is_accepted(drift),
    )


def _is_accepted(drift: Mapping[str, Any]) -> bool:
    """Whether there is drift, and a baseline accepts all of it."""
    weighty = [finding["state"] for finding in drift["findings"] if finding["level"] != "info"]
    return drift["verdict"] == "drift" and bool(weighty) and set(weighty) == {"known"}


def _clause_rows(audits: Sequence[Audited]) -> tuple[MatrixRow, ...]:
    """One row for each clause of any contract, and for each clause that a finding is about though none lists it.

    The clauses of one rule stand together, whichever contract they are of.
    """
    says: dict[_Parts, Message] = {}
    cells: dict[_Parts, dict[int, MatrixCell]] = {}
    for number, audit in enumerate(audits):
        drift = audit.drift or {"coverage": {"clauses": []}, "findings": []}
        roles = _roles(drift)
        at_clause: dict[_Parts, list[Mapping[str, Any]]] = {}
        of_rule: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for finding in drift["findings"]:
            parts = _parts(finding["clause"], roles)
            at_clause.setdefault(parts, []).append(finding)
            of_rule.setdefault((parts[0], finding["rule"]), []).append(finding)
        for clause in drift["coverage"]["clauses"]:
            parts, state = _parts(clause["id"], roles), clause["state"]
            says.setdefault(parts, from_json(clause.get("messages", clause)["says"]))
            # Some clauses are broken by findings at places that the contract does not know, or about no one status.
            behind = at_clause.get(parts) or (of_rule.get((parts[0], parts[4]), []) if state == "broken" else [])
            cell = _broken(behind) if behind else MatrixCell(_unexplained(state), kept=int(state == "kept"))
            cells.setdefault(parts, {})[number] = replace(cell, judged=clause["judged"])
        for parts, findings in at_clause.items():
            says.setdefault(parts, _title(parts[4], findings[0]["title"]))
            cells.setdefault(parts, {}).setdefault(number, _broken(findings))
    absent = tuple(MatrixCell("no_report" if audit.drift is None else "not_in_contract", clauses=0) for audit in audits)
    order = list(dict.fromkeys((parts[0], parts[4]) for parts in cells))
    of_operation = sorted(cells.items(), key=lambda one: order.index((one[0][0], one[0][4])))
    return tuple(
        MatrixRow(
            key=" ".join(parts).lstrip(),
            rule=parts[4],
            says=says[parts],
            cells=tuple(held.get(number, cell) for number, cell in enumerate(absent)),
            status=parts[1].strip("-"),
            media_type=parts[2].strip("-"),
            pointer=parts[3] if parts[3] != "-" else "",
            operation=parts[0],
        )
        for parts, held in sorted(of_operation, key=lambda one: _place(one[0][0]))
    )


def _unexplained(state: str) -> CellState:
    """The cell of a clause that no finding is about; a broken one must not look better than it may be."""
    return "must" if state == "broken" else cast("CellState", state)


def _roles(drift: Mapping[str, Any]) -> Mapping[str, str]:
    """The part of the batch API that each operation of a contract is, by its id; empty for the retrieve."""
    held = drift.get("contract", {}).get("operations", ())
    return {one["id"]: "" if one["role"] == "retrieve" else one["role"] for one in held}


def _parts(clause: str, roles: Mapping[str, str]) -> _Parts:
    """Part of the batch API, status, media type, pointer and rule of a clause's id.

    What vendors call an operation does not matter between them: ``roles`` says what each is.
    """
    operation, status, media_type, rest = clause.split(" ", 3)
    pointer, _, rule = rest.rpartition(" ")
    return roles.get(operation, ""), status, media_type, pointer, rule


def _place(operation: str) -> int:
    """Where the rows of a part of the batch API stand: the retrieve first."""
    return ROLES.index(operation) + 1 if operation in ROLES else 0


def _broken(findings: Sequence[Mapping[str, Any]]) -> MatrixCell:
    worst: CellState = min((finding["level"] for finding in findings), key=LEVELS.index)
    return MatrixCell(
        worst,
        tuple(finding["id"] for finding in sorted(findings, key=lambda finding: LEVELS.index(finding["level"]))),
        all(finding["state"] == "known" for finding in findings),
    )


def _rule_rows(clauses: Sequence[MatrixRow], vendors: int) -> tuple[MatrixRow, ...]:
    by_rule: dict[tuple[str, str], list[MatrixRow]] = {}
    for row in clauses:
        by_rule.setdefault((row.operation, row.rule), []).append(row)
    rows = (
        MatrixRow(
            key=f"{operation} {rule}".lstrip(),
            rule=rule,
            says=_title(rule, rule),
            cells=tuple(_together(row.cells[number] for row in held) for number in range(vendors)),
            operation=operation,
            is_rule=True,
        )
        for (operation, rule), held in by_rule.items()
    )
    worst = sorted(rows, key=lambda row: (STATES.index(row.worst), -sum(c.state in _BROKEN for c in row.cells)))
    return tuple(sorted(worst, key=lambda row: _place(row.operation)))


def _title(rule: str, otherwise: str) -> Message:
    """The title of a rule, translated as the rule's own; of one that this version does not have, what else is known."""
    if rule not in REGISTRY:
        return shown(otherwise)
    return from_json({"text": REGISTRY[rule].title, "id": f"rule.{rule}.title", "arguments": {}})


def _together(cells: Iterable[MatrixCell]) -> MatrixCell:
    """The worst of all, save that it is kept where some are kept and the others were not observed.

    How many of them, and how often, is shown beside it.
    """
    held = [cell for cell in cells if cell.state != "not_in_contract"]
    if not held:
        return MatrixCell("not_in_contract", clauses=0)
    judged, kept = sum(cell.judged for cell in held), sum(cell.kept for cell in held)
    clauses = sum(cell.clauses for cell in held)
    worst = min((cell.state for cell in held), key=STATES.index)
    if worst not in _BROKEN:
        state: CellState = "kept" if worst == "not_observed" and kept else worst
        return MatrixCell(state, judged=judged, clauses=clauses, kept=kept)
    behind = sorted((cell for cell in held if cell.state in _BROKEN), key=lambda cell: STATES.index(cell.state))
    findings = tuple(identifier for cell in behind for identifier in cell.findings)
    accepted = all(cell.accepted for cell in behind)
    return MatrixCell(worst, findings, accepted, judged=judged, clauses=clauses, kept=kept)


def _changes(matrix: Matrix, previous: Mapping[str, Any]) -> Iterable[CellChange]:
    known = {vendor["name"]: number for number, vendor in enumerate(previous["vendors"])}
    former = {row["key"]: row["cells"] for row in (*previous["rules"], *previous["clauses"])}
    for number, vendor in enumerate(matrix.vendors):
        if vendor.name not in known:
            yield CellChange(vendor.name, "", "not audited", vendor.verdict, vendor.verdict != "conforms")
            continue
        verdict = previous["vendors"][known[vendor.name]]["verdict"]
        if verdict != vendor.verdict:
            worse = VERDICTS.index(vendor.verdict) < VERDICTS.index(verdict)
            yield CellChange(vendor.name, "", verdict, vendor.verdict, worse)
        if "no report" in (verdict, vendor.verdict):
            continue  # every cell differs then, and that is said already
        for row in matrix.clauses:
            cells = former.get(row.key)
            before: CellState = cells[known[vendor.name]] if cells else "not_in_contract"
            after = row.cells[number].state
            if before != after:
                worse = STATES.index(after) < STATES.index(before) if after != "not_in_contract" else False
                yield CellChange(vendor.name, row.key, before, after, worse)
    for name in known:
        if any(vendor.name == name for vendor in matrix.vendors):
            continue
        yield CellChange(name, "", previous["vendors"][known[name]]["verdict"], "not audited", False)

"""The probes of a list: by the chapters of the other probes, and with queries that the document admits and does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.query_parameter import QueryParameter
from batch_conformance.exchange.exchange import UNKNOWN_QUERY, Headers, Probe
from batch_conformance.probes.chapters import REPRESENTATIONS, Setting, is_able
from batch_conformance.probes.credentials import KINDS
from batch_conformance.probes.generated import GeneratedQuery
from batch_conformance.probes.odd_requests import ORIGIN
from batch_conformance.probes.plan import JSON, LISTS, QUERIES

_BEYOND = 1_000_000_000
_REFUSED: tuple[str, ...] = ("missing", "wrong")
"""Of all the credentials that are refused in a run, those that each further operation gets."""
_REFUSED_HERE: tuple[str, ...] = ("wrong_scheme", "elsewhere_header")
"""Further ones, for this machine alone: a lock-out costs nothing here."""
REFUSED_OF_EACH = len(_REFUSED)


@dataclass(frozen=True)
class ListSetting:
    """What the probes of a list are built from: the operation, and what holds for the whole run."""

    operation: Operation
    whole: Setting
    generate: Callable[..., tuple[GeneratedQuery, ...]]

    def probe(self, chapter: str, name: str, query: str | None = None, headers: Headers = JSON, **more: Any) -> Probe:
        """A probe of the list; the query is that which always has to be there, where none is given."""
        asked = self.operation.required_query if query is None else query
        role = self.operation.role or "list"
        return Probe(
            chapter, f"{role}_{name}", self.operation.path, None, "known", headers=headers, query=asked, **more
        )


def list_probes(setting: ListSetting) -> dict[str, list[Probe]]:
    """The probes of a list by their chapters. Raises ``GenerationError`` where no query can be made."""
    whole = setting.whole
    return {
        LISTS: [setting.probe(LISTS, "read") for _ in range(whole.by_exploration(2, 4, 20))],
        "authentication": list(_authentication(setting)),
        "representations": list(_representations(setting)),
        "statuses": list(_statuses(setting)),
        "methods": [setting.probe("methods", "head", method="HEAD") for _ in range(whole.by_exploration(1, 2, 5))],
        QUERIES: list(_queries(setting)),
    }


def _authentication(setting: ListSetting) -> Iterator[Probe]:
    whole = setting.whole
    if not setting.operation.secured or whole.style == "none":
        return
    here = (*_REFUSED_HERE, "lower_case_scheme") if whole.loopback and whole.exploration != "quick" else ()
    for kind in (*_REFUSED, *here):
        if is_able(whole, KINDS[kind]):
            yield setting.probe("authentication", kind, credential=kind)


def _representations(setting: ListSetting) -> Iterator[Probe]:
    whole = setting.whole
    for name, headers in list(REPRESENTATIONS.items())[: whole.by_exploration(2, 8, 99)]:
        yield setting.probe("representations", name, headers=headers)
    if whole.exploration != "quick":
        yield setting.probe("representations", "origin", headers=(*JSON, ("Origin", ORIGIN)))
    query = "&".join(filter(None, (setting.operation.required_query, UNKNOWN_QUERY)))
    yield setting.probe("representations", "unknown_parameter", query)


def _statuses(setting: ListSetting) -> Iterator[Probe]:
    """As ``Prefer`` has it (RFC 7240), where the target is known to follow it or nothing is known of that."""
    if not setting.whole.statuses:
        return
    for status in sorted(int(one) for one in setting.operation.responses if one.isdigit()):
        headers = (*JSON, ("Prefer", f"code={status}"))
        yield setting.probe("statuses", f"prefer_{status}", headers=headers, forced_status=status)


def _queries(setting: ListSetting) -> Iterator[Probe]:
    """What the schemas of the parameters admit, and what they do not, drawn and at their bounds."""
    operation, whole = setting.operation, setting.whole
    if not operation.query:
        return
    count = whole.by_exploration(2, 6, 40)
    found = setting.generate(whole.data, operation.path, count, whole.seed)
    plain = [one for one in found if whole.hostile_allowed or one.query.isascii()]
    for one in plain:
        if _is_admitted(operation, one.query):
            yield setting.probe(QUERIES, f"valid_{one.phase}", one.query)
    for parameter, word, values in _beyond(operation):
        for value in values[: whole.by_exploration(1, 2, 9)]:
            yield setting.probe(QUERIES, f"invalid_{parameter}_{word}", _with(operation, parameter, value))
    drawn = (one for one in plain if operation.query_flaw(one.query) is not None)
    yield from (setting.probe(QUERIES, "invalid_drawn", one.query) for one in drawn)


def _is_admitted(operation: Operation, query: str) -> bool:
    """Whether the document admits a query: it has what is required, nothing undeclared, and no value that is wrong."""
    asked = {name for name, _ in parse_qsl(query, keep_blank_values=True)}
    required = {one.name for one in operation.query if one.required}
    return required <= asked <= {one.name for one in operation.query} and operation.query_flaw(query) is None


def _beyond(operation: Operation) -> Iterator[tuple[str, str, list[str]]]:
    """Values that a parameter does not admit: its name, what is wrong with them, and they themselves."""
    for one in operation.query:
        for word, values in _wrong(one).items():
            wrong = [value for value in values if not one.admits(value)]
            if wrong:
                yield one.name, word, wrong


def _wrong(parameter: QueryParameter) -> Mapping[str, list[str]]:
    values = parameter.schema.properties[0].values
    least, most = values.get("minimum"), values.get("maximum")
    return {
        "below": [str(int(least) - 1), str(-_BEYOND)] if isinstance(least, int | float) else [],
        "above": [str(int(most) + 1), str(_BEYOND)] if isinstance(most, int | float) else [],
        "no_number": ["abc", "1.5"],
        "empty": [""],
        "unlisted": ["unheard_of", "nobody-lists-this"],
    }


def _with(operation: Operation, name: str, value: str) -> str:
    """The query that always has to be there, with another value for one parameter."""
    required = [(one.name, one.value) for one in operation.query if one.required and one.name != name]
    return urlencode([*required, (name, value)])

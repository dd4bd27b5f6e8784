"""Discovery: known ids from the target's own list of batches, so that nobody has to name one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange, Probe
from batch_conformance.exchange.profile import Profile, batches_path
from batch_conformance.exchange.target import Target
from batch_conformance.message import Count, Listing, Message, Template
from batch_conformance.nouns import BATCH
from batch_conformance.observation.observation import at
from batch_conformance.observation.strict_json import parse
from batch_conformance.probes.plan import JSON

_NO_LIST = Template("discover.no_list", "--discover: {vendor} has no list of batches; give --batch-id.")
_REFUSED = Template("discover.refused", "--discover: {request} {how}; give ids with --batch-id.")
_ODD_LIST = Template(
    "discover.odd_list", "--discover: {request} answered something that is no list; give ids with --batch-id."
)
_EMPTY_LIST = Template("discover.empty_list", "--discover: {request} lists no batch: make one, or give --batch-id.")
_LISTED = Template("discover.listed", "--discover: {request} lists {batches} ({states}).")
_IN_STATE = Template("discover.in_state", "{number} {state}")
_NO_STATE = Template("discover.no_state", "no state")
_NOT_ANSWERED = Template("discover.not_answered", "was not answered ({why})")
_NO_SUCH_LIST = Template("discover.no_such_list", "answered {status}: this server has no list of batches")
_FORBIDDEN = Template("discover.forbidden", "answered {status}: the key may not list batches")
_ANSWERED = Template("discover.answered", "answered {status}")

MOST = 20
"""Batches that are asked for: enough to see several states, few enough for any vendor's page."""

_MEMBERS = ("data", "batches", "jobs", "items", "results", "batchInferenceJobs")
"""Where the lists of vendors keep their entries."""
_IDENTITIES = ("id", "batch_id")
_STATES = ("status", "state")
_LONGEST_ID = 512


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a list gave: ids in the order in which they are worth reading, and one line for people."""

    batch_ids: tuple[str, ...]
    note: Message


@dataclass(frozen=True, slots=True)
class ListedBatch:
    """A batch in a list: its id, and its state where the list has it."""

    batch_id: str
    state: str


def discover(target: Target, contract: Contract, profile: Profile | None) -> Discovery:
    """Ask the target for its list of batches, once.

    Raises ``BudgetExhausted``. That there is no list, or none that can be read, is said in the note.
    """
    listing = profile.listing if profile else None
    if listing is not None and not listing.path:
        return Discovery((), _NO_LIST(vendor=profile.title if profile else ""))
    probe = list_probe(contract, profile)
    exchange = target.send(probe, 0)[-1]
    shown = f"GET {probe.path}?{probe.query}"
    reason = _refusal(exchange)
    if reason:
        return Discovery((), _REFUSED(request=shown, how=reason))
    body = exchange.response.body if exchange.response else b""
    listed = entries_of(parse(body).value, contract)
    if listed is None:
        return Discovery((), _ODD_LIST(request=shown))
    if not listed:
        return Discovery((), _EMPTY_LIST(request=shown))
    entries = one_of_each_state_first(listed)
    states = Counter(entry.state for entry in entries)
    counts = tuple(_IN_STATE(number=n, state=state or _NO_STATE()) for state, n in states.most_common())
    note = _LISTED(request=shown, batches=Count(len(entries), BATCH), states=Listing(counts))
    return Discovery(tuple(entry.batch_id for entry in entries), note)


def list_probe(contract: Contract, profile: Profile | None) -> Probe:
    """The request for the target's list of batches, where the profile does not say that there is none."""
    path = profile.listing.path if profile and profile.listing else batches_path(contract.chosen.path)
    return Probe("discover", "list", path, None, "outside", headers=JSON, query=f"limit={MOST}")


def one_of_each_state_first(entries: Sequence[ListedBatch]) -> list[ListedBatch]:
    """The entries in the order of the list, the first of every state before all others; each id once."""
    once = list({entry.batch_id: entry for entry in reversed(entries)}.values())[::-1]
    seen: Counter[str] = Counter()
    ranked = []
    for entry in once:
        ranked.append((seen[entry.state], entry))
        seen[entry.state] += 1
    return [entry for _, entry in sorted(ranked, key=lambda pair: pair[0])]


def worth_reading(listed: Sequence[tuple[str, str]]) -> list[str]:
    """The ids of a list of ids and states, in the order in which they are worth reading."""
    entries = [ListedBatch(name, state) for name, state in listed if len(name) <= _LONGEST_ID]
    return [entry.batch_id for entry in one_of_each_state_first(entries)]


def _refusal(exchange: Exchange) -> Message | None:
    """Why an answer is no list; None where it may be one."""
    if exchange.failure is not None:
        return _NOT_ANSWERED(why=exchange.failure.detail)
    status = exchange.status or 0
    if 200 <= status < 300:
        return None
    if status in (404, 405, 501):
        return _NO_SUCH_LIST(status=status)
    if status in (401, 403):
        return _FORBIDDEN(status=status)
    return _ANSWERED(status=status)


def entries_of(value: Any, contract: Contract) -> list[ListedBatch] | None:
    """The entries of a list in any of the forms that vendors give it; None where it is none."""
    if isinstance(value, Mapping) and isinstance(value.get("data"), Mapping):
        value = value["data"]  # SiliconFlow wraps some answers in code, message and data
    listed = value
    if isinstance(value, Mapping):
        listed = next((value[name] for name in _MEMBERS if isinstance(value.get(name), list)), None)
        if listed is None and value.get("object") == "list" and value.get("data") is None:
            listed = []
    if not isinstance(listed, list):
        return None
    found = [_entry(item, contract) for item in listed if isinstance(item, Mapping)]
    return [entry for entry in found if entry is not None]


def _entry(item: Mapping[str, Any], contract: Contract) -> ListedBatch | None:
    identities = [at(item, contract.chosen.roles.identity or ""), *(item.get(name) for name in _IDENTITIES)]
    if isinstance(item.get("name"), str):
        identities.append(item["name"].rpartition("/")[2])  # a resource name, whose last part is the id
    states = [at(item, contract.chosen.roles.state or ""), *(item.get(name) for name in _STATES)]
    batch_id = next((one for one in identities if isinstance(one, str) and 0 < len(one) <= _LONGEST_ID), None)
    state = next((one for one in states if isinstance(one, str)), "")
    return ListedBatch(batch_id, state[:40]) if batch_id is not None else None

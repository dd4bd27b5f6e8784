"""What of the catalogue says nothing of one vendor's fields or bodies, and so holds under any contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from itertools import islice, tee

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation
from batch_conformance.mock.drift import Drift

_NAMES = frozenset(
    {
        *("guarded_json", "comment_after", "byte_order_mark", "gbk_said"),
        *("token_not_required", "empty_header_accepted", "empty_token_accepted", "any_token"),
        *("token_compared_in_part", "basic_accepted", "token_scheme_accepted", "bare_key_accepted"),
        *("two_tokens_accepted", "key_in_query_accepted", "key_in_header_accepted", "lower_case_refused"),
        *("no_challenge", "no_challenge_for_wrong", "other_batch", "unknown_id_answered", "case_ignored"),
        *("prefix_found", "prefix_optional", "space_trimmed", "suffix_ignored", "cut_at_nul"),
        *("compatible_letters", "parameter_cut", "traversal_followed", "decoded_twice", "list_for_no_id"),
        *("wildcard_answered", "null_answered", "key_in_header", "public_cache", "no_allow", "delete_answered"),
        *("patch_answered", "head_other_type", "head_with_body", "unknown_coding", "silent_for_nul"),
        *("every_25th_untyped", "pairs_dropped"),
        *("keys_turned", "pretty_json", "escaped_json", "header_names_lower", "header_names_upper"),
        *("further_headers", "always_compressed", "chunked", "until_close", "closing", "http_1_0", "no_charset"),
        *("charset_quoted", "media_type_upper", "slow", "no_head", "prefer_ignored", "one_drop", "trailing_slash"),
        *("other_challenge", "validators", "silent", "silent_later", "dropping", "other_key"),
    }
)


_AS_DOCUMENTED = ("json.", "body.", "response.", "identity.")
"""Rules whose clauses are those of a documented response; others are HTTP's own."""
_OF_CREDENTIALS = frozenset({"other_key", "other_challenge", "public_cache"})
"""Entries about credentials whose rule does not say so."""


def portable(drifts: Iterable[Drift], contract: Contract, ids: Iterable[str]) -> Iterator[Drift]:
    """The entries that hold under a contract and that a mock whose batches have these ids can show.

    Those about credentials only where one is asked for. No more of the ids are made than it takes.
    """
    (known,) = tee(ids, 1)
    operation, roles = contract.chosen, contract.chosen.roles
    for drift in drifts:
        about_credentials = drift.rule.startswith("auth.") or drift.name in _OF_CREDENTIALS
        if drift.name not in _NAMES or (about_credentials and not operation.secured):
            continue
        if drift.name in _SHOWN_BY and not any(map(_SHOWN_BY[drift.name], copy(known))):
            continue
        if drift.rule == "response.encoding" and not _has_content(operation, int(drift.status)):
            continue
        if drift.rule == "response.media_type" and _takes_any_type(operation, int(drift.status)):
            continue
        if drift.rule == "identity.other_batch":
            if roles.identity is not None and len(list(islice(copy(known), 2))) > 1:
                yield replace(drift, pointer=roles.identity, status=_status(operation, drift))
            continue
        yield replace(drift, status=_status(operation, drift))


def _status(operation: Operation, drift: Drift) -> str:
    """The status at which an entry is found: as it is documented, such as ``4XX``; none for one that is no clause."""
    response = operation.response_for(int(drift.status)) if drift.status else None
    if response is not None:
        return response.status if drift.rule.startswith(_AS_DOCUMENTED) else drift.status
    return "" if drift.status == "401" and drift.rule.endswith("_accepted") else drift.status


def _has_content(operation: Operation, status: int) -> bool:
    """Whether a status comes with a body: without one there is nothing to encode."""
    response = operation.response_for(status)
    return response is None or bool(response.content)


def _takes_any_type(operation: Operation, status: int) -> bool:
    """Whether a status may come in any media type, so that no label of a body contradicts the document."""
    response = operation.response_for(status)
    return response is not None and "*/*" in response.content


def _has_case(batch_id: str) -> bool:
    from batch_conformance.probes.batch_ids import is_uuid  # noqa: PLC0415 - Hypothesis is slow to import

    return batch_id.swapcase() != batch_id and not is_uuid(batch_id)


def _has_beginnings(batch_id: str) -> bool:
    from batch_conformance.probes.batch_ids import is_inferable  # noqa: PLC0415 - as above

    return len(batch_id) > 9 and not is_inferable(batch_id)


def _has_prefix(batch_id: str) -> bool:
    return batch_id.startswith("batch_") and _has_beginnings(batch_id)


_SHOWN_BY: Mapping[str, Callable[[str], bool]] = {
    "case_ignored": _has_case,
    "prefix_found": _has_beginnings,
    "prefix_optional": _has_prefix,
}
"""Entries that not every id can show: a number has no case, and a short one may be that of another batch."""

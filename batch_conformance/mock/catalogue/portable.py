"""What of the catalogue says nothing of one vendor's fields or bodies, and so holds under any contract."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

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


def portable(drifts: Collection[Drift], *, refuses: bool, lists_401: bool) -> Iterator[Drift]:
    """The entries that hold under any contract; those about credentials only where one is asked for.

    Where no 401 is documented, clauses about it belong to no status.
    """
    for drift in drifts:
        of_secured = ("other_key", "other_challenge", "public_cache")
        about_credentials = drift.rule.startswith("auth.") or drift.name in of_secured
        if drift.name not in _NAMES or (about_credentials and not refuses):
            continue
        unlisted = drift.status == "401" and not lists_401 and drift.rule.endswith("_accepted")
        yield replace(drift, status="") if unlisted else drift

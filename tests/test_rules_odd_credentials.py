"""What each odd form of a credential breaks where it is let in, and which wider hole says it better."""

from __future__ import annotations

from batch_conformance.rules.odd_credentials import LOOPBACK_ONLY, ODD_CREDENTIALS, OF_ODD_TOKENS

SCHEME, WRONG, MISSING = "auth.scheme_accepted", "auth.wrong_token_accepted", "auth.missing_accepted"
OTHERS = ("nearly", "nearly_cut", "nearly_first", "nearly_longer", "nearly_preceded", "other_case", "reversed", "wrong")
UNDER_TOKEN = (SCHEME, "other scheme", ("wrong_scheme_token",), None, False)
A_WRONG_ONE = (WRONG, "accepted", (), None, False)
EXPECTED = {
    "joined": (SCHEME, "joined", ("no_scheme",), None, False),
    "tab": (SCHEME, "white space", ("no_scheme",), "info", False),
    "colon": (SCHEME, "separator", (), None, False),
    "comma": (SCHEME, "separator", (), None, False),
    "equals": (SCHEME, "separator", (), None, False),
    "quoted": (SCHEME, "quoted", OTHERS, None, False),
    "scheme_same_length": UNDER_TOKEN,
    "scheme_longer": UNDER_TOKEN,
    "scheme_preceded": UNDER_TOKEN,
    "scheme_letter": UNDER_TOKEN,
    "scheme_api_key": UNDER_TOKEN,
    "key_and_more": (SCHEME, "several", ("malformed", *OTHERS), None, False),
    "other_scheme_first": (SCHEME, "after another", (), "should", False),
    "percent_encoded": (SCHEME, "encoded", OTHERS, None, False),
    "full_width": (SCHEME, "look-alike", OTHERS, None, False),
    "nearly_first": A_WRONG_ONE,
    "nearly_preceded": A_WRONG_ONE,
    "reversed": A_WRONG_ONE,
    "marks_dropped": A_WRONG_ONE,
    "null_word": A_WRONG_ONE,
    "undefined_word": A_WRONG_ONE,
    "unsigned_token": A_WRONG_ONE,
    "injected_token": A_WRONG_ONE,
    "long_token": A_WRONG_ONE,
    "parameters": (MISSING, "parameters", ("missing", "parameter"), None, True),
    "parameter": (MISSING, "", ("missing",), None, True),
    "other_path": (MISSING, "other path", ("missing",), None, True),
    "proxy_headers": (MISSING, "proxy headers", ("missing", "proxy_header"), None, True),
    "proxy_header": (MISSING, "", ("missing",), None, True),
}


def test_each_odd_form_breaks_one_rule_in_one_way_unless_a_wider_hole_says_it() -> None:
    found = {
        name: (odd.rule, odd.kind, tuple(sorted(odd.wider)), odd.level, odd.batch_only)
        for name, odd in ODD_CREDENTIALS.items()
    }
    assert found == {name: (*of[:2], tuple(sorted(of[2])), *of[3:]) for name, of in EXPECTED.items()}
    assert {name: odd.means.id for name, odd in ODD_CREDENTIALS.items()} == {
        name: f"credential.{name}" for name in EXPECTED
    }


def test_attacks_are_sent_to_this_machine_alone_and_odd_tokens_are_taken_by_who_takes_any() -> None:
    assert {"injected_token", "long_token"} == LOOPBACK_ONLY
    assert {"malformed", "key_and_more", "quoted", "percent_encoded", "full_width"} == OF_ODD_TOKENS

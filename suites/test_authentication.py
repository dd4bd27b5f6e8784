"""Only the valid credential is let in, wherever the id leads."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("auth.missing_accepted")
def test_a_request_without_credentials_is_refused(kept: Kept) -> None:
    """No credential, no batch. The document's `security`, RFC 6750 section 3.1."""
    kept()


@rule("auth.wrong_token_accepted")
def test_a_made_up_token_is_refused(kept: Kept) -> None:
    """A token that nobody issued opens nothing. RFC 6750 section 3.1."""
    kept()


@rule("auth.scheme_accepted")
def test_the_token_under_another_scheme_is_refused(kept: Kept) -> None:
    """Basic, Token, no scheme and malformed headers are refused. RFC 6750 section 2.1."""
    kept()


@rule("auth.elsewhere_accepted")
def test_the_token_in_another_place_is_refused(kept: Kept) -> None:
    """A key in the query string or another header is none. RFC 6750 section 2.3."""
    kept()


@rule("auth.lower_case_refused")
def test_the_scheme_has_no_case(kept: Kept) -> None:
    """`bearer` is `Bearer`. RFC 9110 section 11.1."""
    kept()


@rule("auth.valid_refused")
def test_the_valid_token_is_accepted_for_every_id(kept: Kept) -> None:
    """A token that was accepted is not refused for another id. RFC 9110 section 15.5.2."""
    kept()


@rule("auth.not_401")
def test_a_refused_credential_gets_401(kept: Kept) -> None:
    """A credential is refused with 401, and not with another status. RFC 9110 section 15.5.2."""
    kept()


@rule("auth.challenge_missing")
def test_a_401_names_its_challenge(kept: Kept) -> None:
    """A 401 carries WWW-Authenticate. RFC 9110 section 15.5.2, RFC 6750 section 3."""
    kept()


@rule("auth.challenge_scheme")
def test_a_401_challenges_for_bearer(kept: Kept) -> None:
    """Among the challenges is the scheme that the document names. RFC 6750 section 3."""
    kept()


@rule("auth.checked_late")
def test_credentials_are_checked_before_the_id(kept: Kept) -> None:
    """Who is not let in does not learn which batches there are. RFC 9110 section 11.4."""
    kept()

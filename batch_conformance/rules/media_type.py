"""Rules about the media type of a body, and the charset that it is said to be in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from batch_conformance.message import Listing, Message, Template, shown
from batch_conformance.observation.observation import Observation, derived
from batch_conformance.rules.highlight import at_headers
from batch_conformance.rules.refusal import is_turned_away, is_unquoted_text, leads_to_normal_form
from batch_conformance.rules.requests import by_status
from batch_conformance.rules.rule import Broken, Rule, always, has_json

_NEVER = re.compile(r";\s*q\s*=\s*0(\.0*)?\s*(;|$)", re.IGNORECASE)
"""What the client names in order to exclude it (RFC 9110 section 12.4.2)."""

_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
"""ASCII is UTF-8 in which nothing but ASCII stands."""

_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]+)', re.IGNORECASE)

NO_CONTENT_TYPE = Template("response.media_type.none", "no Content-Type")


@derived
def accepts_documented(observation: Observation) -> bool:
    """Whether the request's Accept admits a media type that the document gives to a success."""
    asked = next((value for name, value in observation.exchange.probe.headers if name.lower() == "accept"), "*/*")
    ranges = {part.partition(";")[0].strip().lower() for part in asked.split(",") if not _NEVER.search(part)}
    declared = {kind for response in observation.operation.responses.values() for kind in response.content}
    admitted = declared | {kind.partition("/")[0] + "/*" for kind in declared} | {"*/*"}
    return bool(ranges & admitted)


def named_type(observation: Observation) -> Message:
    """The media type that a body is said to be of."""
    return shown(observation.media_type) if observation.media_type else NO_CONTENT_TYPE()


def is_of_another_type(observation: Observation) -> bool:
    """Whether a body came under a media type that its status does not have, or under none."""
    answer, documented = observation.answer, observation.documented
    if answer is None or documented is None or not documented.content or not observation.covered:
        return False
    if observation.method == "HEAD" or not answer.body.strip() or leads_to_normal_form(observation):
        return False
    is_known = bool(observation.media_type) or answer.headers_complete
    return is_known and observation.declared_media_type is None


def _check_type(observation: Observation) -> Iterator[Broken]:
    answer, documented = observation.answer, observation.documented
    if answer is None or documented is None or not is_of_another_type(observation):
        return
    if not is_turned_away(observation) and not is_unquoted_text(observation):
        yield Broken(
            shown(Listing(tuple(documented.content), "or")),
            named_type(observation),
            observation.media_type or "none",
            media_type=observation.contract_media_type,
        )


def _check_charset(observation: Observation) -> Iterator[Broken]:
    answer, charset = observation.answer, foreign_charset(observation)
    if answer is None or not charset or not observation.covered or observation.declared_media_type is None:
        return
    if observation.method != "HEAD" and answer.body.strip() and not leads_to_normal_form(observation):
        kind = charset[:40].lower()
        yield Broken(shown("UTF-8"), shown(f"charset={charset[:40]}"), kind, media_type=observation.contract_media_type)


def foreign_charset(observation: Observation) -> str:
    """The charset, other than UTF-8, that a JSON body is said to be in; empty where there is none."""
    named = _CHARSET.search((observation.answer.header("content-type") if observation.answer else None) or "")
    if named is None or "json" not in observation.media_type or named[1].lower() in _UTF_8:
        return ""
    return named[1]


MEDIA_TYPE = Rule(
    id="response.media_type",
    title="Another media type than documented",
    level="must",
    side="server",
    why="Clients choose their parser by Content-Type; with another, or none, they do not parse the body.",
    remedy="Send the documented Content-Type with every body of this status, those of gateways included.",
    source="OpenAPI 3.0 section 4.7.17, RFC 9110 section 8.3",
    breaks="Content-Type: text/html",
    keeps="Content-Type: application/json; charset=utf-8",
    said_by="response",
    exercised_at="body",
    concern="document",
    of_body=True,
    check=_check_type,
    looks_at="message",
    headers=("content-type",),
    highlight=at_headers("content-type"),
    requests=by_status,
    cure="media_type",
    reaches_client=True,
    covers=(
        ("Content-Type", "the documented one"),
        ("media types", "the documented one"),
    ),
)

CHARSET = Rule(
    id="response.charset",
    title="JSON in another charset than UTF-8",
    level="must",
    side="server",
    why="JSON between systems is UTF-8; clients that believe the parameter garble every other text.",
    remedy="Send UTF-8, and either `charset=utf-8` or no charset parameter.",
    source="RFC 8259 section 8.1",
    breaks="Content-Type: application/json; charset=gbk",
    keeps="Content-Type: application/json",
    clauses=always(Template("response.charset.clause", "JSON is in UTF-8")),
    exercised=has_json,
    concern="document",
    of_body=True,
    check=_check_charset,
    looks_at="message",
    headers=("content-type",),
    highlight=at_headers("content-type"),
    covers=(("Content-Type", "UTF-8"),),
)

RULES = (MEDIA_TYPE, CHARSET)

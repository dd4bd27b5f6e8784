"""Drifts of servers that change an id before they look it up, and of what else is made of an odd one."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial
from urllib.parse import parse_qs, unquote, unquote_plus

from batch_conformance.mock.changes import answering, saying, to_unknown
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply
from batch_conformance.mock.received_request import ReceivedRequest
from batch_conformance.mock.sample_batches import Batch

_OPAQUE = "the document: one id names one batch; "
_PATH = "RFC 3986 section 6.2.2.1: a path has a case, and ends where it ends; "
_SQL, _TEMPLATE = "CWE-89", "CWE-1336"
_PREFIX, _HOMOGLYPHS = "batch_", str.maketrans("асеорхуіјѕһ", "aceopxyijsh")
_ZERO_O, _ONE_L = str.maketrans("oO", "00"), str.maketrans("lIi", "111")
_FEW_LETTERS = 4
_PRODUCT = r"(\d+)\*(\d+)"

Find = Callable[[str, Batch], bool]


def _looked_up(find: Callable[[ReceivedRequest, str, Batch], bool]) -> Apply:
    """Looks for a batch in another way too, given the last segment of the path as it was sent."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        refused = reply.status in (400, 404) and received.credential == "valid" and received.forced is None
        if not refused or received.request.method not in ("GET", "HEAD"):
            return reply
        segment = received.request.path.rpartition(b"/")[2].decode("latin-1")
        meant = next((batch for batch in received.batches if find(received, segment, batch)), None)
        return received.showing(meant) if meant else reply

    return apply


def _found(find: Find) -> Apply:
    """By the decoded id."""
    return _looked_up(
        lambda received, segment, batch: received.place != "outside" and segment != "" and find(unquote(segment), batch)
    )


def _made(change: Callable[[str], str]) -> Apply:
    """By what the decoded id is changed into."""
    return _found(lambda asked, batch: change(asked) == batch.id)


def _both(change: Callable[[str], str]) -> Apply:
    """By what the decoded id and those of the batches are changed into."""
    return _found(lambda asked, batch: change(asked) == change(batch.id))


def _sent(change: Callable[[str], str]) -> Apply:
    """By what the segment as it was sent is changed into."""
    return _looked_up(lambda received, segment, batch: received.place != "outside" and change(segment) == batch.id)


def _without(*categories: str) -> Callable[[str], str]:
    return lambda asked: "".join(one for one in asked if unicodedata.category(one) not in categories)


def _without_accents(asked: str) -> str:
    return _without("Mn")(unicodedata.normalize("NFD", asked))


def _with_overlong(segment: str) -> str:
    """Escapes of two bytes that are too long for what they say, decoded none the less."""
    return re.sub(
        r"%C([01])%([89AB])([0-9A-F])",
        lambda found: chr((int(found[1]) << 6) | (int(found[2], 16) & 3) << 4 | int(found[3], 16)),
        segment,
    )


def _like(pattern: str, letters: str) -> re.Pattern[str]:
    """A pattern in which each of ``letters`` stands for any text, or for any one letter where it is a question mark."""
    parts = ("." if one == "?" else ".*" if one in letters else re.escape(one) for one in pattern)
    return re.compile(
        "".join(part if one in letters else re.escape(one) for one, part in zip(pattern, parts, strict=True))
    )


def _matches(letters: str) -> Apply:
    return _found(
        lambda asked, batch: (
            any(one in asked for one in letters)
            and sum(map(str.isalnum, asked)) > _FEW_LETTERS
            and _like(asked, letters).fullmatch(batch.id) is not None
        )
    )


def _cut(mark: str) -> Apply:
    return _found(lambda asked, batch: mark in asked and asked.partition(mark)[0] == batch.id)


def _cased(part: Callable[[str], str]) -> Apply:
    """Without regard to the case of the prefix, or of what follows it."""
    return _made(part)


def _lower_prefix(asked: str) -> str:
    return asked[: len(_PREFIX)].lower() + asked[len(_PREFIX) :]


def _lower_body(asked: str) -> str:
    return asked[: len(_PREFIX)] + asked[len(_PREFIX) :].lower()


def _named_in_query(received: ReceivedRequest, batch: Batch) -> bool:
    asked = parse_qs(received.request.query)
    return batch.id in asked.get("batch_id", ()) or batch.id in asked.get("id", ())


def _query_first(received: ReceivedRequest, reply: Reply) -> Reply:
    meant = next((batch for batch in received.batches if _named_in_query(received, batch)), None)
    return received.showing(meant) if meant and received.credential == "valid" and received.reading else reply


def _from_base64(asked: str) -> str:
    try:
        return base64.b64decode(asked, validate=True).decode() if len(asked) > _FEW_LETTERS else asked
    except ValueError:
        return asked


def _named_in_header(name: bytes) -> Apply:
    """Answers the batch that a header names, by its id or by its whole path."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        named = (received.request.header(name) or b"").decode("latin-1")
        before, _, last = named.rpartition("/")
        is_there = not before or received.request.path.decode("latin-1").startswith(f"{before}/")
        meant = next((batch for batch in received.batches if batch.id == last and is_there), None)
        return received.showing(meant) if meant and received.credential == "valid" and received.reading else reply

    return apply


def _path_made(change: Callable[[str], str]) -> Apply:
    """By what the whole path is changed into."""

    def find(received: ReceivedRequest, _: str, batch: Batch) -> bool:
        path = received.request.path.decode("latin-1")
        return change(path).endswith(f"/batches/{batch.id}")

    return _looked_up(find)


def _followed(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        bare = segment.partition(";")[0]
        kept = kept[:-1] if bare == ".." else [*kept, segment]
    return "/".join(kept)


def _failing(when: Callable[[str], bool]) -> Apply:
    return to_unknown(
        lambda received, reply: answering(500, {"code": 50000, "message": "Internal error", "data": ""})(reply)
        if when(received.asked or "") else reply
    )  # fmt: skip


def _number(asked: str) -> int:
    return int(asked) if re.fullmatch(r"-?\d+", asked, re.ASCII) else 0


def _computed(pattern: str, show: Callable[[int], str] = str) -> Callable[[str], str]:
    return lambda asked: re.sub(pattern, lambda found: show(int(found[1]) * int(found[2])), asked)


def _telling(change: Callable[[str], str]) -> Apply:
    """The 404 has the id as it was asked for, which is made anew where it has an expression."""

    def told(received: ReceivedRequest, reply: Reply) -> Reply:
        asked = received.asked or ""
        made = change(asked)
        return saying(f"404: no batch {made}")(reply) if made != asked else reply

    return to_unknown(told)


def _in_header(received: ReceivedRequest, reply: Reply) -> Reply:
    asked = received.asked or ""
    made = _computed(r"#\{" + _PRODUCT + r"\}")(asked)
    return reply.with_header("X-Resource", f"batch/{made}") if made != asked and made.isalnum() else reply


def _listing(word: str) -> Apply:
    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        if received.asked != word or reply.status != 404 or not received.reading or received.forced is not None:
            return reply
        return answering(200, {"object": "list", "data": [], "has_more": False})(reply)

    return apply


_similar = partial(Drift, rule="identity.neighbour_answered", status="200", pointer="", stage="answer")
_other_path = partial(
    Drift, rule="identity.path_variant_answered", status="200", pointer="", stage="answer", verdict="conforms"
)
_broken = partial(Drift, rule="response.server_error", status="500", pointer="", stage="answer")
_evaluated = partial(Drift, rule="security.expression_evaluated", status="", pointer="", stage="text")

DRIFTS: tuple[Drift, ...] = (
    # Stripped.
    _similar("invisible_stripped", "letters that nobody sees are left out", source=_OPAQUE + "Unicode category Cf",
             apply=_made(_without("Cf"))),
    _similar("zero_width_stripped", "zero-width spaces are left out", source=_OPAQUE + "a filter for pasted text",
             apply=_made(lambda asked: asked.replace("\u200b", ""))),
    _similar("soft_hyphen_stripped", "soft hyphens are left out", source=_OPAQUE + "a collation that ignores them",
             apply=_made(lambda asked: asked.replace("\u00ad", ""))),
    _similar("bom_stripped", "a byte order mark before the id is left out", source=_OPAQUE + "trim() of JavaScript",
             apply=_made(lambda asked: asked.removeprefix("\ufeff"))),
    _similar("accents_ignored", "accents do not count", source=_OPAQUE + "a collation without regard to accents",
             apply=_made(_without_accents)),
    _similar("composed_only", "letters with an accent are those without", source=_OPAQUE + "a table of such letters",
             apply=_made(lambda asked: _without_accents(asked) if unicodedata.is_normalized("NFC", asked) else asked)),
    _similar("not_ascii_dropped", "what is not ASCII is dropped", source=_OPAQUE + "encode('ascii', 'ignore')",
             apply=_made(lambda asked: asked.encode("ascii", "ignore").decode())),
    _similar("controls_stripped", "control characters are left out", source=_OPAQUE + "a filter against injection",
             apply=_made(_without("Cc"))),
    _similar("nul_stripped", "NUL is left out", source="CWE-158",
             apply=_made(lambda asked: asked.replace("\0", ""))),
    _similar("tab_trimmed", "tabs around an id are cut off", source=_OPAQUE + "a header's rule for a path",
             apply=_made(lambda asked: asked.strip("\t"))),
    _similar("unicode_space_trimmed", "no-break spaces are cut off", source=_OPAQUE + "strip() of Python",
             apply=_made(lambda asked: asked.strip("\u00a0\u2003\u3000"))),
    _similar("newline_trimmed", "a line break after the id is overlooked", source=_OPAQUE + "$ in a regular expression",
             apply=_made(lambda asked: asked.removesuffix("\n"))),
    _similar("plus_is_space", "a plus is a space, and cut off", source="RFC 3986 section 2.2: a plus is a plus",
             apply=_sent(lambda segment: unquote_plus(segment).strip(" ") if "+" in segment else segment)),
    _similar("dots_trimmed", "dots after an id are cut off", source=_OPAQUE + "names of files under Windows",
             apply=_made(lambda asked: asked.rstrip("."))),
    _similar("quotes_stripped", "quotes around an id are taken off", source=_OPAQUE + "a value unpacked twice",
             apply=_made(lambda asked: asked.strip('"'))),
    _similar("zeros_stripped", "zeros before an id are left out", source=_OPAQUE + "a number's rule for a text",
             apply=_made(lambda asked: asked.lstrip("0"))),
    _similar("zeros_in_number_stripped", "zeros after the prefix are left out", source=_OPAQUE + "a cast to a number",
             apply=_made(lambda asked: _PREFIX + asked[len(_PREFIX) :].lstrip("0") if asked.startswith(_PREFIX) else asked)),
    _similar("prefix_not_compared", "what stands before the underscore is not compared", source=_OPAQUE + "split('_')[1]",
             apply=_made(lambda asked: re.sub(r"^[A-Za-z]+_", _PREFIX, asked))),
    # Folded.
    _similar("homoglyphs_folded", "Cyrillic letters are those that look alike", source="Unicode TR 39: confusables",
             apply=_made(lambda asked: asked.translate(_HOMOGLYPHS))),
    _similar("case_folded", "ids are compared in capitals, whatever they are made of", source="Unicode CaseFolding.txt",
             apply=_both(str.upper)),
    _similar("prefix_case_ignored", "the prefix has no case", source=_OPAQUE + "ids are case-sensitive",
             apply=_made(_lower_prefix)),
    _similar("body_case_ignored", "what follows the prefix has no case", source=_OPAQUE + "hexadecimal digits",
             apply=_made(_lower_body)),
    _similar("zero_is_o", "0 and O are the same", source=_OPAQUE + "Crockford's Base32, of ids that are none",
             apply=_both(lambda text: text.translate(_ZERO_O))),
    _similar("one_is_l", "1, l and I are the same", source=_OPAQUE + "Crockford's Base32, of ids that are none",
             apply=_both(lambda text: text.translate(_ONE_L))),
    # Decoded.
    _similar("escapes_undone_twice", "an id is decoded twice", source="RFC 3986 section 2.4: never more than once",
             apply=_made(unquote), also=("identity.unknown_answered",)),
    _similar("escapes_undone_in_loop", "an id is decoded until nothing changes", source="RFC 3986 section 2.4",
             apply=_made(lambda asked: unquote(unquote(unquote(asked))))),
    _similar("overlong_decoded", "overlong UTF-8 is decoded", source="RFC 3629 section 3",
             apply=_sent(_with_overlong)),
    _similar("escape_u_decoded", "%u0062 is decoded", source="RFC 3986 section 2.1: two hexadecimal digits",
             apply=_sent(lambda segment: re.sub(r"%u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), segment))),
    # Wildcards and what cuts.
    _similar("glob", "ids are read as patterns of file names", source="CWE-155",
             apply=_found(lambda asked, batch: any(one in asked for one in "*?[") and any(map(str.isalnum, asked))
                          and fnmatchcase(batch.id, asked))),
    _similar("question_for_letter", "a question mark stands for any letter", source="CWE-155", apply=_matches("?")),
    _similar("percent_for_any", "a percent sign stands for any text", source="CWE-155", apply=_matches("%")),
    _similar("star_for_any", "a star inside stands for any text", source="CWE-155", apply=_matches("*")),
    _similar("letter_class", "brackets hold a class of letters", source="CWE-625",
             apply=_found(lambda asked, batch: "[" in asked and re.sub(r"\[(.)\]$", r"\1", asked) == batch.id)),
    _similar("cut_at_semicolon", "an id ends at an escaped semicolon", source="RFC 3986 section 2.2: it is data",
             apply=_looked_up(lambda received, segment, batch: received.place != "outside" and "%3B" in segment
                              and segment.partition("%3B")[0] == batch.id)),
    _similar("cut_at_hash", "an id ends at an escaped hash", source="RFC 3986 section 2.2: it is data", apply=_cut("#")),
    _similar("cut_at_question", "an id ends at an escaped question mark", source="RFC 3986 section 2.2: it is data",
             apply=_cut("?")),
    _similar("cut_at_dashes", "an id ends at two dashes", source=_SQL, apply=_cut("--")),
    _similar("cut_at_quote", "an id ends at a quote", source=_SQL, apply=_cut("'")),
    _similar("cut_at_colon", "an id ends at a colon", source=_OPAQUE + "custom verbs of gRPC gateways", apply=_cut(":")),
    _similar("cut_at_comma", "of a list of ids the first is answered", source=_OPAQUE + "a parameter that takes several",
             apply=_cut(",")),
    _similar("comments_removed", "comments are taken out of an id", source=_SQL,
             apply=_made(lambda asked: re.sub(r"/\*.*?\*/", "", asked))),
    _similar("end_found", "the end of an id finds its batch", source=_OPAQUE + "LIKE '%…'",
             apply=_found(lambda asked, batch: len(asked) > 6 and batch.id.endswith(asked))),
    _similar("part_found", "a part of an id finds its batch", source=_OPAQUE + "LIKE '%…%'",
             apply=_found(lambda asked, batch: len(asked) > 6 and asked in batch.id)),
    _similar("length_of_prefix", "ids are compared by their first ten letters", source=_OPAQUE + "a column that cuts",
             apply=_found(lambda asked, batch: asked[:10] == batch.id[:10])),
    _similar("name_before_colon_dropped", "what stands before a colon is dropped", source=_OPAQUE + "URNs, kinds of resources",
             apply=_made(lambda asked: asked.rpartition(":")[2])),
    _similar("base64_decoded", "an id in base64 is decoded", source=_OPAQUE + "global ids of GraphQL",
             apply=_made(_from_base64)),
    # The query.
    _similar("query_wins", "an id in the query is taken before that of the path", also=("identity.other_batch",),
             source="OpenAPI 3.0 section 4.7.12.1: the id is in the path", apply=_query_first),
    _similar("query_helps", "an id in the query is taken where that of the path is none",
             source="OpenAPI 3.0 section 4.7.12.1: the id is in the path",
             apply=_looked_up(lambda received, _, batch: received.reading and _named_in_query(received, batch))),
    _similar("path_in_header_wins", "X-Original-URL names another path", source="CWE-444; Symfony CVE-2018-14773",
             apply=_named_in_header(b"x-original-url")),
    _similar("rewritten_path_wins", "X-Rewrite-URL names another path", source="CWE-444; Symfony CVE-2018-14773",
             apply=_named_in_header(b"x-rewrite-url")),
    _similar("id_in_header_wins", "a header names another id", source="OpenAPI 3.0 section 4.7.12.1: the id is in the path",
             apply=_named_in_header(b"x-batch-id")),
    # The path around the id.
    _other_path("slash_overlooked", "a slash after the id is overlooked", source=_PATH + "routers that are not strict",
                apply=_path_made(lambda path: path.removesuffix("/"))),
    _other_path("path_case_overlooked", "the path before the id has no case", source=_PATH + "routers do so by default",
                apply=_looked_up(lambda received, segment, batch: segment == batch.id
                                 and received.request.path.lower().endswith(f"/batches/{batch.id}".encode()))),
    _other_path("parameters_overlooked", "path parameters are overlooked", source="RFC 3986 section 3.3; servlets",
                apply=_path_made(lambda path: re.sub(r"(?<!\.);[^/]*", "", path))),
    _other_path("further_segment_overlooked", "what follows the id is overlooked", source=_PATH + "a route with a rest",
                apply=_path_made(lambda path: path.removesuffix("/x"))),
    Drift("dots_with_parameter_followed", "`..;` is a way up", "identity.traversal_answered", "200", "",
          "RFC 3986 section 5.2.4: only dots are dot segments; servlets behind a proxy", "answer", _path_made(_followed)),
    # Numbers and words.
    _broken("int32_overflow", "numbers beyond 32 bits end in a server error", source="CWE-190",
            apply=_failing(lambda asked: abs(_number(asked)) >= 2**31)),
    _broken("int64_overflow", "numbers beyond 64 bits end in a server error", source="CWE-190",
            apply=_failing(lambda asked: abs(_number(asked)) >= 2**63)),
    _broken("negative_fails", "a negative number ends in a server error", source="CWE-20",
            apply=_failing(lambda asked: _number(asked) < 0)),
    _broken("list_word_fails", "the id list ends in a server error", source="a route that has no handler",
            apply=_failing(lambda asked: asked == "list")),
    Drift("list_route", "the id list lists", "identity.unknown_answered", "200", "",
          "a route beside the one of batches is no drift, so it is only told", "answer", _listing("list"),
          verdict="conforms"),
    # Expressions.
    _evaluated("template_evaluated", "two braces hold an expression", source=_TEMPLATE + "; Jinja, Twig, Handlebars",
               apply=_telling(_computed(r"\{\{" + _PRODUCT + r"\}\}"))),
    _evaluated("dollar_evaluated", "${…} holds an expression", source="CWE-917; FreeMarker, EL",
               apply=_telling(_computed(r"\$\{" + _PRODUCT + r"\}"))),
    _evaluated("dollar_evaluated_grouped", "${…} holds an expression, and its result is written for people",
               source="CWE-917; FreeMarker", apply=_telling(_computed(r"\$\{" + _PRODUCT + r"\}", "{:,}".format))),
    _evaluated("hash_evaluated", "#{…} holds an expression", source="CWE-917; Ruby, SpEL, Pug",
               apply=_telling(_computed(r"#\{" + _PRODUCT + r"\}"))),
    _evaluated("hash_evaluated_in_header", "a header shows the result of an expression", source="CWE-917",
               apply=_in_header),
    _evaluated("erb_evaluated", "<%=…%> holds an expression", source=_TEMPLATE + "; ERB, JSP",
               apply=_telling(_computed(r"<%=" + _PRODUCT + r"%>"))),
    _evaluated("shell_evaluated", "$((…)) is computed", source="CWE-78",
               apply=_telling(_computed(r"\$\(\(" + _PRODUCT + r"\)\)"))),
)  # fmt: skip
"""Drifts of odd ids."""

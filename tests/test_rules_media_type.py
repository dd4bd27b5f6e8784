"""What is said of the media type of a body and of its charset, and what an Accept admits."""

from __future__ import annotations

from typing import Any

import pytest
from broken_support import broken, seen, words
from judge_support import JSON, KNOWN, contract_of

from batch_conformance.rules.media_type import accepts_documented, foreign_charset, is_of_another_type, named_type

TEXTS = contract_of(
    {"type": "object"},
    responses={
        "202": {"description": "Later.", "content": {"text/csv": {}, "text/plain": {}}},
        "204": {"description": "-"},
    },
)


def admits(*accept: str) -> bool:
    return accepts_documented(seen(asked=tuple(("accept", one) for one in accept), under=TEXTS))


@pytest.mark.parametrize(
    "accept",
    [
        *("application/json", "Application/JSON ;q=0.5", "image/png, application/*", "*/*;q=0.1", "text/*", "text/csv"),
        *("application/json;q=0.01", "application/json;q=01", "image/png;q=0, application/json"),
    ],
)
def test_an_accept_admits_what_is_documented_by_its_name_or_a_range(accept: str) -> None:
    assert admits(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "application/xml",
        "image/*",
        "",
        "application/json;q=0",
        "application/json; Q = 0.00 ;x=1",
        "text/html",
    ],
)
def test_an_accept_excludes_what_it_does_not_name_or_names_with_no_weight(accept: str) -> None:
    assert not admits(accept)


def test_without_an_accept_all_is_admitted_and_of_several_the_first_decides() -> None:
    assert admits()
    assert not admits("image/png", JSON)


def test_a_body_is_called_by_its_media_type() -> None:
    assert str(named_type(seen(media_type="Text/HTML; charset=x"))) == "text/html"
    assert named_type(seen(media_type=None)).id == "response.media_type.none"


def another(*args: Any, **more: Any) -> bool:
    return is_of_another_type(seen(*args, **{"under": TEXTS, **more}))


def test_a_body_is_of_another_type_where_its_status_has_others() -> None:
    assert another(media_type="text/html")
    assert another(media_type=None)
    assert another(status=202)
    assert not another(media_type="application/JSON;x")
    assert not another(status=202, media_type="text/plain")
    assert not another(status=418, media_type="text/html")
    assert not another(status=204, media_type="text/html")
    assert not another(answered=False)
    assert not another(media_type="text/html", method="DELETE")
    assert not another(media_type="text/html", method="HEAD")
    assert not another(b" \r\n", media_type="text/html")


def test_nothing_is_said_of_a_type_whose_header_was_not_kept() -> None:
    assert not another(media_type=None, headers_complete=False)
    assert another(media_type="text/html", headers_complete=False)


REDIRECT = contract_of({"type": "object"}, responses={"301": {"description": "There.", "content": {JSON: {}}}})
TO_NORMAL: dict[str, Any] = {"subject": "equivalent", "headers": (("Location", f"/v1/batches/{KNOWN}"),)}


def test_nothing_is_said_of_the_body_of_a_redirect_to_the_usual_spelling() -> None:
    assert another(b"moved", 301, media_type="text/html", under=REDIRECT)
    assert not another(b"moved", 301, media_type="text/html", under=REDIRECT, **TO_NORMAL)
    charset = {"media_type": f"{JSON}; charset=gbk", "under": REDIRECT}
    assert broken("response.charset", seen(b"moved", 301, **charset))
    assert broken("response.charset", seen(b"moved", 301, **charset, **TO_NORMAL)) == []


def test_another_media_type_is_told_with_those_that_are_documented() -> None:
    (one,) = broken("response.media_type", seen(status=202, media_type="text/html", under=TEXTS))
    assert (one.kind, one.status, one.media_type, one.pointer, one.level) == ("text/html", None, "text/csv", "", None)
    assert (str(one.expected), str(one.observed)) == ("text/csv or text/plain", "text/html")
    (none,) = broken("response.media_type", seen(media_type=None, under=TEXTS))
    assert (none.kind, none.media_type, words(none)[1]) == ("none", JSON, "response.media_type.none")
    assert broken("response.media_type", seen(under=TEXTS)) == []


def test_what_is_turned_away_or_a_text_without_its_quotes_has_no_media_type_to_keep() -> None:
    assert broken("response.media_type", seen(b"<html>", 404, media_type="text/html"))
    assert broken("response.media_type", seen(b"<html>", 404, media_type="text/html", subject="hostile")) == []
    assert broken("response.media_type", seen(b"no", 404, media_type="text/plain")) == []


@pytest.mark.parametrize(
    ("media_type", "charset"),
    [
        ("application/json; charset=gbk", "gbk"),
        ('application/json;CharSet = "GBK";x=1', "GBK"),
        ("application/problem+json; charset=latin1", "latin1"),
        ("application/json; x=1; charset=utf-16", "utf-16"),
        ("application/json; charset=utf-8", ""),
        ("application/json; charset=UTF8", ""),
        ("application/json; charset=us-ascii", ""),
        ("application/json; charset=ASCII", ""),
        ("application/json; xcharset=gbk", ""),
        ("text/html; charset=gbk", ""),
        ("application/json", ""),
        (None, ""),
    ],
)
def test_a_charset_is_foreign_to_json_where_it_is_not_utf_8(media_type: str | None, charset: str) -> None:
    assert foreign_charset(seen(media_type=media_type)) == charset
    assert foreign_charset(seen(answered=False, media_type=media_type)) == ""


def foreign(*args: Any, **more: Any) -> list[str]:
    read = seen(*args, **{"media_type": f"{JSON}; charset=GBK", **more})
    return [one.kind for one in broken("response.charset", read)]


def test_a_foreign_charset_is_told_of_a_body_that_is_documented_as_json() -> None:
    assert foreign() == ["gbk"]
    assert foreign(method="HEAD") == []
    assert foreign(b"  ") == []
    assert foreign(answered=False) == []
    assert foreign(method="DELETE") == []
    assert foreign(status=418) == []
    assert foreign(media_type="application/problem+json; charset=gbk") == []
    (one,) = broken("response.charset", seen(media_type=f"{JSON}; charset={'X' * 50}"))
    assert (one.kind, one.status, one.media_type, one.pointer) == ("x" * 40, None, JSON, "")
    assert (str(one.expected), str(one.observed)) == ("UTF-8", f"charset={'X' * 40}")

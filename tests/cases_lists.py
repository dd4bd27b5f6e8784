"""Rules about lists: runs that break each of them, and near misses that keep it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import urlencode

from judge_cases import Case
from judge_support import QUEUED, sent

from batch_conformance.contract.choice import OperationChoice
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.sources import load_contract
from batch_conformance.exchange.exchange import Exchange


@cache
def lists() -> Contract:
    """SiliconFlow's batch API with its lists."""
    return load_contract("siliconflow-batch-api", choice=OperationChoice(operations="read"))


def item(name: str, **changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(QUEUED), "id": f"batch_{name}", "file_name": "requests.jsonl", **changes}


def page(
    names: str | Sequence[dict[str, Any]],
    more: bool | None = False,
    query: Mapping[str, Any] | str = "",
    **changes: Any,
) -> Exchange:
    """A page of the list of batches: an item for each letter."""
    items = [item(name) for name in names] if isinstance(names, str) else list(names)
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {}
    body = {"object": "list", "data": items, **ends, **({} if more is None else {"has_more": more}), **changes}
    return asked(sent(body), query)


def asked(exchange: Exchange, query: Mapping[str, Any] | str = "", path: str = "/batches") -> Exchange:
    text = query if isinstance(query, str) else urlencode(query)
    probe = replace(exchange.probe, chapter="pages", path=path, batch_id=None, query=text)
    return replace(exchange, probe=probe, request=replace(exchange.request, url=f"https://one/v1{path}?{text}"))


def after(name: str, limit: int = 2) -> dict[str, Any]:
    return {"limit": limit, "after": f"batch_{name}"}


def read(name: str, **changes: Any) -> Exchange:
    body = {key: value for key, value in item(name, **changes).items() if key != "file_name"}
    return replaced(sent(body, batch_id=f"batch_{name}"), name)


def replaced(exchange: Exchange, name: str) -> Exchange:
    return replace(exchange, probe=replace(exchange.probe, path=f"/batches/batch_{name}"))


REFUSED = asked(sent({"code": 20015, "message": "Field required", "data": ""}, 400), {"limit": 2, "after": "nobody"})
TWO = (page("ab", True, {"limit": 2}), page("cd", False, after("b")))
THREE = (page("abc", True, {"limit": 3}), page("d", False, after("c", 3)))
CUT = (page("abc", False, {"limit": 3}), page("", False, after("c", 3)))
DONE = {"status": "completed", "completed_at": 1741685430, "output_file_id": "file-1"}


def dated(*times: int) -> list[dict[str, Any]]:
    return [item(name, created_at=time, expires_at=time + 86400) for name, time in zip("abcdef", times, strict=False)]


CASES: Mapping[str, Case] = {
    "listing.repeated": Case(
        breaks=(
            (page("aba"),),
            (*(page("ab", True, {"limit": 2}), page("ac", False, after("b"))) * 2,),
        ),
        keeps=(
            TWO * 2,
            # It grew in between: the second time other pages come.
            (page("bc", True, {"limit": 2}), page("cd", True, after("c")), page("ab", True, {"limit": 2})),
            (page("ab", True, {"limit": 2}), page("ac", False, after("b"))),
        ),
        under=lists(),
    ),
    "listing.lost": Case(
        breaks=(
            (*TWO, page("abc", True, {"limit": 3}), page("", False, after("c", 3)), *TWO),
            (page("ab", True, {"limit": 2}), page("d", False, after("b")), *THREE) * 2,
        ),
        keeps=(
            (*TWO, *THREE, *TWO),
            # What is gone at the end is not known to have been there in between.
            (*TWO, *CUT, page("ab", True, {"limit": 2}), page("c", False, after("b"))),
            # A walk that was broken off has what it has.
            (*TWO, page("abc", True, {"limit": 3}), *TWO),
        ),
        under=lists(),
        alone=False,
    ),
    "listing.after": Case(
        breaks=(
            (page("ab", True, {"limit": 2}), page("bc", False, after("b"))),
            (page("ab", True, {"limit": 2}), page("ab", True, after("b"))),
        ),
        keeps=(TWO, (page("ab", False, {"limit": 2}), page("", False, after("b")))),
        under=lists(),
    ),
    "listing.cursor": Case(
        breaks=((*TWO, page("ab", True, {"limit": 2, "after": "nobody"})),),
        keeps=(
            (*TWO, page("", False, {"limit": 2, "after": "nobody"})),
            (*TWO, page("ab", True, {"limit": 2, "after": ""})),
            (*TWO, REFUSED),
            (*TWO, page("cd", False, {"limit": 2, "after": "nobody"})),
        ),
        under=lists(),
    ),
    "listing.more": Case(
        breaks=(
            (page("ab", False, {"limit": 2}), page("cd", False, after("b"))) * 2,
            (page("ab", True, {"limit": 2}), page("", False, after("b"))) * 2,
        ),
        keeps=(
            (*TWO, page("", False, after("d"))) * 2,
            (page("ab", False, {"limit": 2}), page("cd", False, after("b")), *TWO),
            (page("ab", None, {"limit": 2}), page("cd", None, after("b"))) * 2,
        ),
        under=lists(),
    ),
    "listing.ends": Case(
        breaks=((page("ab", first_id="first_batch_id"),), (page("ab", last_id="batch_a"),)),
        keeps=((page("ab"),), (page("ab", first_id=None, last_id=None),), (page(""),)),
        under=lists(),
    ),
    "listing.limit": Case(
        breaks=((page("abc", query={"limit": 2}),),),
        keeps=((page("ab", query={"limit": 2}),), (page("a", True, {"limit": 2}),), (page("abc"),)),
        under=lists(),
    ),
    "listing.order": Case(
        breaks=((page(dated(1741685413, 1741685415, 1741685414)),),),
        keeps=(
            (page(dated(1741685415, 1741685414, 1741685414)),),
            (page(dated(1741685413, 1741685414, 1741685415)),),
            (page("a"),),
        ),
        under=lists(),
    ),
    "listing.query": Case(
        breaks=((page("ab", query={"limit": 0}),), (page("ab", query="limit=abc"),)),
        keeps=(
            (asked(sent({"code": 20015, "message": "limit", "data": ""}, 400), "limit=0"),),
            (page("ab", query={"limit": 5}),),
            (page("ab", query={"page": "x"}),),
        ),
        under=lists(),
    ),
    "listing.item_differs": Case(
        breaks=(
            (page([item("a", endpoint="/v1/embeddings")]), read("a")),
            (read("a", input_file_id="file-1"), page([item("a", input_file_id="file-2")])),
        ),
        keeps=(
            (page("ab"), read("a"), read("b")),
            (page("a"), read("a", status="in_progress", in_progress_at=1741685420)),
            (
                page([item("a", output_file_id=None)]),
                read("a", **DONE),
            ),
            (
                page([item("a", output_file_id="https://one/x?sign=1")]),
                read("a", output_file_id="https://one/x?sign=2"),
            ),
            (page([item("a", endpoint="/v1/embeddings")]), read("b")),
        ),
        under=lists(),
    ),
    "listing.known_missing": Case(
        breaks=((read("c"), page("ab")), (read("c"), *TWO[:1], page("d", False, after("b")))),
        keeps=(
            (page("ab"), read("a")),
            (page("ab"), read("c")),  # it may have been made after the list was read
            (page("ab", True), read("c")),
            (page("ab", None), read("c")),
            (page("ab"), replaced(sent("404 page not found", 404, batch_id="batch_c"), "c")),
        ),
        under=lists(),
    ),
}

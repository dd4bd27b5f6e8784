"""Rules about bodies: runs that break each of them, and near misses that keep it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from judge_cases import GOOD, HTML, Case, batch, completed, openai, raw, text, without
from judge_support import KNOWN, QUEUED, contract_of, openai_like, sent, unknown

CASES: Mapping[str, Case] = {
    "json.invalid": Case(
        breaks=((raw(b'{"id": NaN}'),), (raw(b""),), (raw(b'{"id": "b'),), (raw(b"\xff\xfe{}"),), (raw(HTML),)),
        keeps=((GOOD,), (sent(b"", 304),), (raw(b"", method="HEAD"),), (unknown(HTML, media_type="text/html"),)),
    ),
    "json.bom": Case(
        breaks=((unknown(b'\xef\xbb\xbf"404 page not found"'),),),
        keeps=((unknown("\ufeff"),), (unknown(HTML, media_type="text/html"),)),
    ),
    "json.trailing": Case(
        breaks=((unknown(b'"404 page not found"0'),),), keeps=((unknown(b'\r\n "404 page not found" \n'),),)
    ),
    "json.duplicate_key": Case(
        breaks=((sent(b'{"code":20012,"message":"m","message":"m","data":null}', 400),),),
        keeps=((sent(b'{"code":20012,"message":"code","data":null}', 400),),),
    ),
    "json.surrogate": Case(
        breaks=((batch({"metadata": {"description": "\ud83d"}}),), (batch({"metadata": {"\ud83d": 1}}),)),
        keeps=((batch({"metadata": {"description": "\U0001f600"}}),), (batch({"metadata": {"a": "\\ud83d"}}),)),
    ),
    "json.unquoted": Case(
        breaks=((text(b"404 page not found\n"),), (text(b"Not Found", media_type="application/json"),)),
        keeps=((unknown("404 page not found"),), (text(HTML, media_type="text/html"),), (text(b"404", status=400),)),
    ),
    "body.type": Case(
        breaks=(
            (batch({"created_at": "1741685413"}),),
            (batch({"created_at": 1741685413.5}),),
            (raw(json.dumps(QUEUED).encode().replace(b"1741685413", b"1741685413.0")),),
            (batch({"created_at": True}),),
            (batch({"id": 5}),),
            (batch({"errors": "boom"}),),
            (batch({"errors": [{"code": "x"}]}),),
            (batch({"errors": {"object": "list", "data": []}}),),
            (batch({"request_counts": 3}),),
            (batch({"metadata": "x"}),),
            (unknown({"error": {"message": "no", "type": "x", "param": None, "code": None}}),),
            (unknown({"detail": "Not Found"}),),
            (unknown(404),),
            (unknown(b"null"),),
            (unknown(b"404"),),
            (sent([QUEUED]),),
            (sent(None),),
            (sent(""),),
            (batch({"endpoint": None}),),
        ),
        keeps=(
            (batch({"errors": None, "request_counts": None, "metadata": None}),),
            (batch({"request_counts": {"total": 0, "completed": 0, "failed": 0}}),),
            (batch({"metadata": {"tags": [1, None]}}),),
        ),
    ),
    "body.required": Case(
        breaks=(
            (without("object"),),
            (without("created_at"),),
            (sent({"code": 20012, "data": None}, 400),),
        ),
        keeps=((without("errors"),), (without("expires_at"),), (without("metadata"),)),
    ),
    "body.enum": Case(
        under=openai_like(),
        breaks=((openai({"status": "DONE"}),), (openai({"object": "Batch"}),)),
        keeps=((openai({"status": "failed", "completed_at": None, "failed_at": 1711493163}),),),
    ),
    "body.known_value": Case(
        breaks=((batch({"status": "COMPLETED"}),), (batch({"object": "Batch"}),), (batch({"status": ""}),)),
        keeps=((batch({"status": "validating"}),), (completed(),)),
    ),
    "body.format": Case(
        under=openai_like(),
        breaks=(
            (
                openai(
                    {"usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, "finished_at": "yesterday"}}
                ),
            ),
        ),
        keeps=(
            (
                openai(
                    {
                        "usage": {
                            "input_tokens": 1,
                            "output_tokens": 1,
                            "total_tokens": 2,
                            "finished_at": "2016-12-31T23:59:60Z",
                        }
                    }
                ),
            ),
        ),
    ),
    "body.constraint": Case(
        under=openai_like(),
        breaks=((openai({"metadata": {"k": "x" * 513}}),), (openai({"metadata": {f"k{n}": "v" for n in range(17)}}),)),
        keeps=((openai({"metadata": {"k": "x" * 512}}),), (openai({"metadata": {f"k{n}": "v" for n in range(16)}}),)),
    ),
    "body.write_only": Case(
        under=contract_of(
            {
                "properties": {"id": {"type": "string"}, "key": {"type": "string", "writeOnly": True}},
                "required": ["key"],
            }
        ),
        breaks=((sent({"id": KNOWN, "key": "s3cret"}),), (sent({"id": KNOWN, "key": 5}),)),
        keeps=((sent({"id": KNOWN}),),),
    ),
    "body.impossible": Case(
        under=contract_of(
            {"properties": {"id": {"type": "string"}, "version": {"type": "string", "enum": [1.1, 1.2]}}}
        ),
        breaks=((sent({"id": KNOWN, "version": "1.10"}),), (sent({"id": KNOWN, "version": 1.1}),)),
        keeps=((sent({"id": KNOWN}),),),
    ),
    "body.undeclared": Case(
        breaks=(
            (batch({"file_name": "a.jsonl"}),),
            (batch({"request_counts": {"total": 1, "completed": 0, "failed": 0, "expired": 1}}),),
            (sent({"code": 20012, "message": "m", "data": None, "requestId": "r"}, 400),),
        ),
        keeps=((batch({"metadata": {"anything": {"at": "all"}}}),),),
    ),
    "body.enveloped": Case(
        breaks=(
            (sent({"code": 20000, "message": "Ok", "status": True, "data": QUEUED}),),
            (sent({"batch": QUEUED}),),
            (sent({"object": "list", "data": [QUEUED]}),),
        ),
        keeps=((batch({"metadata": {"id": "a", "object": "b", "status": "c"}}),),),
    ),
    "body.another_object": Case(
        breaks=(
            (sent({}),),
            (sent({"name": "jobs/1", "state": "JOB_STATE_RUNNING", "createTime": "2026-01-01T00:00:00Z"}),),
            (sent({"error": {"message": "no such batch"}}),),
            (sent({"detail": "Not Found"}, 400),),
        ),
        keeps=((sent({"code": 20012, "message": "m", "data": None}, 400),), (batch(dict.fromkeys("abc", 1)),)),
    ),
    "value.empty_string": Case(
        breaks=(
            (batch({"output_file_id": ""}),),
            *((batch({"error_file_id": text}),) for text in ("", " ", "null", "NULL", "None", "nil", "undefined")),
        ),
        keeps=(
            (batch({"metadata": {"description": ""}}),),
            (batch({"metadata": {"description": "None"}}),),
            (batch({"output_file_id": "none-of-it"}),),
            (batch({"status": "null"}),),
            (sent({"code": 1, "message": "", "data": ""}, 400),),
        ),
    ),
    "body.seen": Case(
        breaks=((without("failed_at"),),), keeps=((without("failed_at"), batch()), (without("endpoint"),)), alone=False
    ),
}

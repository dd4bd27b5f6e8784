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
            *((batch({"error_file_id": text}),) for text in ("0", "-1", "N/A", "00000000-0000-0000-0000-000000000000")),
            *((batch({"errors": items}),) for items in ([""], ["line 1: not JSON", " "])),
        ),
        keeps=(
            (batch({"metadata": {"description": ""}}),),
            (batch({"metadata": {"description": "None"}}),),
            (batch({"output_file_id": "none-of-it"}),),
            (batch({"status": "null"}),),
            (batch({"completion_window": "0"}),),
            (batch({"error_file_id": "00000000-0000-0000-0000-000000000001"}),),
            (batch({"error_file_id": "file-0"}),),
            (batch({"errors": ["0", "null"]}),),
            (batch({"metadata": {"a": [""]}}),),
            (sent({"code": 1, "message": "", "data": ""}, 400),),
        ),
    ),
    "value.malformed": Case(
        breaks=(
            *(
                (batch({"input_file_id": text}),)
                for text in (
                    " file-a",
                    "file-a\n",
                    "file\u0000a",
                    "file\ufeffa",
                    "file-a&amp;b",
                    "file&#39;a",
                    "${file.id}",
                    "{{ file_id }}",
                    "{file_id}",
                    "{0}",
                    "%s",
                    "%(file_id)s",
                    "<file_id>",
                    "file%2Fa",
                    "0xc000123abc",
                    "<File object at 0x7f3a2c1d9e80>",
                    "b'file-a'",
                    "'file-a'",
                    '"file-a"',
                    "Some(file-a)",
                    "Optional[file-a]",
                    "ObjectId('65f0')",
                    "[object Object]",
                    "{file-a true}",
                    "%!s(*string=0xc000123abc)",
                    "<class 'File'>",
                    "com.example.File@1b2c3d4e",
                )
            ),
            *((batch({"endpoint": text}),) for text in ("/v1/embeddings ", "${ENDPOINT}", "'/v1/embeddings'")),
            (completed({"output_file_id": "https://a/x?a=1&amp;b=2"}),),
            (completed({"output_file_id": "https://{{host}}/x"}),),
        ),
        keeps=(
            *(
                (completed({"output_file_id": text}),)
                for text in (
                    "https://a/x%20y?a=1&b=2&sig=%2B",
                    "https://a/x?amp=1&lt=2;",
                    "https://u@a/x(1)/b'c",
                    "files/50%25.jsonl",
                    "dataset_{lang}.jsonl",
                    "0x1f3a",
                    "0x8ba1f109551bd432803012645ac136ddd64dba72",
                    "file-äß测试",
                    "gs://bucket/{}".replace("{}", "a b.jsonl"),
                    "100%-done",
                    "model@1b2c3d4e",
                    "com.example@v1",
                    "<3",
                    "O'Brien's",
                    "",
                )
            ),
            (batch({"endpoint": "/v1/deployments/{deployment}/chat"}),),
            (batch({"metadata": {"id": " ${x} "}}),),
            (batch({"errors": [" 'a' at 0x7f3a2c1d9e80 "]}),),
        ),
    ),
    "value.form": Case(
        breaks=(
            (batch({"endpoint": "chat.completions"}),),
            (batch({"endpoint": "v1/chat/completions"}),),
            (batch({"completion_window": "background"}),),
            (batch({"completion_window": "86400"}),),
            (batch({"completion_window": "PT24H"}),),
        ),
        keeps=(
            (batch({"endpoint": "/v1/embeddings"}),),
            (batch({"endpoint": "/v4/a-b/c_d.e~f"}),),
            (batch({"completion_window": "7d"}),),
            (batch({"completion_window": "24 hours"}),),
            (batch({"input_file_id": "another form"}),),
            (batch({"endpoint": ""}),),
        ),
    ),
    "error.success_code": Case(
        breaks=tuple((sent({"code": code, "message": "m", "data": None}, 400),) for code in (0, 200, 20000)),
        keeps=(
            (sent({"code": 20012, "message": "ok", "data": None}, 400),),
            (sent({"code": False, "message": "m", "data": None}, 400),),
            (sent({"code": 0, "message": "m", "data": None}, 503),),
            (batch({"metadata": {"code": 0}}),),
        ),
        alone=False,
    ),
    "error.json_in_string": Case(
        breaks=(
            (unknown('{"message": "no such batch"}'),),
            (unknown(' ["no such batch"] '),),
            (sent({"code": 20012, "message": '{"detail": "m"}', "data": None}, 400),),
        ),
        keeps=(
            (unknown("no such batch: {x}"),),
            (unknown('{"message": "cut o'),),
            (unknown("{}"),),
            (unknown("404"),),
            (unknown('got {"id": "x"}'),),
            (batch({"metadata": {"json": '{"a": 1}'}}),),
        ),
    ),
    "body.seen": Case(
        breaks=((without("failed_at"),),), keeps=((without("failed_at"), batch()), (without("endpoint"),)), alone=False
    ),
}

"""Small real HTTP servers that imitate what is known of each vendor: addresses, credentials, batches, errors."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

KEY = "sk-vendor-test-0123456789"
CREATED = 1774437191

Json = dict[str, Any]
Errors = Callable[[int], Any]


def openai_error(status: int) -> Json:
    codes = {401: "invalid_api_key", 404: "batch_not_found"}
    return {"error": {"message": "Refused.", "type": "invalid_request_error", "param": None, "code": codes.get(status)}}


def siliconflow_error(status: int) -> Any:
    return {401: "Invalid token", 403: "Forbidden", 404: "404 page not found"}[status]


def moonshot_error(status: int) -> Json:
    return {"error": {"message": "Refused.", "type": "invalid_request_error"}}


def dashscope_error(status: int) -> Json:
    code = "BatchNotFound" if status == 404 else "InvalidApiKey"
    return {"error": {"message": "Refused.", "type": "invalid_request_error", "code": code}}


def fastapi_error(status: int) -> Json:
    return {"detail": "Batch not found" if status == 404 else "Unauthorized"}


def together_error(status: int) -> Json:
    return {"error": "Refused."}


def batch(batch_id: str, state: str, **more: Any) -> Json:
    """A batch as OpenAI's example writes it, unset values as null."""
    late = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")
    return {
        "id": batch_id,
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "errors": None,
        "input_file_id": "file-abc123",
        "completion_window": "24h",
        "status": state,
        "output_file_id": None,
        "error_file_id": None,
        "created_at": CREATED,
        "expires_at": CREATED + 86400,
        **{f"{name}_at": None for name in late},
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "metadata": None,
        **more,
    }


def completed(batch_id: str, **more: Any) -> Json:
    times = {"in_progress_at": CREATED + 3, "finalizing_at": CREATED + 131, "completed_at": CREATED + 133}
    counts = {"total": 100, "completed": 95, "failed": 5}
    return batch(
        batch_id,
        "completed",
        **{"output_file_id": "file-out1", "error_file_id": "file-err1", "request_counts": counts, **times, **more},
    )


def without(whole: Json, *names: str) -> Json:
    return {name: value for name, value in whole.items() if name not in names}


def set_only(whole: Json) -> Json:
    return {name: value for name, value in whole.items() if value is not None}


@dataclass(frozen=True)
class Vendor:
    """What a server imitates: ``batches`` are its answers by id, ``listed`` makes its list of them (None: none)."""

    batches: Mapping[str, Json]
    error: Errors = openai_error
    prefix: str = "/v1"
    path: str = "/batches"
    header: str = "Authorization"
    listed: Callable[[list[Json]], Any] | None = field(default=lambda found: {"object": "list", "data": found})
    wants_key: bool = True
    makes: Callable[[Json], Json] | None = None
    """How the answer to an upload is wrapped; None: nothing can be uploaded or made."""


def by_id(*batches: Json, name: str = "id") -> dict[str, Json]:
    return {found[name]: found for found in batches}


def _uuid(number: int) -> str:
    return f"1f2e3d4c-5b6a-4798-8b7c-{number:012x}"


_AZURE = [f"batch_{_uuid(number)}" for number in (1, 2)]
_GROQ = ["batch_01jh6xa7reempvjyh6n3yst2zw", "batch_01jh6xa7reempvjyh6n3yst2zx"]
_OSS = "https://bucket.oss-cn-hangzhou.aliyuncs.com/in.jsonl"

VENDORS: dict[str, Vendor] = {
    "siliconflow": Vendor(
        by_id(
            batch("batch_rdyqgrcgjg", "in_queue", errors=[], request_counts={}, metadata={"description": "nightly"}),
            completed("batch_tbcmlxqigp", errors=[], output_file_id="https://results.example.com/out.jsonl"),
        ),
        siliconflow_error,
    ),
    "openai": Vendor(
        by_id(
            completed("batch_abc123", error_file_id="", metadata={"customer_id": "user_123456789"}),
            batch("batch_abc124", "validating"),
            without(completed("batch_abc125", model="gpt-5-2025-08-07"), "expires_at"),
        )
    ),
    "azure": Vendor(
        by_id(
            completed(_AZURE[0], endpoint="/chat/completions", input_blob="in", output_folder={"url": "out"}),
            batch(_AZURE[1], "in_progress", in_progress_at=CREATED + 9, endpoint="/chat/completions"),
        ),
        lambda status: {"error": {"code": str(status), "message": "Refused.", "innererror": {"code": "x"}}},
        prefix="/openai/v1",
        header="api-key",
    ),
    "groq": Vendor(
        by_id(batch(_GROQ[0], "validating", input_file_id="file_01jh6x"), completed(_GROQ[1], completion_window="24h")),
        prefix="/openai/v1",
    ),
    "dashscope": Vendor(
        by_id(
            completed(f"batch_{_uuid(1)}", in_progress_at=CREATED, expires_at=None, input_file_id=_OSS),
            batch(f"batch_{_uuid(2)}", "validating", expires_at=None),
        ),
        dashscope_error,
        prefix="/compatible-mode/v1",
    ),
    "litellm": Vendor(
        by_id(completed("bGl0ZWxsbV9wcm94eTttb2RlbF9pZDphYmM7bGxtX2JhdGNoX2lkOmJhdGNoXzEyMw")),
        lambda status: {"error": {"message": "Refused.", "type": "None", "param": "None", "code": str(status)}},
    ),
    "moonshot": Vendor(
        by_id(
            without(completed("batch_moon1"), "errors", "expired_at"),
            without(batch("batch_moon2", "failed", failed_at=CREATED + 5), "errors", "expired_at"),
        ),
        moonshot_error,
    ),
    "zhipu": Vendor(
        by_id(
            without(
                completed("batch_zhipu1", request_counts=100, total=100, completed=95, failed=5, endpoint="/v4/chat"),
                "errors",
            ),
            completed("batch_zhipu2", endpoint="/v4/chat/completions"),
        ),
        prefix="/api/paas/v4",
    ),
    "deepinfra": Vendor(by_id(without(completed("batch_deep1"), "object")), prefix="/v1/openai"),
    "cerebras": Vendor(
        by_id(
            completed("batch_cer1", in_progress_at=None, finalizing_at=None, expires_at=None, metadata={"tags": ["a"]}),
            batch("batch_cer2", "queued", expires_at=None),
            batch("batch_cer3", "failed", failed_at=CREATED + 4, errors="Model 'x' is not supported for batch."),
        )
    ),
    "novita": Vendor(
        by_id(
            completed(
                "batch_nov1", status="COMPLETED", created_at="2026-03-25T10:33:11Z", expires_at=None, errors=None,
                in_progress_at="2026-03-25T10:33:14Z", finalizing_at=None, completed_at="2026-03-25T10:35:14Z",
                completion_window="48h", version=1, updated_at=None, created_by="u", created_by_key_id="k",
                remark="nightly", total=100, completed=95, failed=5,
            ),
            batch(
                "batch_nov2", "PROGRESS", created_at="2026-03-25T10:33:11Z", expires_at=None, output_file_id="",
                error_file_id="", completion_window="48h",
            ),
        ),
        prefix="/openai/v1",
    ),
    "digitalocean": Vendor(
        by_id(
            {
                "batch_id": _uuid(7), "status": "completed", "provider": "openai", "completion_window": "24h",
                "input_file_id": _uuid(8), "created_at": "2026-03-25T10:33:11Z", "request_counts": {"total": 3},
                "errors": [{"code": "a", "message": "b", "line": 1}], "completed_at": "2026-03-25T10:40:11Z",
            },
            name="batch_id",
        )
    ),
    "nebius": Vendor(
        by_id(
            without(completed("batch_neb1", input_file_id=None, override_settings={}, request_counts={}), "failed_at"),
        )
    ),
    "llama-stack": Vendor(
        by_id(completed("batch_llama1", in_progress_at=None, finalizing_at=None, expires_at=None)), fastapi_error
    ),
    "aibrix": Vendor(
        by_id(
            set_only(batch("batch_aib1", "scheduling", request_counts=None, aibrix={"planner": "x"})),
            set_only(completed("batch_aib2")),
        ),
        fastapi_error,
    ),
    "together": Vendor(
        by_id(
            {
                "id": _uuid(20), "user_id": "u", "input_file_id": "file-1", "file_size_bytes": 10,
                "status": "COMPLETED", "job_deadline": "2026-03-25T10:33:11Z", "created_at": "2026-03-25T10:33:11Z",
                "endpoint": "/v1/chat/completions", "progress": 100.0, "model_id": "m", "output_file_id": "file-2",
                "error_file_id": "", "error": "", "completed_at": "2026-03-25T10:43:11Z",
            }
        ),
        together_error,
        listed=lambda found: found,
    ),
    "mistral": Vendor(
        by_id(
            {
                "id": _uuid(21), "object": "batch", "input_files": [_uuid(22)], "endpoint": "/v1/chat/completions",
                "model": "m", "output_file": None, "error_file": None, "metadata": None, "status": "SUCCESS",
                "errors": [{"message": "x", "count": 1}], "created_at": CREATED, "started_at": CREATED + 1,
                "completed_at": CREATED + 2, "total_requests": 3, "completed_requests": 3, "succeeded_requests": 2,
                "failed_requests": 1,
            }
        ),
        fastapi_error,
        path="/batch/jobs",
    ),
    "xai": Vendor(
        by_id(
            {
                "batch_id": "batch_xai1", "name": "nightly", "create_time": "2026-03-25", "expire_time": "2026-03-26",
                "create_api_key_id": "k", "cancel_time": None, "cancel_by_xai_message": None, "input_file_id": "file-1",
                "state": {"num_requests": 3, "num_pending": 0, "num_success": 3, "num_error": 0, "num_cancelled": 0},
            },
            name="batch_id",
        ),
        listed=lambda found: {"batches": found},
    ),
    "fireworks": Vendor(
        {
            "job1": {
                "name": "accounts/a/batchInferenceJobs/job1", "displayName": "nightly", "state": "JOB_STATE_COMPLETED",
                "createTime": "2026-03-25T10:33:11Z", "updateTime": "2026-03-25T10:35:11Z", "status": {"code": "OK"},
                "model": "m", "inputDatasetId": "in", "outputDatasetId": "out",
                "jobProgress": {"percent": 100, "totalInputRequests": 3},
            }
        },
        lambda status: {"error": {"code": status, "message": "Refused."}},
        prefix="/v1/accounts/a",
        path="/batchInferenceJobs",
    ),
}  # fmt: skip
VENDORS["siliconflow-com"] = VENDORS["siliconflow"]


@dataclass
class Served:
    """A running server: where it is, and what it was asked (method, request target, headers)."""

    port: int
    vendor: Vendor
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    posted: list[bytes] = field(default_factory=list)
    made: list[Json] = field(default_factory=list)
    """The states still to come of the batch that was made; every read takes it one on."""

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.vendor.prefix}"


@contextlib.contextmanager
def serving(vendor: Vendor) -> Iterator[Served]:
    """A server for a vendor on a free port of this machine."""
    served = Served(0, vendor)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.asked.append((self.command, self.path, {name.lower(): text for name, text in self.headers.items()}))
            status, value = self._answer(vendor)
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if status == 401:
                self.send_header("WWW-Authenticate", "Bearer")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_POST = do_GET  # noqa: N815

        def _make(self, vendor: Vendor) -> tuple[int, Any]:
            served.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            path = self.path.removeprefix(vendor.prefix)
            if path == "/files" and vendor.makes is not None:
                return 200, vendor.makes({"id": "file-new1", "object": "file", "purpose": "batch"})
            if path != vendor.path or not served.made:
                return 404, vendor.error(404)
            return 200, served.made[0]

        def _answer(self, vendor: Vendor) -> tuple[int, Any]:
            if vendor.wants_key and not self._authorised(vendor):
                return 401, vendor.error(401)
            if self.command == "POST":
                return self._make(vendor)
            parts = urlsplit(self.path)
            root = vendor.prefix + vendor.path
            if parts.path == root and vendor.listed is not None:
                most = int(parse_qs(parts.query).get("limit", ["100"])[0])
                return 200, vendor.listed(list(vendor.batches.values())[:most])
            inside = parts.path.removeprefix(root + "/")
            if served.made and inside == served.made[0]["id"]:
                return 200, served.made.pop(0) if len(served.made) > 1 else served.made[0]
            if inside == parts.path or "/" in inside or unquote(inside) not in vendor.batches:
                return 404, vendor.error(404)
            return 200, vendor.batches[unquote(inside)]

        def _authorised(self, vendor: Vendor) -> bool:
            given = self.headers.get(vendor.header, "")
            if vendor.header != "Authorization":
                return given == KEY
            scheme, _, token = given.partition(" ")
            return scheme.lower() == "bearer" and token == KEY

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join(10)

"""A server that keeps the published contract but for one behaviour: ``python small_server.py BEHAVIOUR [PORT]``.

It prints the port that it listens on; the key is ``sk-good`` and the one batch that it has is ``batch_a1b2c3``.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BEHAVIOURS = (
    *("conforms", "strict-query", "rejects-all", "broken-behind-the-door", "random-keys", "random-times"),
    *("object-for-404", "odd-body-for-a-query", "dies", "dies-at-unknown"),
)
KEY = "sk-good"
BATCH_ID = "batch_a1b2c3"

_UNSET = ("errors", "error_file_id", "failed_at", "expired_at", "cancelling_at", "cancelled_at")
_BATCH: dict[str, Any] = {
    **dict.fromkeys(_UNSET),
    "id": BATCH_ID,
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "input_file_id": "file-x",
    "completion_window": "24h",
    "status": "completed",
    "output_file_id": "file-y",
    "created_at": 1741685413,
    "in_progress_at": 1741685420,
    "expires_at": 1741771813,
    "finalizing_at": 1741685430,
    "completed_at": 1741685440,
    "request_counts": {"total": 1, "completed": 1, "failed": 0},
    "metadata": {"description": "x"},
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behaviour = "conforms"

    def do_GET(self) -> None:
        status, value, headers = self._answer()
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in (("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the name is http.server's

    def log_message(self, *_: Any) -> None:
        return

    def _answer(self) -> tuple[int, Any, Iterable[tuple[str, str]]]:  # noqa: PLR0911 - a table of answers
        path, _, query = self.path.partition("?")
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if self.behaviour == "rejects-all":
            return 400, {"code": 20012, "message": "header x-tenant is required", "data": ""}, ()
        if self.behaviour == "strict-query" and query:
            return 400, {"code": 20012, "message": "unknown query parameter", "data": ""}, ()
        if self.behaviour == "dies" and ("%zz" in path or path.endswith("/%")):
            os._exit(1)
        if (
            self.behaviour == "dies-at-unknown"
            and token
            and path.rpartition("/")[2].startswith("batch_")
            and path != f"/v1/batches/{BATCH_ID}"
        ):
            os._exit(1)
        if scheme.lower() != "bearer" or token.strip() != KEY:
            return 401, "Invalid token", [("WWW-Authenticate", 'Bearer realm="x"')]
        if self.behaviour == "broken-behind-the-door":
            return 500, {"error": {"message": "An unexpected error occurred."}}, ()
        if self.behaviour == "odd-body-for-a-query" and query:
            return 400, {"err": [{"instancePath": "/query", "keyword": "additionalProperties"}]}, ()
        if self.behaviour == "fails-odd-ids" and "%" in path:
            return 500, {"error": {"message": "An unexpected error occurred."}}, ()
        if path != f"/v1/batches/{BATCH_ID}":
            of_object = self.behaviour == "object-for-404"
            return 404, {"error": {"message": "Batch not found"}} if of_object else "404 page not found", ()
        return 200, self._batch(), ()

    def _batch(self) -> dict[str, Any]:
        batch: dict[str, Any] = json.loads(json.dumps(_BATCH))
        if self.behaviour == "random-keys":
            batch["request_counts"][f"model_{random.randrange(10**9)}"] = 1
        if self.behaviour == "random-times":
            for name in (name for name in batch if name.endswith("_at")):
                batch[name] = random.choice([-1, 1]) * random.randrange(1, 10**8)
        return batch


def main(behaviour: str, port: int = 0) -> None:
    _Handler.behaviour = behaviour
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))

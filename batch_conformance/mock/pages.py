"""Bodies as the vendor's pages, and people who met them, show them: each with its source.

They are kept as they are written there, also where they contradict the document (``data`` is null in every error that
anybody has seen). What the mock makes of them is decided in ``batches`` and ``service``. Where a page shows the object
of the retrieve page with some members changed, it is written here as just that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_REFERENCE = "https://docs.siliconflow.cn/cn/api-reference/batch"
_COPY = "https://api-docs.siliconflow.cn/docs/api"
_ERROR_CODES = "https://docs.siliconflow.cn/cn/faqs/error-code.md"


@dataclass(frozen=True)
class VendorPage:
    """A body that is shown somewhere. ``source`` is a URL; ``status`` the HTTP status that it is shown for."""

    title: str
    status: int
    body: Any
    source: str


_QUEUED: Mapping[str, Any] = {
    "id": "batch_rdyqgrcgjg",
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "errors": [],
    "input_file_id": "file-jkvytbjtow",
    "completion_window": "24h",
    "status": "in_queue",
    "output_file_id": None,
    "error_file_id": None,
    "created_at": 1741685413,
    "in_progress_at": None,
    "expires_at": 1741771813,
    "finalizing_at": None,
    "completed_at": None,
    "failed_at": None,
    "expired_at": None,
    "cancelling_at": None,
    "cancelled_at": None,
    "request_counts": {},
    "metadata": {"description": "nightly eval job"},
}

RETRIEVED = VendorPage("retrieve a batch", 200, _QUEUED, f"{_REFERENCE}/get-batch")
CREATED = VendorPage(
    "create a batch", 200, {**_QUEUED, "errors": None, "request_counts": None}, f"{_REFERENCE}/create-batch"
)
CANCELLED = VendorPage(
    "cancel a batch", 200, {**_QUEUED, "errors": None, "request_counts": None}, f"{_REFERENCE}/cancel-batch"
)
_LISTED_BATCH: Mapping[str, Any] = {
    **_QUEUED,
    "errors": None,
    "request_counts": None,
    "metadata": {"batch_description": "", "name": "batch"},
    "file_name": "requests_name.json",
}
LISTED = VendorPage("one batch of the list", 200, _LISTED_BATCH, f"{_COPY}/batches-get")
GUIDE = VendorPage(
    "the guide's retrieve example",
    200,
    {
        "id": "batch_abc123",
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "errors": None,
        "input_file_id": "file-abc123",
        "completion_window": "24h",
        "status": "validating",
        "output_file_id": None,
        "error_file_id": None,
        "created_at": 1714508499,
        "in_progress_at": None,
        "expires_at": 1714536634,
        "completed_at": None,
        "failed_at": None,
        "expired_at": None,
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "metadata": None,
    },
    "https://docs.siliconflow.cn/cn/userguide/guides/batch",
)
UPLOADED = VendorPage(
    "upload an input file: enveloped",
    200,
    {
        "code": 20000,
        "message": "Ok",
        "status": True,
        "data": {
            "id": "file-jkvytbjtow",
            "object": "file",
            "bytes": 8509,
            "createdAt": 1741685396,
            "filename": "requests.jsonl",
            "purpose": "batch",
        },
    },
    f"{_COPY}/files-post",
)

BAD_REQUEST = VendorPage(
    "a wrong parameter",
    400,
    {"code": 20012, "message": "Model does not exist. Please check it carefully.", "data": None},
    _ERROR_CODES,
)
FIELD_REQUIRED = VendorPage(
    "a parameter is lacking",
    400,
    {"code": 20015, "message": "Field required", "data": None},
    "https://github.com/coze-dev/coze-studio/issues/326",
)
INVALID_TOKEN = VendorPage("a wrong key", 401, "Invalid token", f"{_REFERENCE}/get-batch")
INVALID_KEY_FORM = VendorPage(
    "a key of another form", 401, "Api key is invalid", "https://github.com/chatboxai/chatbox/issues/2573"
)
FORBIDDEN = VendorPage("no permission", 403, "Forbidden", f"{_REFERENCE}/get-batch")
NOT_FOUND = VendorPage("no such path or batch", 404, "404 page not found", f"{_REFERENCE}/get-batch")
RATE_LIMITED = VendorPage(
    "too many requests",
    429,
    {"message": "Request was rejected due to rate limiting. Details: TPM limit reached.", "data": None},
    "https://github.com/infiniflow/ragflow/issues/6542",
)
SERVER_ERROR = VendorPage(
    "an error of the service",
    500,
    {"code": 20402, "message": "Model not found.", "data": None, "error": "Model not found."},
    "https://github.com/infiniflow/ragflow/issues/1968",
)
OVERLOADED = VendorPage(
    "overloaded, as documented",
    503,
    # The page's example gives no value for `data`, only that it is a string.
    {"code": 50505, "message": "Model service overloaded. Please try again later.", "data": ""},
    f"{_REFERENCE}/get-batch",
)
TOO_BUSY = VendorPage(
    "overloaded, as met",
    503,
    {"code": 50508, "message": "System is too busy now. Please try again later.", "data": None},
    "https://github.com/coze-dev/coze-studio/issues/801",
)

PAGES: tuple[VendorPage, ...] = (
    RETRIEVED,
    CREATED,
    CANCELLED,
    LISTED,
    GUIDE,
    UPLOADED,
    BAD_REQUEST,
    FIELD_REQUIRED,
    INVALID_TOKEN,
    INVALID_KEY_FORM,
    FORBIDDEN,
    NOT_FOUND,
    RATE_LIMITED,
    SERVER_ERROR,
    OVERLOADED,
    TOO_BUSY,
)
"""Every transcribed body."""

GATEWAY_TIMEOUT = "Gateway Timeout"
"""The 504 body: the document says that it is a string and shows none, so this is RFC 9110's reason phrase."""
METHOD_NOT_ALLOWED = "405 method not allowed"
"""The 405 body: no page shows one, so it is made like the documented 404."""

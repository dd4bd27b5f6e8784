"""What openapi-core says of exchanges: one JSON object a line in, one a line out. Runs in an environment of its own.

Argument: the document. In: ``{"base", "path", "headers", "status", "response_headers", "body"}``, the body in base64.
Out: ``{"failures": [...]}``.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict


class Request:
    """A GET as openapi-core's protocol has it."""

    method = "get"
    body = None
    content_type = ""

    def __init__(self, said: dict[str, Any]) -> None:
        self.host_url = said["base"]
        self.path = said["path"]
        self.path_pattern = None
        self.parameters = RequestParameters(query=ImmutableMultiDict(), header=Headers(said["headers"]))


class Response:
    """A response as openapi-core's protocol has it."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.status_code = said["status"]
        self.headers = Headers(said["response_headers"])
        self.content_type = self.headers.get("Content-Type", "")
        self.data = base64.b64decode(said["body"])


def failures(api: OpenAPI, said: dict[str, Any]) -> list[str]:
    """What is wrong with a response, one text for each thing."""
    try:
        api.validate_response(Request(said), Response(said))
    except OpenAPIError as error:
        inner = getattr(error.__cause__, "schema_errors", None)
        words = [str(one.message) for one in inner] if inner else [str(error.__cause__ or error)]
        return [f"{type(error).__name__}: {text}" for text in words]
    return []


def main() -> None:
    """Judge until there is nothing more."""
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123 - no package of ours here
        api = OpenAPI.from_dict(json.load(file))
    for line in sys.stdin:
        try:
            told = failures(api, json.loads(line))
        except Exception as error:  # what it cannot read is told by raising, too; so are words that it cannot print
            told = [type(error).__name__]
        print(json.dumps({"failures": told}), flush=True)


if __name__ == "__main__":
    main()

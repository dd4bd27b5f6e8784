"""OpenAI's Python client, cut off from any network: what it would ask, and what it makes of an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from inspect import getsource
from typing import Any, get_args

from batch_conformance.exchange.exchange import Headers, Response
from batch_conformance.input_error import InputError
from batch_conformance.message import Template

_OPENAI_CLIENT_ASKS_FOR_NO = Template(
    "client_sdk.openai_client_asks_for_no", "OpenAI's client asks for no batch with the id {batch_id}"
)
_CLIENT_OPENAI_NEEDS_OPENAI_PYTHON = Template(
    "client_sdk.client_openai_needs_openai_python",
    "--client openai needs OpenAI's Python client: pip install 'batch-conformance[client]' (or pip install openai)",
)

_BASE_URL = "http://target.invalid/v1"
_KEY = "sk-never-sent"
_SENT = re.compile(r"accept|user-agent|x-stainless-.*", re.IGNORECASE)
"""What of the client's own headers goes to a target: those that say who asks. Never one out of this environment."""


class ClientError(InputError):
    """The client cannot be used; one line says what to do."""


@dataclass(frozen=True, slots=True)
class ClientResult:
    """What came of ``client.batches.retrieve``: a value that was returned, or an exception that was raised."""

    returned: Any = None
    raised: Exception | None = None


class Sdk:
    """The client as it is installed. Raises ``ClientError`` where it is not. Not for several threads at once.

    Its own transport is taken away from it: it never opens a connection, and knows no key.
    """

    def __init__(self) -> None:
        try:
            self._module = import_module("openai")
        except ImportError:
            raise ClientError(_CLIENT_OPENAI_NEEDS_OPENAI_PYTHON()) from None
        self.version = str(self._module.__version__)
        # httpx in older releases of the client, httpx2 in newer ones; what is used here is the same in both.
        self._http: Any = import_module(self._module.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])
        self._asked: Any = None
        self._answer: Any = None
        self.client = self._client(strict=False)
        self._strict = self._client(strict=True)

    @property
    def batch_type(self) -> type[Any]:
        """The class that a batch is to be of."""
        found: type[Any] = self._module.types.Batch
        return found

    @property
    def own_error(self) -> type[Exception]:
        """The class that all errors of the client are of."""
        found: type[Exception] = self._module.OpenAIError
        return found

    @cached_property
    def states(self) -> frozenset[str]:
        """The states that the client types."""
        return frozenset(get_args(self.batch_type.model_fields["status"].annotation))

    @cached_property
    def lines(self) -> Mapping[str, int]:
        """Where in its file the client types each attribute of a batch, counted from 1."""
        numbered = enumerate(getsource(import_module(self.batch_type.__module__)).splitlines(), start=1)
        found = ((re.match(r"    (\w+): ", text), number) for number, text in numbered)
        # The class of the batch stands last in its file, after those of its parts.
        return {match[1]: number for match, number in found if match}

    def error_name(self, status: int) -> str:
        """The class of the error that the client raises for a status."""
        raised = self.read(Response(status)).raised
        return type(raised).__name__ if raised is not None else ""

    def asks(self, batch_id: str) -> tuple[str, Headers]:
        """What the client sends for a batch: the path after the base URL as it goes on the wire, and its headers.

        Raises ValueError for an id that the client refuses.
        """
        self._answer = self._http.Response(404)
        self._retrieve(self.client, batch_id)
        if self._asked is None:
            raise ClientError(_OPENAI_CLIENT_ASKS_FOR_NO(batch_id=f"{batch_id[:60]!r}"))
        path = self._asked.url.raw_path.decode("ascii").removeprefix("/v1")
        return path, tuple((name, value) for name, value in self._asked.headers.items() if _SENT.fullmatch(name))

    def read(self, answer: Response, *, strict: bool = False) -> ClientResult:
        """What the client makes of an answer, whose content coding has been undone."""
        named = answer.header("content-type")
        headers = [] if named is None else [(b"content-type", named.encode("latin-1", "replace"))]
        self._answer = self._http.Response(answer.status, headers=headers, content=answer.body)
        return self._retrieve(self._strict if strict else self.client, "batch_a")

    def _retrieve(self, client: Any, batch_id: str) -> ClientResult:
        self._asked = None
        try:
            return ClientResult(returned=client.batches.retrieve(batch_id))
        except Exception as error:  # whatever it is, it is what a user of the client would see
            return ClientResult(raised=error)

    def _client(self, *, strict: bool) -> Any:
        http_client = self._http.Client(transport=self._http.MockTransport(self._replies), trust_env=False)
        return self._module.OpenAI(
            api_key=_KEY,
            base_url=_BASE_URL,
            max_retries=0,
            http_client=http_client,
            _strict_response_validation=strict,
        )

    def _replies(self, request: Any) -> Any:
        """Every batch is answered as given, and every file is there, empty."""
        if request.url.path.startswith("/v1/batches"):
            self._asked = request
            return self._answer
        return self._http.Response(200, content=b"")

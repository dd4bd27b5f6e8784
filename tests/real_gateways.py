"""LiteLLM's proxy, Llama Stack, AIBrix and three more mocks, each as its makers publish it, on loopback."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from real_servers import KEY, ROOT, WANTED, RealServer, node, running, virtual_environment

_NEEDED = "import typing as _typing\nimport more_itertools as _more_itertools\nT = _typing.TypeVar('T')\n"


@contextmanager
def litellm(upstream: RealServer) -> Iterator[RealServer]:
    """LiteLLM's proxy before a server of OpenAI's form, with a master key and no database."""
    environment = {
        "LITELLM_MASTER_KEY": KEY,
        # Its table of prices would be fetched from the internet.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "OPENAI_API_KEY": "sk-upstream",
        "OPENAI_BASE_URL": upstream.base_url,
        # A folder without certificates: for each request it makes a client that reads all that there are, half of the
        # CPU seconds of an audit, and asks a server without TLS.
        "SSL_CERT_FILE": "",
        "SSL_CERT_DIR": str(WANTED),
    }
    program = str(virtual_environment("litellm") / "bin" / "litellm")
    arguments = ("--config", str(WANTED / "litellm.yaml"), "--host", "127.0.0.1", "--port", "{port}")
    with running([program, *arguments, "--telemetry", "False"], environment, "/v1") as server:
        yield server


@contextmanager
def llama_stack(upstream: RealServer) -> Iterator[RealServer]:
    """Llama Stack with its own batches and files, on a model that ``upstream`` plays; it asks nobody for a key."""
    folder = virtual_environment("llama-stack", prepare=without_type_parameters)
    program = str(folder / "bin" / "llama")
    with tempfile.TemporaryDirectory() as state:
        arguments = ("stack", "run", str(WANTED / "llama-stack.yaml"), "--port", "{port}")
        # Its log is plain: the frames and colours of tracebacks in it took 34 of the 38 CPU seconds of an audit.
        environment = {"UPSTREAM": upstream.base_url, "STATE": state, "LLAMA_STACK_LOG_FORMAT": "json"}
        with running([program, *arguments], environment, "/v1") as server:
            yield server


@contextmanager
def aibrix() -> Iterator[RealServer]:
    """AIBrix's metadata service with its own files and batches; an echo answers the requests of a batch."""
    program = str(virtual_environment("aibrix") / "bin" / "aibrix_metadata")
    with tempfile.TemporaryDirectory() as state:
        arguments = ("--dry-run", "--host", "127.0.0.1", "--port", "{port}")
        with running([program, *arguments], {"STORAGE_LOCAL_PATH": state}, "/v1") as server:
            yield server


@contextmanager
def fakeai() -> Iterator[RealServer]:
    """FakeAI, a mock of OpenAI on PyPI, with one key."""
    program = str(virtual_environment("fakeai") / "bin" / "fakeai-server")
    # Its option --api-key names a key, and asks nobody for it.
    environment = {"FAKEAI_REQUIRE_API_KEY": "true", "FAKEAI_API_KEYS": json.dumps([KEY])}
    with running([program, "--host", "127.0.0.1", "--port", "{port}"], environment, "/v1") as server:
        yield server


@contextmanager
def mockoon() -> Iterator[RealServer]:
    """Mockoon's mock of the published document."""
    document = str(ROOT / "spec" / "siliconflow-get-batch.yaml")
    arguments = ("start", "--data", document, "--port", "{port}", "--hostname", "127.0.0.1", "--disable-log-to-file")
    with node("@mockoon/cli/bin/run.js", *arguments, path="/v1") as server:
        yield server


@contextmanager
def json_server() -> Iterator[RealServer]:
    """json-server on a file of one batch."""
    arguments = ("--quiet", "--host", "127.0.0.1", "--port", "{port}", str(WANTED / "json-server.json"))
    with node("json-server/lib/cli/bin.js", *arguments) as server:
        yield server


def without_type_parameters(packages: Path) -> None:
    """Write what Llama Stack writes in the syntax of Python 3.12 (PEP 695) as Python 3.11 reads it; nothing else.

    Those are the type parameters of seven functions and a class, four aliases of types, and itertools.batched.
    """
    if sys.version_info >= (3, 12):
        return
    for source in (path for name in ("llama_stack", "llama_stack_api") for path in (packages / name).rglob("*.py")):
        text = source.read_text("utf-8")
        older = re.sub(r"(?m)^class (\w+)\[T\]:", r"class \1(_typing.Generic[T]):", text)
        older = re.sub(r"(?m)^((?:async )?def \w+)\[T(?:: \w+)?\]\(", r"\1(", older)
        older = re.sub(r"(?m)^type (\w+) = ", r"\1 = ", older)
        older = older.replace("itertools.batched(", "_more_itertools.batched(")
        if older != text:
            source.write_text(_NEEDED + older, "utf-8")

"""Web servers and frameworks of other makers before batches that conform, and proxies before them, on loopback."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from real_servers import KEY, ROOT, WANTED, RealServer, found, free_port, node_modules, running

from batch_conformance.mock.message import ParsedRequest as Request
from batch_conformance.mock.service import Service

WEB = WANTED / "web"
_PYTHON: Mapping[str, tuple[str, ...]] = {
    "uvicorn": ("uvicorn", "--host=127.0.0.1", "--port={port}", "--log-level=warning", "batch_app:asgi"),
    "hypercorn": ("hypercorn", "--bind=127.0.0.1:{port}", "--log-level=warning", "batch_app:asgi"),
    "gunicorn": ("gunicorn", "--bind=127.0.0.1:{port}", "--threads=4", "--log-level=warning", "batch_app:wsgi"),
    "waitress": ("waitress", "--listen=127.0.0.1:{port}", "batch_app:wsgi"),
}
_WERKZEUG = (
    "import batch_app, sys; from werkzeug.serving import run_simple; run_simple('127.0.0.1', {port}, batch_app.wsgi)"
)


@contextmanager
def python_server(name: str) -> Iterator[RealServer]:
    """A server of pip's, on the interface that it is for: uvicorn, hypercorn, gunicorn, waitress, werkzeug."""
    program = ["-m", *_PYTHON[name]] if name in _PYTHON else ["-c", _WERKZEUG]
    path = os.pathsep.join((str(WEB), str(ROOT)))
    with running([sys.executable, *program], {"BATCH_API_KEY": KEY, "PYTHONPATH": path}, "/v1") as server:
        yield server


@contextmanager
def node_server(name: str) -> Iterator[RealServer]:
    """A framework of npm's: express, fastify."""
    program = found("node")
    modules = node_modules(WEB / "package.json")
    with tempfile.TemporaryDirectory() as folder:
        batches = Path(folder) / "batches.json"
        batches.write_text(json.dumps(_batches()), encoding="utf-8")
        # Node looks for modules beside the file that asks for them.
        script = modules.parent / "batch_app.js"
        shutil.copyfile(WEB / "batch_app.js", script)
        with running([program, str(script), name, "{port}", str(batches)], {}, "/v1") as server:
            yield server


def batch_ids(*, at_rest: bool) -> list[str]:
    """The ids of the batches that are served: with ``at_rest`` without those that move on, which only Python does."""
    return [batch.id for batch in Service(KEY, prefix="/v1").batches if not (at_rest and batch.progresses)]


def _batches() -> dict[str, object]:
    service = Service(KEY, prefix="/v1")

    def body(method: str, path: str, key: str = KEY) -> object:
        headers = ((b"authorization", f"Bearer {key}".encode()),)
        return json.loads(service.reply_to(Request(method, path.encode(), headers)).body)

    served = batch_ids(at_rest=True)
    return {
        "key": KEY,
        "batches": {batch_id: body("GET", f"/v1/batches/{batch_id}") for batch_id in served},
        "errors": {
            "400": body("GET", "/v1/batches/%zz"),
            "401": body("GET", "/v1/batches/x", "sk-another"),
            "404": body("GET", "/v1/batches/x"),
            "405": body("DELETE", f"/v1/batches/{served[0]}"),
        },
    }


def _nginx(folder: Path, port: int, upstream: int) -> list[str]:
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/fcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{upstream}; }} }} }}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _haproxy(folder: Path, port: int, upstream: int) -> list[str]:
    (folder / "haproxy.cfg").write_text(
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n"
        f"frontend f\n  bind 127.0.0.1:{port}\n  default_backend b\n"
        f"backend b\n  server s 127.0.0.1:{upstream}\n"
    )
    return ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")]


def _caddy(folder: Path, port: int, upstream: int) -> list[str]:
    (folder / "Caddyfile").write_text(
        f"{{\n  admin off\n  auto_https off\n}}\nhttp://127.0.0.1:{port} {{\n  reverse_proxy 127.0.0.1:{upstream}\n}}\n"
    )
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def _squid(folder: Path, port: int, upstream: int) -> list[str]:
    (folder / "squid.conf").write_text(
        f"http_port 127.0.0.1:{port} accel defaultsite=127.0.0.1 no-vhost\n"
        f"cache_peer 127.0.0.1 parent {upstream} 0 no-query originserver login=PASSTHRU\n"
        "http_access allow all\ncache deny all\n"
        f"pid_filename {folder}/pid\naccess_log none\ncache_log {folder}/cache.log\ncoredump_dir {folder}\n"
        "shutdown_lifetime 0 seconds\nforwarded_for on\n"
    )
    return ["squid", "-N", "-f", str(folder / "squid.conf")]


def _varnish(folder: Path, port: int, upstream: int) -> list[str]:
    return ["varnishd", "-F", "-n", str(folder / "v"), "-a", f"127.0.0.1:{port}", "-b", f"127.0.0.1:{upstream}"]


_PROXIES: Mapping[str, Callable[[Path, int, int], list[str]]] = {
    "nginx": _nginx,
    "haproxy": _haproxy,
    "caddy": _caddy,
    "squid": _squid,
    "varnishd": _varnish,
}
PROXIES = tuple(_PROXIES)
PYTHON_SERVERS = (*_PYTHON, "werkzeug")
NODE_SERVERS = ("express", "fastify")


@contextmanager
def behind_proxy(name: str, upstream: int) -> Iterator[RealServer]:
    """A proxy of the system's before what listens on a port of loopback; skips where the machine has it not."""
    folders = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))
    program = shutil.which(name, path=folders)
    if program is None:
        pytest.skip(f"{name} is not installed")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        _, *arguments = _PROXIES[name](Path(folder), port, upstream)
        with running([program, *arguments], {}, "/v1", port=port) as server:
            yield server


def stack(name: str) -> AbstractContextManager[RealServer]:
    """A server or framework by its name."""
    return node_server(name) if name in NODE_SERVERS else python_server(name)

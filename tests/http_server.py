"""A server of Python's ``http.server`` on a free port of this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def listening(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """The origin of a server (``http://127.0.0.1:PORT``) that handles its requests so; it ends with the context."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        # It looks every half second whether it is to end, where nobody says otherwise.
        quick: dict[str, Any] = {"poll_interval": 0.01}
        thread = threading.Thread(target=server.serve_forever, kwargs=quick, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()

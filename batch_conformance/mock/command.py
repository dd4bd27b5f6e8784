"""The command that serves the mock to people."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import signal
import sys

import click

from batch_conformance.mock.drift import Drift
from batch_conformance.mock.drifts import DRIFTS, DriftError, select
from batch_conformance.mock.fleet import Style
from batch_conformance.mock.server import Server
from batch_conformance.mock.service import Service

DEFAULT_KEY = "sk-mock"
USAGE = 4
"""The exit code for what was asked wrongly, a port that is taken included."""


class MockUsageError(click.ClickException):
    """The mock cannot be served as asked. Its text is one line that says why."""

    exit_code = USAGE


@click.command("mock")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--latency", type=click.FloatRange(0, 3600), default=0.0, metavar="SECONDS", help="Hold replies back.")
@click.option("--drift", "drifts", multiple=True, metavar="NAME", help="Drift in this way; may be given repeatedly.")
@click.option("--list-drifts", is_flag=True, help="List the drifts and end.")
@click.option("--style", type=click.Choice(["omit", "null"]), default="omit", show_default=True, help="Unset values.")
@click.option("--prefix", default="/v1", show_default=True, help="Path of the base URL.")
@click.option("--key-env", default="BATCH_API_KEY", show_default=True, metavar="NAME", help="Variable with the key.")
def mock(
    *,
    port: int,
    host: str,
    latency: float,
    drifts: tuple[str, ...],
    list_drifts: bool,
    style: Style,
    prefix: str,
    key_env: str,
) -> None:
    """Serve a conforming GET /batches/{batch_id} with a fleet of batches, or one that drifts.

    The key is the value of the variable that --key-env names, or sk-mock where that is not set.
    """
    if list_drifts:
        for line in _catalogue():
            click.echo(line)
        return
    try:
        chosen = select(drifts)
    except DriftError as error:
        raise MockUsageError(str(error)) from None
    if prefix and not prefix.startswith("/"):
        raise MockUsageError(f"--prefix {prefix!r} is no path: write it with a leading slash, like /v1")
    own = os.environ.get(key_env, "")
    if not own.isascii() or own.strip() != own:
        raise MockUsageError(f"the key in {key_env} cannot be sent in a header: it has spaces around it or is no ASCII")
    service = Service(own or DEFAULT_KEY, prefix=prefix.rstrip("/"), style=style, drifts=chosen)
    try:
        asyncio.run(_serve(Server(service, latency=latency), host, port, chosen, key_env, own_key=bool(own)))
    except OSError as error:
        reason = error.strerror or str(error)
        raise MockUsageError(f"cannot listen on {host} port {port}: {reason}; choose another with --port") from None


async def _serve(
    server: Server, host: str, port: int, drifts: tuple[Drift, ...], key_env: str, *, own_key: bool
) -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    bound = await server.start(host, port)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    base_url = f"http://{_in_url(host)}:{bound}{server.service.prefix}"
    for line in _how_to_audit(server.service, base_url, drifts, key_env, own_key=own_key):
        click.echo(line)
    sys.stdout.flush()
    await stopped.wait()
    await server.stop()


def _in_url(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return f"[{address}]" if address.version == 6 else str(address)


def _how_to_audit(
    service: Service, base_url: str, drifts: tuple[Drift, ...], key_env: str, *, own_key: bool
) -> list[str]:
    state = "conforms" if not drifts else "drifts: " + ", ".join(drift.name for drift in drifts)
    width = max(len(batch.id) for batch in service.fleet)
    known = "".join(f" --batch-id {batch.id}" for batch in service.fleet)
    key = f"  (the key is the one in {key_env})" if own_key else f"  export {key_env}={service.key}"
    variable = "" if key_env == "BATCH_API_KEY" else f" --api-key-env {key_env}"
    return [
        f"Mock at {base_url} ({state})",
        "",
        "Batches:",
        *(f"  {batch.id:{width}}  {batch.note}" for batch in service.fleet),
        "",
        "Audit it from another terminal:",
        key,
        f"  pytest --base-url {base_url}{variable}{known}",
        "",
        "Ctrl-C ends it.",
    ]


def _catalogue() -> list[str]:
    width = max(map(len, DRIFTS))
    return [f"{drift.name:{width}}  {drift.title} ({drift.rule or drift.verdict})" for drift in DRIFTS.values()]


def main() -> None:
    """Run the command by itself: ``python -m batch_conformance.mock``. Usage errors exit with 4."""
    try:
        mock.main(standalone_mode=False, prog_name="python -m batch_conformance.mock")
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except click.Abort:
        sys.exit(130)

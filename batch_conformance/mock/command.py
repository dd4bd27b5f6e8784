"""The command that serves the mock to people."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from batch_conformance.command_options import command_options
from batch_conformance.contract.choice import Operations, choice_of
from batch_conformance.contract.operation_role import ROLES
from batch_conformance.contract.path_template import repeated
from batch_conformance.contract.sources import CONTRACT_NAMES, load_contract
from batch_conformance.input_error import InputError
from batch_conformance.mock.drift import Drift
from batch_conformance.mock.drifts import DriftError, select
from batch_conformance.mock.embedded import drifts_of, is_own, prefix_for
from batch_conformance.mock.sample_batches import Style
from batch_conformance.mock.server import Server
from batch_conformance.mock.service import Service
from batch_conformance.mock.spec_of_contract import mock_spec_of
from batch_conformance.mock.together import hidden

DEFAULT_KEY = "sk-mock"
USAGE = 4
"""The exit code for what was asked wrongly, a port that is taken included."""


class MockUsageError(click.ClickException):
    """The mock cannot be served as asked. Its text is one line that says why."""

    exit_code = USAGE


@click.command("mock")
@command_options("mock")
def mock(
    *,
    port: int,
    host: str,
    contract: str,
    operation: str,
    operations: Operations,
    latency: float,
    drifts: tuple[str, ...],
    list_drifts: bool,
    style: Style,
    prefix: str | None,
    key_env: str,
) -> None:
    """Serve a conforming GET /batches/{batch_id} with sample batches, or one that drifts.

    With --contract it serves what that document has instead, and drifts only in what does not depend on the document.

    The key is the value of the variable that --key-env names, or sk-mock where that is not set.
    """
    if "://" in contract:
        raise MockUsageError(f"--contract takes a name or a file here: save {contract} and give the file")
    try:
        served = load_contract(contract, choice=choice_of(operation, operations=operations, roles=ROLES))
        possible = drifts_of(served)
        if list_drifts:
            for line in _catalogue(possible):
                click.echo(line)
            return
        chosen = _chosen(drifts, possible, contract)
        mock_spec = None if is_own(served) else mock_spec_of(served)
        notes = [
            f"Note: {drift.name} is not to be seen: {' and '.join(other.name for other in by)} hides it."
            for drift, by in hidden(chosen, mock_spec)
        ]
    except InputError as error:
        raise MockUsageError(str(error)) from None
    if mock_spec and style != "omit":
        raise MockUsageError(f"--style {style} is of the batches of siliconflow: another contract has its own")
    prefix = prefix_for(served) if prefix is None else prefix
    if repeated(prefix, served.chosen.path):
        raise MockUsageError(f"--prefix {prefix!r} is what the contract's path {served.chosen.path} begins with")
    if prefix and not prefix.startswith("/"):
        raise MockUsageError(f"--prefix {prefix!r} is no path: write it with a leading slash, like /v1")
    own = os.environ.get(key_env, "")
    if not own.isascii() or own.strip() != own:
        raise MockUsageError(f"the key in {key_env} cannot be sent in a header: it has spaces around it or is no ASCII")
    service = Service(own or DEFAULT_KEY, prefix=prefix.rstrip("/"), style=style, drifts=chosen, mock_spec=mock_spec)
    audited = _Audited(key_env, bool(own), contract, operation, operations, tuple(notes))
    try:
        asyncio.run(_serve(Server(service, latency=latency), host, port, chosen, audited))
    except OSError as error:
        reason = error.strerror or str(error)
        raise MockUsageError(f"cannot listen on {host} port {port}: {reason}; choose another with --port") from None


@dataclass(frozen=True, slots=True)
class _Audited:
    """What the line that audits the mock has to say besides its address."""

    key_env: str
    own_key: bool
    contract: str
    operation: str
    operations: Operations
    notes: tuple[str, ...] = ()

    @property
    def options(self) -> list[str]:
        """The options, without those that say what holds anyway."""
        found = [] if self.key_env == "BATCH_API_KEY" else ["--api-key-env", self.key_env]
        found += [] if self.contract == CONTRACT_NAMES[0] else [f"--contract={self.contract}"]
        found += [f"--operation={self.operation}"] if self.operation else []
        return found if self.operations == "retrieve" else [*found, f"--operations={self.operations}"]


def _chosen(names: Sequence[str], possible: Mapping[str, Drift], contract: str) -> tuple[Drift, ...]:
    chosen = select(names)
    for drift in chosen:
        if drift.name not in possible:
            listing = f"mock --contract={contract} --list-drifts"
            raise DriftError(f"the drift {drift.name} is one of siliconflow's document: `{listing}` lists the others")
    return chosen


async def _serve(server: Server, host: str, port: int, drifts: tuple[Drift, ...], audited: _Audited) -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    bound = await server.start(host, port)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    base_url = f"http://{_in_url(host)}:{bound}{server.service.prefix}"
    for line in _how_to_audit(server.service, base_url, drifts, audited):
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


def _how_to_audit(service: Service, base_url: str, drifts: tuple[Drift, ...], audited: _Audited) -> list[str]:
    state = "conforms" if not drifts else "drifts: " + ", ".join(drift.name for drift in drifts)
    width = max(len(batch.id) for batch in service.batches)
    ids = (part for batch in service.batches for part in ("--batch-id", batch.id))
    variable = audited.key_env
    key = f"  (the key is the one in {variable})" if audited.own_key else f"  export {variable}={service.key}"
    return [
        f"Mock at {base_url} ({state})",
        *audited.notes,
        "",
        "Batches:" if audited.contract == CONTRACT_NAMES[0] else "Ids:",
        *(f"  {batch.id:{width}}  {batch.note}".rstrip() for batch in service.batches),
        "",
        "Audit it from another terminal:",
        key,
        "  " + shlex.join((_program(), "run", "--base-url", base_url, *audited.options, *ids)),
        "",
        "Ctrl-C ends it.",
    ]


def _program() -> str:
    """What starts this package's command in a shell: its name, or where it is if PATH leads elsewhere or nowhere."""
    name, started = "batch-conformance", Path(sys.argv[0])
    found = shutil.which(name)
    if started.name != name or (found and started.exists() and Path(found).samefile(started)):
        return name
    return sys.argv[0]


def _catalogue(drifts: Mapping[str, Drift]) -> list[str]:
    width = max(map(len, drifts))
    return [f"{drift.name:{width}}  {drift.title} ({drift.rule or drift.verdict})" for drift in drifts.values()]


def main() -> None:
    """Run the command by itself: ``python -m batch_conformance.mock``. Usage errors exit with 4."""
    try:
        mock.main(standalone_mode=False, prog_name="python -m batch_conformance.mock")
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except click.Abort:
        sys.exit(130)

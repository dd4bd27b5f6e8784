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
from functools import partial
from pathlib import Path

import click
from click.core import ParameterSource

from batch_conformance.command_language import asked_language, rendered_in, text_in
from batch_conformance.command_options import command_options
from batch_conformance.contract.choice import Operations, choice_of
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation_role import ROLES
from batch_conformance.contract.path_template import repeated
from batch_conformance.contract.sources import CONTRACT_NAMES, load_contract
from batch_conformance.input_error import InputError, why_no_file
from batch_conformance.message import Listing, Message, Template
from batch_conformance.mock.drift import Drift
from batch_conformance.mock.drifts import DriftError, select
from batch_conformance.mock.embedded import drifts_of, is_own, prefix_for
from batch_conformance.mock.mock_spec import MockSpec
from batch_conformance.mock.sample_batches import Style
from batch_conformance.mock.server import Server
from batch_conformance.mock.service import Service
from batch_conformance.mock.spec_of_contract import mock_spec_of
from batch_conformance.mock.together import hidden
from batch_conformance.usage_errors import show

DEFAULT_KEY = "sk-mock"
USAGE = 4
"""The exit code for what was asked wrongly, a port that is taken included."""


_SAVE_IT = Template("mock_command.save_it", "--contract takes a name or a file here: save {contract} and give the file")
_STYLE_OF_ITS_OWN = Template(
    "mock_command.style_of_its_own",
    "--style {style} is of the batches of siliconflow: another contract has its own",
)
_PREFIX_TWICE = Template(
    "mock_command.prefix_twice", "--prefix {prefix} is what the contract's path {path} begins with"
)
_PREFIX_IS_NO_PATH = Template(
    "mock_command.prefix_is_no_path", "--prefix {prefix} is no path: write it with a leading slash, like /v1"
)
_KEY_CANNOT_BE_SENT = Template(
    "mock_command.key_cannot_be_sent",
    "the key in {variable} cannot be sent in a header: it has spaces around it or is no ASCII",
)
_CANNOT_LISTEN = Template(
    "mock_command.cannot_listen", "cannot listen on {host} port {port}: {reason}; choose another with --port"
)
_DRIFT_OF_ANOTHER = Template(
    "mock_command.drift_of_another",
    "the drift {drift} is one of siliconflow's document: `{listing}` lists the others",
)
_HIDDEN = Template("mock_command.hidden", "Note: {drift} is not to be seen: {others} hides it.")
_MOCK_AT = Template("mock_command.mock_at", "Mock at {base_url} ({state})")
_CONFORMS = Template("mock_command.conforms", "conforms")
_DRIFTS = Template("mock_command.drifts", "drifts: {drifts}")
_BATCHES = Template("mock_command.batches", "Batches:")
_IDS = Template("mock_command.ids", "Ids:")
_AUDIT_IT = Template("mock_command.audit_it", "Audit it from another terminal:")
_KEY_IS_IN = Template("mock_command.key_is_in", "(the key is the one in {variable})")
_ENDS_IT = Template("mock_command.ends_it", "Ctrl-C ends it.")


class MockUsageError(click.ClickException):
    """The mock cannot be served as asked. ``why`` is one line that says why; click shows its English."""

    exit_code = USAGE

    def __init__(self, why: Message) -> None:
        super().__init__(str(why))
        self.why = why


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
    language: str,
) -> None:
    """Serve a conforming GET /batches/{batch_id} with sample batches, or one that drifts.

    With --contract it serves what that document has instead, and drifts only in what does not depend on the document.
    Where it has the whole batch API, files can be uploaded, and batches made of them are run in about a second.

    The key is the value of the variable that --key-env names, or sk-mock where that is not set.
    """
    if "://" in contract:
        raise MockUsageError(_SAVE_IT(contract=contract))
    try:
        served, possible, mock_spec = _served(contract, operation, operations)
        if list_drifts:
            for line in _catalogue(possible):
                click.echo(line)
            return
        chosen = _chosen(drifts, possible, contract)
        notes = [
            _HIDDEN(drift=drift.name, others=Listing(tuple(other.name for other in by), "and"))
            for drift, by in hidden(chosen, mock_spec)
        ]
    except InputError as error:
        raise MockUsageError(error.message) from None
    if mock_spec and style != "omit":
        raise MockUsageError(_STYLE_OF_ITS_OWN(style=style))
    prefix = prefix_for(served) if prefix is None else prefix
    if repeated(prefix, served.chosen.path):
        raise MockUsageError(_PREFIX_TWICE(prefix=f"{prefix!r}", path=served.chosen.path))
    if prefix and not prefix.startswith("/"):
        raise MockUsageError(_PREFIX_IS_NO_PATH(prefix=f"{prefix!r}"))
    own = os.environ.get(key_env, "")
    if not own.isascii() or own.strip() != own:
        raise MockUsageError(_KEY_CANNOT_BE_SENT(variable=key_env))
    service = Service(
        own or DEFAULT_KEY,
        prefix=prefix.rstrip("/"),
        style=style,
        drifts=chosen,
        mock_spec=mock_spec,
        key_header=served.chosen.key_header,
    )
    audited = _Audited(key_env, bool(own), contract, operation, _parts(served), language, tuple(notes))
    try:
        asyncio.run(_serve(Server(service, latency=latency), host, port, chosen, audited))
    except OSError as error:
        reason = why_no_file(error)
        raise MockUsageError(_CANNOT_LISTEN(host=host, port=port, reason=reason)) from None


@dataclass(frozen=True, slots=True)
class _Audited:
    """What the line that audits the mock has to say besides its address."""

    key_env: str
    own_key: bool
    contract: str
    operation: str
    parts: tuple[str, ...]
    language: str
    notes: tuple[Message, ...] = ()

    @property
    def options(self) -> list[str]:
        """The options, without those that say what holds anyway."""
        found = [] if self.key_env == "BATCH_API_KEY" else ["--api-key-env", self.key_env]
        found += [] if self.contract == CONTRACT_NAMES[0] else [f"--contract={self.contract}"]
        found += [f"--operation={self.operation}"] if self.operation else []
        return [*found, *self.parts]


Served = tuple[Contract, Mapping[str, Drift], MockSpec | None]
"""A contract, the drifts that its mock can show, and how it is served; None for the vendor's own."""


def _served(contract: str, operation: str, operations: Operations) -> Served:
    """What is served. Raises ``InputError``.

    Where nobody asked for all of the batch API, and the document does not say what that is, it is the retrieve alone.
    """
    try:
        return _served_as(contract, operation, operations)
    except InputError:
        if click.get_current_context().get_parameter_source("operations") is not ParameterSource.DEFAULT:
            raise
        return _served_as(contract, operation, "retrieve")


def _served_as(contract: str, operation: str, operations: Operations) -> Served:
    served = load_contract(contract, choice=choice_of(operation, operations=operations, roles=ROLES))
    return served, drifts_of(served), None if is_own(served) else mock_spec_of(served)


def _parts(contract: Contract) -> tuple[str, ...]:
    """The options of a run that judges all that a mock of a contract serves."""
    if contract.writes:
        return "--operations=all", "--create=any"
    return ("--operations=read",) if len(contract.operations) > 1 else ()


def _chosen(names: Sequence[str], possible: Mapping[str, Drift], contract: str) -> tuple[Drift, ...]:
    chosen = select(names)
    for drift in chosen:
        if drift.name not in possible:
            listing = f"mock --contract={contract} --list-drifts"
            raise DriftError(_DRIFT_OF_ANOTHER(drift=drift.name, listing=listing))
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
    render = partial(rendered_in, language=audited.language)
    state = _DRIFTS(drifts=Listing(tuple(drift.name for drift in drifts))) if drifts else _CONFORMS()
    width = max(len(batch.id) for batch in service.batches)
    ids = (part for batch in service.batches for part in ("--batch-id", batch.id))
    variable = audited.key_env
    key = render(_KEY_IS_IN(variable=variable)) if audited.own_key else f"export {variable}={service.key}"
    return [
        render(_MOCK_AT(base_url=base_url, state=state)),
        *map(render, audited.notes),
        "",
        render(_BATCHES() if audited.contract == CONTRACT_NAMES[0] else _IDS()),
        *(f"  {one.id:{width}}  {text_in(one.note, audited.language)}".rstrip() for one in service.batches),
        "",
        render(_AUDIT_IT()),
        f"  {key}",
        "  " + shlex.join((_program(), "run", "--base-url", base_url, *audited.options, *ids)),
        "",
        render(_ENDS_IT()),
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
        show(error, asked_language(sys.argv[1:]))
        sys.exit(USAGE)
    except click.Abort:
        sys.exit(130)

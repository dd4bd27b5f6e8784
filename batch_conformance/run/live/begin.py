"""The beginning of an audit: all that is started, read and sent before its plan, and the audit that comes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from secrets import token_hex
from typing import TYPE_CHECKING

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.sources import CONTRACT_NAMES
from batch_conformance.exchange.base_url import BaseUrl, parse_base_url
from batch_conformance.exchange.exchange import Exchange, Probe
from batch_conformance.exchange.limits import Budget, BudgetExhausted, Pacer
from batch_conformance.exchange.profile import Profile
from batch_conformance.exchange.secret import Secret
from batch_conformance.exchange.target import Target
from batch_conformance.findings.ledger import Ledger
from batch_conformance.input_error import InputError
from batch_conformance.judge.followed import judge_followed
from batch_conformance.message import Listing, Message, Template
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.probes.lazy import build_plan, load
from batch_conformance.probes.plan import JSON, Plan, most_requests
from batch_conformance.probes.remembered import Remembered
from batch_conformance.probes.segment import encode_segment
from batch_conformance.run.comparison import load_comparison
from batch_conformance.run.contracts import understood
from batch_conformance.run.live.address import check_address, raise_if_nothing
from batch_conformance.run.live.audit import Audit, Reached
from batch_conformance.run.live.create import CreationError, cost, create
from batch_conformance.run.live.discover import MOST, discover, list_probe, worth_reading
from batch_conformance.run.live.journal import Journal, new_journal_file, read_journal
from batch_conformance.run.live.making import MOST_REQUESTS, MakingResult, make_batches
from batch_conformance.run.live.making_estimate import raise_unless_possible
from batch_conformance.run.live.runner import Runner
from batch_conformance.run.live.walk import walk_lists
from batch_conformance.run.settings import Settings
from batch_conformance.run.vendors import NO_VENDOR, contract_for, presents, with_credential

if TYPE_CHECKING:
    from batch_conformance.client.reader import ClientReader

_ASKS_FOR_KEY_PUT_IT = Template(
    "begin.asks_for_key_put_it",
    "{base} asks for a key ({status}): put it into the environment variable {variable}",
)
_WITHOUT_MOCK_THERE_IS_NO = Template(
    "begin.without_mock_there_is_no", "{why}; without a mock there is no target: give its URL with --base-url"
)

DUMMY_KEY = Secret("no-key-was-given")
"""Sent where a local target was given no key and asks for none: whether it takes any token is then judged."""


class AuditError(InputError):
    """The audit cannot begin; one line says why and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """What an audit begins with: its contract, and the mock where no target is named. ``close`` it if none begins.

    ``started`` is in Unix seconds, ``clock`` the reading of the monotonic clock then.
    """

    settings: Settings
    contract: Contract
    mock: EmbeddedMock | None
    started: float
    clock: float

    def close(self) -> None:
        """End the mock."""
        if self.mock is not None:
            self.mock.stop()


_MOST_FILES = 6
"""Files that are read by themselves, of those that are listed."""

_NOT_OF_MOCK = Template("note.not_of_mock", "The embedded mock has no batch {ids}: it is asked for its own.")
_FITTED = Template(
    "note.fitted_mock",
    "No base URL was given: the target is a mock made from {document}, and the verdict is of no server.",
)
_ONLY_PLANNED = Template("note.only_planned", "--plan sends nothing: neither --discover nor --create was done.")
_KEY_IN_HEADER = Template(
    "note.key_in_header",
    "The key goes into the header {header}, as the document has it ({where}); a profile can say otherwise.",
)
_ODD_ID = Template("note.odd_id", "The id {id} does not look like one of {vendor} ({pattern}).")


def open_audit(settings: Settings, *, contract: Contract | None = None, launch: bool = True) -> Opening:
    """Read the contract, and launch the embedded mock where no target is named and ``launch`` says so.

    ``contract`` is that of the settings where it is at hand already. Raises ``AuditError`` or another ``InputError``
    with one line; what was started has ended then.
    """
    started, clock = time.time(), time.monotonic()
    with ExitStack() as undone:
        embedded = launch and settings.base_url is None
        # The vendor's own mock starts while its document is read; any other is made from the contract.
        own = embedded and settings.contract == CONTRACT_NAMES[0] and not settings.overlays
        mock = EmbeddedMock().launch() if own else None
        if mock is not None:
            undone.callback(mock.stop)
        contract = contract or contract_for(
            settings.profile,
            settings.contract,
            settings.reading,
            settings.overlays,
            settings.operation,
            operations=settings.operations,
        )
        if settings.operations == "all":
            raise_unless_possible(contract, settings.profile)
        if embedded and mock is None:
            mock = _mock_of(contract, fitted=_is_fitted(settings, contract)).launch()
        undone.pop_all()
    return Opening(settings, contract, mock, started, clock)


def begin(
    settings: Settings,
    *,
    seed: int | None,
    command: str,
    opening: Opening | None = None,
    contract: Contract | None = None,
    plan: Plan | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    warn: Callable[[Message], None] = lambda _: None,
    remembered: Remembered | None = None,
) -> Audit:
    """Begin an audit: reach the target, find the ids and make the plan.

    ``opening``, ``contract`` and ``plan`` are those of the settings where they are at hand already; ``sleep`` waits
    between retries, ``clock`` gives the seconds that the run's limits go by; ``warn`` is told that the base URL is
    doubtful, before anything is sent, and of a batch that has to be cancelled and could not be; ``remembered`` has
    requests that former runs made from documents. Nothing of the plan is sent yet. Raises ``AuditError`` or another
    ``InputError`` with one line when it cannot begin; what was started has ended then.
    """
    opening = opening or open_audit(settings, contract=contract)
    contract = opening.contract
    with ExitStack() as undone:
        undone.callback(opening.close)
        comparison = load_comparison(settings.files, contract)
        reader = _client() if settings.client else None
        reached = _reach(
            settings, contract, opening.mock, seed=seed, time_of=(sleep, clock), warn=warn, remembered=remembered
        )
        undone.callback(reached.target.close)
        if settings.sends and (settings.create or settings.resume or settings.discover):
            _confirm_first(reached, settings, contract)
        is_made = settings.operations == "all" and settings.sends
        making = _make(reached, settings, contract, sleep=sleep, warn=warn) if is_made else None
        if making is not None:
            ids = (*reached.batch_ids, *making.batch_ids)
            reached = replace(reached, batch_ids=ids, said=(*reached.said, *making.said))
        reached, before = _with_ids(reached, settings, contract)
        profile = _profile(settings, contract, opening.mock)
        plan = plan or _planner(remembered, reached)(
            contract,
            reached.batch_ids,
            exploration=settings.exploration,
            seed=seed,
            loopback=reached.target.is_loopback,
            unsafe=settings.unsafe,
            max_requests=max(1, _most_requests(settings) - reached.used),
            style=profile.auth or "bearer",
            like=profile.id_examples,
            prefers=profile.prefer is not False,
            client=reader.sdk.asks if reader else None,
            **({"further_ids": reached.further_ids} if reached.further_ids else {}),
        )
        runner = Runner(plan, reached.target, contract, further_targets=reached.further)
        runner.take_in((*(making.reads if making is not None else ()), *before))
        runner.beside = making.writes if making is not None else ()
        runner.recorded = comparison.shape
        runner.further = _further(reader, making)
        undone.pop_all()
    times = {"started": opening.started, "clock": opening.clock}
    return Audit(settings, reached, runner, comparison, seed=seed, command=command, **times)


def _make(
    reached: Reached,
    settings: Settings,
    contract: Contract,
    *,
    sleep: Callable[[float], None],
    warn: Callable[[Message], None],
) -> MakingResult:
    """Make batches and follow them, anew or where a former run stopped. Raises ``InputError``."""
    target, of = str(reached.target.base), contract.document.sha256
    if settings.resume is not None:
        journal = read_journal(settings.resume, target=target, contract=of, name=contract.document.name)
    else:
        settings.reports_dir.mkdir(parents=True, exist_ok=True)
        journal = Journal(target, of, settings.create, token_hex(4), new_journal_file(settings.reports_dir))
    for target_of_reads in reached.further:
        target_of_reads.keep_result_urls()
    return make_batches(
        reached.target, contract, settings.profile, journal, seconds=settings.create_wait, sleep=sleep, warn=warn
    )


def _further(reader: ClientReader | None, making: MakingResult | None) -> Callable[[Ledger, Contract], Ledger] | None:
    """What else is made of a ledger: what was seen of batches that were made, and what a client makes of the reads."""
    if making is None:
        return reader

    def read(ledger: Ledger, contract: Contract) -> Ledger:
        read_by_client = reader(ledger, contract) if reader is not None else ledger
        return judge_followed(read_by_client, contract, making.writes, making.followed, making.missing)

    return read


@dataclass(frozen=True, slots=True)
class _Access:
    """How targets of these settings are made: the same but for the key."""

    settings: Settings
    profile: Profile
    base: BaseUrl
    sleep: Callable[[float], None]
    budget: Budget
    pacer: Pacer
    turn: threading.Lock = field(default_factory=threading.Lock)

    def target(self, key: str) -> Target:
        settings, profile = self.settings, self.profile
        return Target(
            self.base,
            key or None,
            presents(profile),
            query=profile.query,
            headers=profile.headers,
            masked_headers=(profile.auth_header,),
            timeout=settings.request_timeout,
            retries=settings.retries,
            ca_bundle=settings.ca_bundle,
            insecure=settings.insecure,
            budget=self.budget,
            pacer=self.pacer,
            turn=self.turn,
            sleep=self.sleep,
        )


def _profile(settings: Settings, contract: Contract, mock: EmbeddedMock | None) -> Profile:
    """How the target is talked to: the embedded mock takes a bearer token, whatever its document says."""
    return with_credential(settings.profile, contract) if mock is None else settings.profile or NO_VENDOR


def _client() -> ClientReader:
    """What OpenAI's client makes of the answers."""
    from batch_conformance.client.reader import ClientReader  # noqa: PLC0415 - asked for by few runs

    return ClientReader()


def _is_fitted(settings: Settings, contract: Contract) -> bool:
    """Whether the embedded mock is made from the contract: SiliconFlow's own is for its document as it is."""
    from batch_conformance.mock.embedded import is_own  # noqa: PLC0415 - all that a mock can be made of

    return bool(settings.overlays) or not is_own(contract)


def _mock_of(contract: Contract, *, fitted: bool) -> EmbeddedMock:
    """The embedded mock of a contract, which has not started; raises ``AuditError`` where none can be made."""
    from batch_conformance.mock.embedded import embedded_mock  # noqa: PLC0415
    from batch_conformance.mock.spec_of_contract import MockSpecError  # noqa: PLC0415

    try:
        return embedded_mock(contract, fitted=fitted)
    except MockSpecError as error:
        raise AuditError(_WITHOUT_MOCK_THERE_IS_NO(why=error.message)) from None


def _reach(
    settings: Settings,
    contract: Contract,
    mock: EmbeddedMock | None,
    *,
    seed: int | None,
    time_of: tuple[Callable[[float], None], Callable[[], float]],
    warn: Callable[[Message], None],
    remembered: Remembered | None,
) -> Reached:
    """The target with its key and the ids that are known beforehand."""
    base, ids, key = settings.base_url, settings.batch_ids, settings.key
    said: list[Message] = [*understood(contract)]
    if mock is not None:
        if remembered is None or not remembered.knows(contract.document.data):
            load()  # while the mock starts
        mock.start()
        base, key = parse_base_url(mock.base_url), Secret(mock.key)
        strange = [batch_id for batch_id in ids if batch_id not in mock.batch_ids]
        ids = tuple(batch_id for batch_id in ids if batch_id in mock.batch_ids) or mock.batch_ids
        if strange:
            said.append(_NOT_OF_MOCK(ids=Listing(tuple(strange))))
    assert base is not None
    doubt = check_address(base, contract)
    if doubt:
        said.append(doubt)
        warn(doubt)
    sleep, clock = time_of
    budget = Budget(_most_requests(settings), settings.max_duration, clock=clock)
    pacer = Pacer(settings.rate_limit, clock=clock, sleep=sleep)
    profile = _profile(settings, contract, mock)
    if profile.auth == "header" and (settings.profile is None or settings.profile.auth is None):
        said.append(_KEY_IN_HEADER(header=profile.auth_header, where=str(contract.chosen.scheme_at)))
    access = _Access(settings, profile, base, sleep, budget, pacer)
    target = access.target(key)
    if not key:
        try:
            if settings.sends:
                make_plan = remembered.plan if remembered is not None else build_plan
                _needs_no_key(target, contract, settings.key_env, seed, make_plan)
        finally:
            target.close()
        key = DUMMY_KEY
        target = access.target(key)
    fitted = mock is not None and _is_fitted(settings, contract)
    if fitted:
        said.append(_FITTED(document=contract.document.name))
    further = tuple(access.target(key) for _ in range(settings.connections)) if settings.connections > 1 else ()
    return Reached(target, ids, target.budget.used, tuple(said), doubt, mock=mock, fitted=fitted, further=further)


def _needs_no_key(
    target: Target, contract: Contract, variable: str, seed: int | None, make_plan: Callable[..., Plan]
) -> None:
    """Raises ``AuditError`` where a local target asks for the key that was not given: one anonymous request decides."""
    plan = make_plan(contract, (), exploration="quick", seed=seed, loopback=True, unsafe=False, has_key=False)
    probe = plan.probes[0]
    anonymous = replace(probe, credential="missing", chapter="known_ids", name="anonymous")
    final = target.send(anonymous, 0)[-1]
    if final.status in (401, 403) and contract.chosen.secured:
        raise AuditError(_ASKS_FOR_KEY_PUT_IT(base=str(target.base), status=str(final.status), variable=str(variable)))


def _confirm_first(reached: Reached, settings: Settings, contract: Contract) -> None:
    """Raise ``AddressError`` where a doubtful base URL has nothing, before a list is read there or a batch is made.

    A batch that was named decides it, else the list of batches: a 405 of that shows that its path exists.
    """
    if not reached.doubt:
        return
    operation, profile = contract.chosen, settings.profile
    no_list = profile is not None and profile.listing is not None and not profile.listing.path
    if reached.batch_ids:
        known = reached.batch_ids[0]
        path = operation.path.replace("{" + operation.parameter + "}", encode_segment(known))
        probe = Probe("known_ids", "read", path, known, "known", headers=JSON)
    elif no_list:
        return
    else:
        probe = list_probe(contract, profile)
    final = reached.target.send(probe, 0)[-1]
    if final.status == 404 or reached.batch_ids:
        raise_if_nothing(final, reached.doubt, knows_an_id=bool(reached.batch_ids))


def _with_ids(reached: Reached, settings: Settings, contract: Contract) -> tuple[Reached, tuple[Exchange, ...]]:
    """The ids given, made and listed, in this order, and what was sent to find them: reads of the one that was made,
    and the pages of the lists."""
    target, ids, profile = reached.target, reached.batch_ids, settings.profile or NO_VENDOR
    said = list(reached.said)
    polls: tuple[Exchange, ...] = ()
    further: dict[str, tuple[str, ...]] = {}
    if not settings.sends and (settings.discover or settings.create):
        said.append(_ONLY_PLANNED())
    try:
        if settings.sends and settings.create and settings.operations != "all":
            made = create(target, contract, settings.profile, model=settings.create, seconds=settings.create_wait)
            said += [cost(settings.create), made.note]
            ids, polls = (*ids, made.batch_id), made.polls
        if settings.sends and settings.operations != "retrieve":
            walked = walk_lists(target, contract, settings.exploration)
            polls = (*polls, *walked.exchanges)
            said += walked.said
            ids = (*ids, *worth_reading(walked.listed.get("list", ()))[: max(0, MOST - len(ids))])
            further = {
                one.id: tuple(name for name, _ in walked.listed.get("files", ())[:_MOST_FILES])
                for one in contract.operations
                if one.role == "file"
            }
        if settings.sends and settings.discover and not any(one.role == "list" for one in contract.operations):
            found = discover(target, contract, settings.profile)
            ids = (*ids, *found.batch_ids)
            said.append(found.note)
    except (CreationError, BudgetExhausted) as error:
        said.append(error.reason)
    said += [_ODD_ID(id=odd, vendor=profile.title, pattern=profile.id_pattern) for odd in profile.odd_ids(ids)]
    ids = tuple(dict.fromkeys(ids))
    return replace(reached, batch_ids=ids, used=target.budget.used, said=tuple(said), further_ids=further), polls


def _planner(remembered: Remembered | None, reached: Reached) -> Callable[..., Plan]:
    """What makes the plan: what former runs kept, unless an id has the key in it, which is written nowhere."""
    if remembered is not None and all(reached.target.redactor.redact_text(one) == one for one in reached.batch_ids):
        return remembered.plan
    return build_plan


def _most_requests(settings: Settings) -> int:
    made = MOST_REQUESTS if settings.operations == "all" else 0
    return (
        settings.max_requests or most_requests(settings.exploration, several=settings.operations != "retrieve") + made
    )

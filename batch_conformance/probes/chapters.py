"""The chapters of a plan, in their order, and the probes that each one is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from batch_conformance.contract.parameter import PathParameter
from batch_conformance.exchange.exchange import ODD_REQUESTS, UNKNOWN_QUERY, Headers, Probe, Subject
from batch_conformance.probes import batch_ids
from batch_conformance.probes.admitted_ids import unknown_ids
from batch_conformance.probes.batch_ids import SpelledId
from batch_conformance.probes.credentials import KINDS, MAX_REFUSED, CredentialKind, Style
from batch_conformance.probes.draws import draw
from batch_conformance.probes.generated import GeneratedRequest, generate
from batch_conformance.probes.hostile_choice import choose_hostile, expressions
from batch_conformance.probes.odd_requests import (
    AGENT_READS,
    DRAWN_KINDS,
    drawn_kinds,
    draws_kinds,
    odd_requests,
)
from batch_conformance.probes.plan import CLIENT, JSON, Exploration
from batch_conformance.probes.segment import NO_SUCH_ID, encode_segment
from batch_conformance.probes.spellings import chosen_names, spellings

_LONG_NUMBER = 12
"""Numbers of so many digits are given out in turn by nobody."""

_LEAST_OVERFLOW = len(str(2**31))
"""Of so many digits on numbers do not fit into 32 bits; where batches are numbered, an answer has the number in it."""

POLLING_SECONDS = 0.25
"""How long the polls of a loopback target span; longer than the mock's own batch needs from queued to completed."""


@dataclass(frozen=True)
class Setting:
    """What the chapters are built from.

    ``path`` is the operation's template and ``parameter`` the name of its id. ``statuses`` are the documented codes,
    ``declared`` the upper-case methods of the path, ``data`` the document for Schemathesis, ``style`` how the vendor
    takes its key, ``like`` ids of the vendor's form for where none is known. ``client`` gives the path and the headers
    with which a client of another maker asks for an id; None where none was named. ``id_parameter`` is what the
    document says of the id. ``generate`` makes requests from the document. ``most_refused`` is how many of the
    credentials that are refused in a run are for this operation.
    """

    path: str
    parameter: str
    statuses: tuple[int, ...]
    declared: frozenset[str]
    secured: bool
    data: Mapping[str, Any]
    known: tuple[str, ...]
    exploration: Exploration
    seed: int | None
    loopback: bool
    unsafe: bool
    has_key: bool
    style: Style
    like: tuple[str, ...] = ()
    client: Callable[[str], tuple[str, Headers]] | None = None
    id_parameter: PathParameter | None = None
    generate: Callable[..., tuple[GeneratedRequest, ...]] = generate
    most_refused: int = MAX_REFUSED

    @property
    def authenticates(self) -> bool:
        """Whether anything can be refused for want of a credential."""
        return self.secured and self.style != "none"

    @property
    def hostile_allowed(self) -> bool:
        """Attack-shaped ids go to our own machine, or where somebody asked for all there is."""
        return self.loopback or self.exploration == "thorough"

    def by_exploration(self, quick: int, standard: int, thorough: int) -> int:
        """The number for the exploration at hand."""
        return {"quick": quick, "standard": standard, "thorough": thorough}[self.exploration]

    def path_of(self, segment: str) -> str:
        """The path with a segment, already encoded, in the place of the id."""
        return self.path.replace("{" + self.parameter + "}", segment)

    def unknown(self, count: int, salt: str) -> list[str]:
        """Ids that nobody has, in the shape of the known ones."""
        return draw(self._unknown_strategies["same_shape"], count, self.seed, salt)

    def unknown_named(self, name: str, count: int) -> list[str]:
        """Ids that nobody has, in a shape of ``admitted_ids.unknown_ids``."""
        return draw(self._unknown_strategies[name], count, self.seed, f"unknown_ids/{name}")

    @cached_property
    def ids_are_numbers(self) -> bool:
        """Whether the document has numbers for ids, which services give out in turn."""
        return self.id_parameter is not None and self.id_parameter.numbers_only

    def may_exist(self, batch_id: str) -> bool:
        """Whether nobody knows if there is such a batch: the document shows the id, or it is a short number."""
        shown = self.id_parameter.shown if self.id_parameter else ()
        return batch_id in shown or (self.ids_are_numbers and batch_id.isdigit() and len(batch_id) < _LONG_NUMBER)

    def known_in_turn(self, count: int) -> list[str]:
        """That many known ids, each in its turn; none where none is known."""
        return [self.known[index % len(self.known)] for index in range(count)] if self.known else []

    @cached_property
    def _unknown_strategies(self) -> dict[str, Any]:
        return unknown_ids(self.known or self.like, self.id_parameter)

    @property
    def unknown_names(self) -> tuple[str, ...]:
        """The names of the shapes of unknown ids."""
        return tuple(self._unknown_strategies)

    def known_probe(self, chapter: str, name: str, batch_id: str, headers: Headers = JSON, **more: Any) -> Probe:
        """A probe for a known id, spelled as usual."""
        path = self.path_of(encode_segment(batch_id))
        return Probe(chapter, name, path, batch_id, "known", headers=headers, **more)

    def unknown_probe(self, chapter: str, name: str, batch_id: str, headers: Headers = JSON, **more: Any) -> Probe:
        """A probe for a plain id that nobody has."""
        path = self.path_of(encode_segment(batch_id))
        return Probe(chapter, name, path, batch_id, "unknown", headers=headers, **more)

    def spelled_probe(self, chapter: str, spelled: SpelledId) -> Probe:
        """A probe for an id with a spelling of its own."""
        return Probe(
            chapter, spelled.name, self.path_of(spelled.segment), spelled.batch_id, spelled.subject, headers=JSON
        )


def _known_ids(setting: Setting) -> Iterator[Probe]:
    # As many again are read in the chapter of odd requests, under the names of common clients.
    least, most = setting.by_exploration(8, 59 - AGENT_READS, 300), setting.by_exploration(20, 150, 800)
    for batch_id in setting.known_in_turn(max(least, min(most, len(setting.known)))):
        yield setting.known_probe("known_ids", "read", batch_id)


def _unknown_ids(setting: Setting) -> Iterator[Probe]:
    others = setting.unknown_names[1:]
    if setting.exploration == "quick":
        others = tuple(name for name in others if name == "uuid")
    for batch_id in setting.unknown_named("same_shape", setting.by_exploration(3, 5, 74)):
        yield setting.unknown_probe("unknown_ids", "same_shape", batch_id)
    for name in others:
        for batch_id in setting.unknown_named(name, setting.by_exploration(1, 1, 14)):
            yield setting.unknown_probe("unknown_ids", name, batch_id)


_REFUSED_BY_WORTH: tuple[tuple[str, bool, str], ...] = (
    ("missing", True, "GET"),
    ("wrong", False, "GET"),
    ("missing", False, "GET"),
    ("nearly", True, "GET"),
    ("wrong_scheme", True, "GET"),
    ("elsewhere_header", True, "GET"),
    ("elsewhere_query", True, "GET"),
    ("nearly_longer", True, "GET"),
    ("empty", True, "GET"),
    ("no_scheme", True, "GET"),
    ("wrong_scheme_token", True, "GET"),
    # What guards GET alone is not asked when the same handler serves HEAD (CWE-650).
    ("missing", True, "HEAD"),
    ("malformed", True, "GET"),
    ("empty_header", True, "GET"),
    ("wrong", True, "GET"),
    ("nearly_cut", True, "GET"),
    ("other_case", True, "GET"),
)
"""Each kind once before any of them twice: who takes any token takes ``nearly`` too, over a batch that is there."""


_LEAST_HERE = 6
"""Of the kinds that have to be refused, so many are sent to this machine: a lock-out costs nothing here."""

_ACCEPTED = (
    ("lower_case_scheme", True, "GET"),
    ("lower_case_scheme", False, "GET"),
    # Tells a server that refuses the query from one that refuses the key in it.
    ("also_in_query", True, "GET"),
)


def is_able(setting: Setting, kind: CredentialKind) -> bool:
    """Whether a kind means something with the key, the vendor's style and the place of the target."""
    return (
        (setting.has_key or not kind.needs_key)
        and (setting.style == "bearer" or not kind.bearer_only)
        and (setting.loopback or not kind.loopback_only)
    )


def _refused_by_worth(setting: Setting) -> list[tuple[str, bool, str]]:
    return [one for one in _REFUSED_BY_WORTH if is_able(setting, KINDS[one[0]])]


def _drawn_kinds(setting: Setting) -> tuple[str, ...]:
    """The kinds that the seed draws in the place of the last that may be refused; none where all are sent."""
    if not draws_kinds(setting):
        return ()
    fixed = _refused_by_worth(setting)[: setting.most_refused - DRAWN_KINDS]
    usual = [kind for kind, _, _ in _refused_by_worth(setting)[len(fixed) :]]
    return drawn_kinds(setting, [kind for kind in usual if kind not in {one for one, _, _ in fixed}])


def _any_number(setting: Setting) -> bool:
    """Whether all kinds are sent: lock-outs cost nothing here, but each further operation has its share of the plan."""
    return setting.loopback and (setting.unsafe or setting.most_refused == MAX_REFUSED)


def _authentication(setting: Setting) -> Iterator[Probe]:
    """Refused kinds over known (True) and unknown ids, then the odd ones that have the valid key."""
    if not setting.authenticates:
        return
    refused = _refused_by_worth(setting)
    accepted = [one for one in _ACCEPTED if is_able(setting, KINDS[one[0]])]
    most = len(refused) if _any_number(setting) else setting.most_refused
    if setting.loopback and setting.exploration != "quick":
        most = max(most, _LEAST_HERE)
    plan = refused[: setting.by_exploration(min(6, most), most, most)]
    if draws_kinds(setting):
        fixed = setting.most_refused - DRAWN_KINDS
        plan = refused[:fixed] + [one for one in refused[fixed:] if one[0] in _drawn_kinds(setting)]
    plan += accepted[: setting.by_exploration(1, 3, 3)]
    spare = iter(setting.unknown(len(plan), "authentication"))
    known = iter(setting.known_in_turn(len(plan)))
    for kind, on_known, method in plan:
        how = kind if method == "GET" else f"{kind}_{method.lower()}"
        if on_known and setting.known:
            yield setting.known_probe("authentication", f"{how}_known", next(known), method=method, credential=kind)
        else:
            # Without known ids the ones meant for them fall on unknown ids too, and keep a name of their own.
            place = "in_place_of_known" if on_known else "unknown"
            batch_id = next(spare)
            yield setting.unknown_probe("authentication", f"{how}_{place}", batch_id, method=method, credential=kind)


REPRESENTATIONS: dict[str, Headers] = {
    "accept_any": (("Accept", "*/*"),),
    "accept_none": (),
    "accept_html": (("Accept", "text/html"),),
    "gzip": (*JSON, ("Accept-Encoding", "gzip")),
    "accept_xml": (("Accept", "application/xml"),),
    "accept_text": (("Accept", "text/plain"),),
    "accept_weighted": (("Accept", "application/json;q=0.5, text/html"),),
    "accept_problem": (("Accept", "application/problem+json"),),
    "accept_image": (("Accept", "image/png"),),
    "accept_json_charset": (("Accept", "application/json; charset=utf-8"),),
    "accept_application": (("Accept", "application/*"),),
    "deflate": (*JSON, ("Accept-Encoding", "deflate")),
    "identity": (*JSON, ("Accept-Encoding", "identity")),
    "gzip_refused": (*JSON, ("Accept-Encoding", "gzip;q=0, identity")),
    "language_zh": (*JSON, ("Accept-Language", "zh-CN, zh;q=0.9")),
    # Languages that write numbers in another way: JSON has one way only (RFC 8259 section 6).
    "language_de": (*JSON, ("Accept-Language", "de-DE, de;q=0.9")),
    "language_ar": (*JSON, ("Accept-Language", "ar-EG, ar;q=0.9")),
    "charset_utf8": (*JSON, ("Accept-Charset", "utf-8")),
    "charset_latin1": (*JSON, ("Accept-Charset", "iso-8859-1")),
    "content_type_json": (*JSON, ("Content-Type", "application/json")),
    # Conditions that are always true: RFC 9110 section 13 asks for the full answer, never a 304.
    "if_none_match_other": (*JSON, ("If-None-Match", '"never-an-etag-of-yours"')),
    "if_modified_since_long_ago": (*JSON, ("If-Modified-Since", "Sat, 29 Oct 1994 19:43:31 GMT")),
    "no_cache": (*JSON, ("Cache-Control", "no-cache")),
}


def _representations(setting: Setting) -> Iterator[Probe]:
    rounds = setting.by_exploration(1, 1, 4)
    on_known = list(REPRESENTATIONS.items())[: setting.by_exploration(4, 99, 99)] * rounds
    on_unknown = list(REPRESENTATIONS.items())[: setting.by_exploration(4, 6, 99)] * rounds
    known = setting.known_in_turn(len(on_known))
    for (name, headers), batch_id in zip(on_known, known, strict=False):
        yield setting.known_probe("representations", f"{name}_known", batch_id, headers)
    unknown = setting.unknown(len(on_unknown), "representations")
    for (name, headers), batch_id in zip(on_unknown, unknown, strict=True):
        yield setting.unknown_probe("representations", f"{name}_unknown", batch_id, headers)
    yield _unknown_parameter(setting)


def _unknown_parameter(setting: Setting) -> Probe:
    """A read with a parameter that no document has: many servers ignore it, strict ones refuse it."""
    make, ids = (setting.known_probe, list(setting.known)) if setting.known else (setting.unknown_probe, [])
    batch_id = (ids or setting.unknown(1, "unknown_parameter"))[0]
    where = "known" if setting.known else "unknown"
    return make("representations", f"unknown_parameter_{where}", batch_id, query=UNKNOWN_QUERY)


def _statuses(setting: Setting) -> Iterator[Probe]:
    """Refusals first: the first of them tells whether the server follows ``Prefer`` at all (RFC 7240)."""
    wanted = sorted(setting.statuses, key=lambda status: (status < 400, status))
    if not setting.known:
        wanted = [status for status in wanted if status >= 300]
    repeated = wanted * setting.by_exploration(1, 2, 5)
    ids = setting.known_in_turn(len(repeated)) or setting.unknown(len(repeated), "statuses")
    make = setting.known_probe if setting.known else setting.unknown_probe
    for status, batch_id in zip(repeated, ids, strict=True):
        headers = (*JSON, ("Prefer", f"code={status}"))
        yield make("statuses", f"prefer_{status}", batch_id, headers, forced_status=status)


_MOST_VARIED = 8
"""Known ids that are spelled in other ways: so many."""

_QUICK_IDENTITY = ("first_escaped", "other_case", "last_dropped", "one_added", "empty_id")


def _identity(setting: Setting) -> Iterator[Probe]:
    known = setting.known[:_MOST_VARIED]
    families = [_around(known_id, setting) for known_id in known]
    families = families or [{spelled.name: spelled for spelled in batch_ids.outside(None)}]
    names = list(dict.fromkeys(name for family in families for name in family))
    if setting.exploration == "quick":
        names = [name for name in names if name in _QUICK_IDENTITY or not setting.known]
    if setting.exploration == "thorough":
        found = [spelled for family in families for spelled in family.values()]
    else:
        found = [_in_turn(families, number, name) for number, name in enumerate(names)]
    for spelled in dict.fromkeys(found):
        if setting.hostile_allowed or spelled.plain or spelled.subject in ("equivalent", "outside"):
            yield setting.spelled_probe("identity", spelled)
    if known and setting.exploration != "quick":
        yield from _other_paths(setting)


def _other_paths(setting: Setting) -> Iterator[Probe]:
    """A known id below another spelling of the path before it, and queries that name another id than the path."""
    ids = iter(setting.known_in_turn(3))
    for name, path in batch_ids.other_paths(setting.path, setting.parameter).items():
        batch_id = next(ids)
        spelled = path.replace("{" + setting.parameter + "}", encode_segment(batch_id))
        yield Probe("identity", name, spelled, batch_id, "outside", headers=JSON)
    batch_id, nobodys = next(ids), setting.unknown(1, "query")[0]
    query = batch_ids.query_of(batch_id, setting.parameter)
    path = setting.path_of(encode_segment(nobodys))
    yield Probe("identity", "query_for_path", path, nobodys, "neighbour", headers=JSON, query=query)
    if setting.hostile_allowed:
        headers = (*JSON, *batch_ids.headers_of(batch_id, setting.path_of(encode_segment(batch_id))))
        yield Probe("identity", "headers_for_path", path, nobodys, "neighbour", headers=headers)
    if len(setting.known) > 1:
        others = setting.known[(setting.known.index(batch_id) + 1) % len(setting.known)]
        yield setting.known_probe("identity", "query_of_another", others, query=query)


def _around(known_id: str, setting: Setting) -> dict[str, SpelledId]:
    """All that is close to a known id, by name; of the families of spellings, unless all is asked, what was drawn."""
    numbers, whole = setting.ids_are_numbers, setting.exploration == "thorough"
    plain, varied = not setting.hostile_allowed, setting.known[:_MOST_VARIED]
    drawn = frozenset(chosen_names(varied, setting.seed, numbers=numbers, plain=plain))
    found = (
        *batch_ids.equivalents(known_id),
        *batch_ids.neighbours(known_id, setting.known),
        *batch_ids.outside(known_id),
        *batch_ids.traversals(known_id),
        *(one for one in spellings(known_id, setting.known, numbers=numbers) if whole or one.name in drawn),
    )
    unlike: dict[str, SpelledId] = {}
    for spelled in found:
        unlike.setdefault(spelled.segment, spelled)
    return {spelled.name: spelled for spelled in unlike.values()}


def _in_turn(families: list[dict[str, SpelledId]], number: int, name: str) -> SpelledId:
    """The spelling of a name for the known id whose turn it is, or for the next one that has such a spelling."""
    count = len(families)
    return next(
        families[(number + step) % count][name] for step in range(count) if name in families[(number + step) % count]
    )


_QUICK_HOSTILE = ("null_word", "very_long", "nul", "sql_quote")


def _hostile_ids(setting: Setting) -> Iterator[Probe]:
    table = [*batch_ids.hostile_table(), *expressions(setting.seed)]
    if setting.exploration == "standard":
        table = [*choose_hostile(setting.seed, on_known=bool(setting.known))]
    table = [one for one in table if setting.hostile_allowed or one.plain]
    if setting.exploration == "quick":
        table = [one for one in table if one.name in _QUICK_HOSTILE] if setting.hostile_allowed else table[:4]
    taken = set(setting.known)
    if setting.ids_are_numbers or any(known_id.isdigit() for known_id in setting.known):
        # Where batches are numbered, a small number is one of them.
        taken |= {one for one in (spelled.batch_id or "" for spelled in table) if _is_small_number(one)}
    for spelled in table:
        if spelled.batch_id not in taken:
            yield setting.spelled_probe("hostile_ids", spelled)
    drawn = setting.by_exploration(0, 0, 50)
    for name, strategy in batch_ids.hostile_strategies(setting.known).items():
        for spelled in draw(strategy, drawn, setting.seed, f"hostile_ids/{name}", key=_segment):
            yield setting.spelled_probe("hostile_ids", spelled)


def _is_small_number(text: str) -> bool:
    return text.isdigit() and len(text) < _LEAST_OVERFLOW


def _segment(spelled: SpelledId) -> str:
    return spelled.segment


_UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


def _methods(setting: Setting) -> Iterator[Probe]:
    """HEAD, which RFC 9110 section 9.1 asks of every server that has GET; changing methods only where allowed."""
    for batch_id in setting.known_in_turn(setting.by_exploration(1, 4, 20)):
        yield setting.known_probe("methods", "head_known", batch_id, method="HEAD")
    for batch_id in setting.unknown(setting.by_exploration(1, 2, 10), "methods"):
        yield setting.unknown_probe("methods", "head_unknown", batch_id, method="HEAD")
    if not setting.unsafe:
        return
    undeclared = [method for method in _UNSAFE if method not in setting.declared]
    for method in undeclared * setting.by_exploration(1, 1, 3):
        yield setting.unknown_probe("methods", f"{method.lower()}_impossible", NO_SUCH_ID, method=method)


def _lifecycle(setting: Setting) -> Iterator[Probe]:
    """Polls in rounds, with time in between in which a batch of a loopback target moves on.

    Every other time that a batch is polled, compression is taken, as most clients do: whether it is worth it depends
    on the size of the body, which nobody knows before.
    """
    total, rounds = setting.by_exploration(6, 65, 250), setting.by_exploration(3, 8, 10)
    if setting.loopback:
        pause = POLLING_SECONDS / rounds
    else:
        rounds, pause = setting.by_exploration(2, 4, 8), 1.0
    starts = {round((number + 0.5) * total / rounds) for number in range(rounds)}
    for number, batch_id in enumerate(setting.known_in_turn(total)):
        wait = pause if number in starts else 0.0
        headers = REPRESENTATIONS["gzip"] if number // len(setting.known) % 2 else JSON
        yield setting.known_probe("lifecycle", "poll", batch_id, headers, wait=wait)


def _generated(setting: Setting) -> Iterator[Probe]:
    """Raises GenerationError where Schemathesis can make nothing of the document."""
    plain = not setting.hostile_allowed
    count = setting.by_exploration(3, 10, 250)
    for request in setting.generate(setting.data, setting.path, setting.parameter, count, setting.seed, plain=plain):
        headers = request.headers
        if not any(name.lower() == "accept" for name, _ in headers):
            headers = (*JSON, *headers)
        if request.batch_id in setting.known:
            subject: Subject = "known"
        elif setting.may_exist(request.batch_id):
            continue
        elif request.batch_id in (".", ".."):
            subject = "outside"
        else:
            subject = "unknown" if batch_ids.PLAIN.match(request.batch_id) else "hostile"
        yield Probe(
            "generated", request.phase, request.path, request.batch_id, subject, headers=headers, query=request.query
        )


def _client(setting: Setting) -> Iterator[Probe]:
    """A batch that is there and one that is not, asked for as the client itself does."""
    if setting.client is None or setting.client("batch_a")[0] != setting.path_of("batch_a"):
        return
    for batch_id in setting.known[: setting.by_exploration(1, 4, 16)]:
        path, headers = setting.client(batch_id)
        yield Probe(CLIENT, "retrieve_known", path, batch_id, "known", headers=headers)
    for batch_id in setting.unknown(setting.by_exploration(1, 1, 4), CLIENT):
        path, headers = setting.client(batch_id)
        yield Probe(CLIENT, "retrieve_unknown", path, batch_id, "unknown", headers=headers)


CHAPTERS: Mapping[str, Callable[[Setting], Iterable[Probe]]] = {
    "known_ids": _known_ids,
    "unknown_ids": _unknown_ids,
    "authentication": _authentication,
    "representations": _representations,
    "statuses": _statuses,
    "identity": _identity,
    "hostile_ids": _hostile_ids,
    "methods": _methods,
    ODD_REQUESTS: lambda setting: odd_requests(setting, _drawn_kinds(setting)),
    "lifecycle": _lifecycle,
    "generated": _generated,
    CLIENT: _client,
}
"""How each chapter is built, by its name, in the order of the plan."""

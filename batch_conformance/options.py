"""Every option of the suite and of the commands, written once; pytest's, click's and the README's are made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

BASE_URL_ENV = "PYTEST_BASE_URL"
BATCH_IDS_ENV = "BATCH_IDS"
DEFAULT_KEY_ENV = "BATCH_API_KEY"

Command = Literal[
    "run",
    "mock",
    "check",
    "diff",
    "vendors",
    "audit",
    "matrix",
    "client",
    "prove",
    "validate",
    "record",
    "infer",
    "explain",
    "trend",
    "init",
]
"""Where an option applies. ``run`` is the suite itself: ``batch-conformance run`` and ``pytest``."""
Type = Literal["text", "path", "integer", "number", "flag"]
Group = Literal["target", "contract", "requests", "verdict", "baseline", "reports", "command"]

GROUPS: Mapping[Group, str] = MappingProxyType(
    {
        "target": "Target",
        "contract": "Contract",
        "requests": "Requests",
        "verdict": "Verdict",
        "baseline": "Baseline and earlier runs",
        "reports": "Reports",
        "command": "Command",
    }
)
"""The headings of ``run --help``, in order."""


@dataclass(frozen=True, slots=True)
class Use:
    """What differs where one command has an option. None: as everywhere."""

    default: Any = None
    help: str | None = None
    metavar: str | None = None
    choices: tuple[str, ...] | None = None


_SAME = Use()


_OF_READS = Use(
    help="the parts of the batch API that are judged: retrieving a batch alone, or every GET of the document that "
    "reads batches and files",
    choices=("retrieve", "read"),
)
"""Of commands that make no batches."""
_PARTS_OF_MOCK = (
    "the parts of the batch API that the mock serves: retrieving a batch alone; every GET of the document that "
    "reads batches and files; or all of them, with files that are uploaded and batches that are run"
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest number that an option takes; without ``most`` there is no greatest.

    With ``above``, a number must be more than the least.
    """

    least: float
    most: float | None = None
    above: bool = False

    @property
    def words(self) -> str:
        """What to give, such as ``a number from 0 to 10``."""
        if self.most is not None:
            return f"a number from {self.least:g} to {self.most:g}"
        return f"more than {self.least:g}" if self.above else f"at least {self.least:g}"

    def admit(self, number: float) -> bool:
        """Whether a number is within them; NaN never is."""
        reached = number > self.least if self.above else number >= self.least
        return reached and (self.most is None or number <= self.most)


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    ``name`` is without dashes. ``commands`` says where it applies, and what differs there. ``type`` is that of one
    value; with ``repeats``, there may be several. ``choices`` are the only values, ``bounds`` those of a number.
    ``environment`` is a variable that ``run`` reads too. ``valueless`` is the value of the option without one.

    ``parameter`` is what the functions of the commands and ``run.settings`` call it, if not the name. ``audit_file``
    says where ``audit.yaml`` has it: among ``options``, under this key of a target, or nowhere (empty).
    """

    name: str
    group: Group
    help: str
    commands: Mapping[Command, Use]
    type: Type = "text"
    metavar: str | None = None
    default: Any = None
    choices: tuple[str, ...] = ()
    bounds: Bounds | None = None
    repeats: bool = False
    environment: str = ""
    valueless: str | None = None
    parameter: str = ""
    audit_file: str = "options"

    @property
    def flag(self) -> str:
        """The option as it is written."""
        return f"--{self.name}"

    @property
    def keyword(self) -> str:
        """What the functions that take the option call it."""
        return self.parameter or self.name.replace("-", "_")

    @property
    def absent(self) -> Any:
        """The value where nobody gave one."""
        return () if self.repeats else False if self.type == "flag" else self.default

    @property
    def description(self) -> str:
        """The help with its default and its environment variable. A default is named where it says something."""
        if self.environment:
            return f"{self.help} (env: {self.environment}{', comma-separated' if self.repeats else ''})"
        named = not self.repeats and self.default not in (None, "", False)
        return f"{self.help} (default: {self.default})" if named else self.help

    @property
    def usage(self) -> str:
        """The option with the form of its value, such as ``--fail-on=must|should|never``."""
        value = "|".join(self.choices) or self.metavar or ""
        return f"{self.flag}={value}" if value else self.flag


def options_of(command: Command) -> tuple[Option, ...]:
    """The options of a command, as they are there, in order."""
    return tuple(_used(option, command) for option in OPTIONS if command in option.commands)


def _used(option: Option, command: Command) -> Option:
    use = option.commands[command]
    return replace(
        option,
        environment=option.environment if command == "run" else "",
        help=option.help if use.help is None else use.help,
        default=option.default if use.default is None else use.default,
        metavar=option.metavar if use.metavar is None else use.metavar,
        choices=option.choices if use.choices is None else use.choices,
    )


def _in(*commands: Command, **differing: Use) -> Mapping[Command, Use]:
    """``commands`` as everywhere else; the others by name, with what differs."""
    return MappingProxyType({**dict.fromkeys(commands, _SAME), **differing})


_RUN = _in("run")
_FORMER_MATRIX = Use(help="a former matrix.json, to say what changed")
_VENDORS_PAGE = Use(help="print the whole page of vendors, docs/VENDORS.md")
_CONTRACT = "siliconflow"
_OF_VENDOR = Use("", "default: the vendor's, else siliconflow")
_WHOSE = Use(default="", help="whose contract, overlays and paths hold")
_LESS = Use(help="less is inconclusive")
_OF_FILES = Use(
    "auto",
    "the format of the files; auto is the one that each begins as",
    choices=("auto", "ndjson", "har", "vcr", "otlp", "mitmproxy", "kong", "nginx", "envoy", "parquet"),
)

OPTIONS: tuple[Option, ...] = (
    Option(
        "base-url",
        "target",
        "the target; none: an embedded mock that keeps the contract",
        _in(
            "run",
            validate=Use(default="", help="judge only what was sent here (default: wherever)"),
            record=Use(default="", help="the target to which requests are passed on"),
            infer=Use(default="", help="describe only what was sent here (default: wherever)"),
            init=Use(default="", help="where the target is"),
        ),
        metavar="URL",
        environment=BASE_URL_ENV,
        audit_file="base_url",
    ),
    Option(
        "batch-id",
        "target",
        "an id that exists for the key; repeatable",
        _in("run", "init"),
        metavar="ID",
        repeats=True,
        environment=BATCH_IDS_ENV,
        parameter="batch_ids",
        audit_file="batch_ids",
    ),
    Option(
        "api-key-env",
        "target",
        "the environment variable that holds the key",
        _in("run", "init"),
        metavar="NAME",
        default=DEFAULT_KEY_ENV,
        parameter="key_env",
        audit_file="key_env",
    ),
    Option(
        "vendor",
        "target",
        "how to talk to the target and what to hold it to (`batch-conformance vendors` lists the names)",
        _in("run", validate=_WHOSE, record=_WHOSE, init=Use(default="")),
        metavar="NAME|FILE",
        audit_file="vendor",
    ),
    Option(
        "port",
        "command",
        "0 takes a free one.",
        _in("mock", "record"),
        "integer",
        default=8000,
        bounds=Bounds(0, 65535),
    ),
    Option("host", "command", "Address to listen on.", _in("mock", "record"), default="127.0.0.1"),
    Option(
        "contract",
        "contract",
        "the document to hold the target to: siliconflow, siliconflow-batch-api, openai, or an OpenAPI file or its URL "
        "(default: the vendor's, else siliconflow)",
        _in(
            "run",
            mock=Use(_CONTRACT, "Serve this one, with what is made to keep it.", "NAME|FILE"),
            client=Use(_CONTRACT, "whose answers they are: name, file or URL"),
            prove=Use(_CONTRACT, "a name, a file or a URL"),
            validate=_OF_VENDOR,
            record=_OF_VENDOR,
            init=_OF_VENDOR,
            infer=Use("", "print an overlay on this document instead of a document: a name, a file or a URL"),
        ),
        metavar="NAME|FILE|URL",
    ),
    Option(
        "operation",
        "contract",
        "the operation of the document: its operationId, 'GET /path' or its path "
        "(default: the one that is for batches)",
        _in("run", "mock", "check", "diff", "client", "prove", "validate", "record", "infer"),
        metavar="ID|PATH",
    ),
    Option(
        "operations",
        "contract",
        "the parts of the batch API that are judged: retrieving a batch alone; every GET of the document that reads "
        "batches and files; or all of them, which makes batches with --create and follows them to their results",
        _in(
            "run",
            prove=Use(help=_PARTS_OF_MOCK),
            mock=Use(help=_PARTS_OF_MOCK, default="all"),
            validate=_OF_READS,
            diff=Use(help="the parts of the batch API that are compared"),
        ),
        choices=("retrieve", "read", "all"),
        default="retrieve",
    ),
    Option(
        "overlay",
        "contract",
        "an OpenAPI Overlay applied to the document; repeatable",
        _in("run", "check", "validate", "record", "infer", diff=Use(help="applied to both sides")),
        "path",
        "FILE",
        repeats=True,
        parameter="overlays",
    ),
    Option(
        "reading",
        "contract",
        "the document as it stands, or with what else the vendor documents",
        _in("run", "validate", "record", check=Use(default="published"), diff=Use(default="published")),
        choices=("published", "documented"),
        default="documented",
    ),
    Option(
        "reports-dir",
        "reports",
        "where the reports go",
        _in("run", "audit", "matrix", "prove", "validate", "record"),
        "path",
        "DIR",
        default="reports",
        audit_file="",
    ),
    Option(
        "report-language",
        "reports",
        "the language of all that people read; what machines read stays English",
        _in(
            *(
                "run",
                "check",
                "diff",
                "audit",
                "matrix",
                "prove",
                "validate",
                "record",
                "infer",
                "trend",
                "init",
                "client",
            ),
            explain=Use(help="the language of the explanation"),
            mock=Use(help="the language of what the mock prints; what it serves stays as it is"),
            vendors=Use(help="the language of the list; facts of vendors stay in that of their source"),
        ),
        choices=("en", "zh"),
        default="en",
        parameter="language",
    ),
    Option(
        "fail-on",
        "verdict",
        "the lowest level of a finding that fails the run",
        _in("run", "validate", "record"),
        choices=("must", "should", "never"),
        default="should",
    ),
    Option(
        "exploration",
        "requests",
        "at most 60, 400 or 2000 requests, a quarter more for several operations (default: standard on this machine, "
        "quick elsewhere)",
        _RUN,
        choices=("quick", "standard", "thorough"),
    ),
    Option(
        "allow-unsafe-methods",
        "requests",
        "also send undeclared methods such as DELETE, only for an id that cannot exist; on this machine, every "
        "kind of refused credential",
        _RUN,
        "flag",
        parameter="unsafe",
    ),
    Option(
        "minimize",
        "requests",
        "on another host too: find the smallest request that shows what only odd requests showed, with at most 40 more",
        _RUN,
        "flag",
    ),
    Option(
        "max-requests",
        "requests",
        "send no more than N planned requests",
        _RUN,
        "integer",
        "N",
        bounds=Bounds(1),
    ),
    Option(
        "max-duration",
        "requests",
        "stop sending after so many seconds",
        _RUN,
        "number",
        "SECONDS",
        default=300.0,
        bounds=Bounds(0, above=True),
    ),
    Option(
        "rate-limit",
        "requests",
        "such as 10/s or 100/m (default: none on this machine, 5/s elsewhere)",
        _RUN,
        metavar="N/s",
    ),
    Option(
        "request-timeout",
        "requests",
        "for one whole exchange",
        _in("run", record=Use(default=600.0)),
        "number",
        "SECONDS",
        default=10.0,
        bounds=Bounds(0, above=True),
    ),
    Option(
        "ca-bundle",
        "target",
        "PEM certificates of the authorities to trust, instead of the system's",
        _in("run", "record"),
        metavar="FILE",
    ),
    Option(
        "insecure",
        "target",
        "do not verify the target's certificate: anybody in between can read the key, and every report says so",
        _in("run", "record"),
        "flag",
    ),
    Option(
        "connections",
        "requests",
        "requests under way at once, where a target is slow; rate and limits stay",
        _RUN,
        "integer",
        "N",
        default=1,
        bounds=Bounds(1, 32),
    ),
    Option(
        "retries",
        "requests",
        "of what is safe to repeat",
        _RUN,
        "integer",
        "N",
        default=2,
        bounds=Bounds(0, 10),
    ),
    Option(
        "redact",
        "reports",
        "also mask the values at this JSON pointer of a body in all reports; repeatable (metadata always is)",
        _in("run", "validate", "record"),
        metavar="POINTER",
        repeats=True,
    ),
    Option(
        "discover",
        "target",
        "read the target's list of batches first, and take what it lists for known ids, one of each state first",
        _RUN,
        "flag",
    ),
    Option(
        "create",
        "target",
        "upload a file of one line, make a batch of one chat completion of MODEL, which the vendor bills, and "
        "follow it",
        _RUN,
        metavar="MODEL",
    ),
    Option(
        "create-wait",
        "target",
        "how long a batch that was made is followed before the other requests",
        _RUN,
        "number",
        "SECONDS",
        default=60.0,
        bounds=Bounds(0),
    ),
    Option(
        "resume",
        "target",
        "take up a run of --operations=all where it stopped: its batches.json, in the folder of its reports",
        _RUN,
        "path",
        "FILE",
        audit_file="",
    ),
    Option(
        "client",
        "verdict",
        "also tell what OpenAI's Python client makes of the answers, and send a few of its own requests; fails "
        "nothing (needs the extra: pip install 'batch-conformance[client]')",
        _RUN,
        choices=("openai",),
    ),
    Option(
        "min-coverage",
        "verdict",
        "a run that judges less of the contract's clauses than this is inconclusive (exit code 6)",
        _in("run", validate=_LESS, record=_LESS),
        "number",
        "PERCENT",
        bounds=Bounds(0.1, 100),
    ),
    Option(
        "confirm",
        "verdict",
        "before a new finding fails the run, ask again after so many seconds what showed it: what is not seen again is "
        "reported and fails nothing",
        _RUN,
        "number",
        "SECONDS",
        bounds=Bounds(0),
    ),
    Option(
        "credentials-recorded",
        "verdict",
        "a request that was recorded without a credential had none",
        _in("validate"),
        "flag",
    ),
    Option(
        "baseline",
        "baseline",
        "findings that are accepted, each with a reason and an expiry: reported, and no failure until then",
        _in("run", "validate", "record"),
        "path",
        "FILE",
    ),
    Option(
        "strict-baseline",
        "baseline",
        "also fail when an entry of the baseline is fixed, so that it gets deleted",
        _in("run", "validate", "record"),
        "flag",
    ),
    Option(
        "write-baseline",
        "baseline",
        "write the baseline, or bring it up to date: adds what is new, drops what is fixed, keeps the rest",
        _in("run", "validate", "record"),
        "path",
        "FILE",
    ),
    Option(
        "baseline-reason",
        "baseline",
        "why what --write-baseline adds is accepted; without it, a person has to write that into the file",
        _in("run", "validate", "record"),
        metavar="TEXT",
        default="",
    ),
    Option(
        "shape",
        "baseline",
        "the shape of the answers as recorded: what has changed since is drift, also where no document says so",
        _RUN,
        "path",
        "FILE",
    ),
    Option("write-shape", "baseline", "record the shape of the answers", _RUN, "path", "FILE"),
    Option(
        "parallel",
        "command",
        "how many at once (default: 8, or what the file says)",
        _in("audit"),
        "integer",
        bounds=Bounds(1, 64),
    ),
    Option(
        "previous",
        "baseline",
        "the drift.json of an earlier run: says since when each finding is seen, and which are gone",
        _in("run", "validate", "record", audit=_FORMER_MATRIX, matrix=_FORMER_MATRIX),
        "path",
        "FILE",
    ),
    Option(
        "history",
        "baseline",
        "add a line about the run to this file; `batch-conformance trend FILE` shows what many came to",
        _in("run", "validate", "record"),
        "path",
        "FILE",
        audit_file="",
    ),
    Option(
        "notify-command",
        "verdict",
        "give this command a short JSON on its standard input where something is new, is gone, or was not judged",
        _in("run", "validate", "record"),
        metavar="COMMAND",
        default="",
        audit_file="",
    ),
    Option("plan", "requests", "print what would be sent, in order, and send nothing", _RUN, "flag"),
    Option(
        "group",
        "command",
        "only drifts of this group; repeatable",
        _in("prove"),
        choices=("derived", "experience", "variant", "outage"),
        repeats=True,
        parameter="groups",
    ),
    Option(
        "name",
        "command",
        "only these, such as '200/created_at:*'",
        _in("prove"),
        metavar="PATTERN",
        repeats=True,
        parameter="names",
    ),
    Option(
        "jobs",
        "command",
        "how many at once (default: one for each processor)",
        _in("prove", validate=Use(1, "processes that read")),
        "integer",
        bounds=Bounds(1, 64),
    ),
    Option("seed", "command", "of the probes (default: always the same ones)", _in("prove"), "integer"),
    Option("list", "command", "list the catalogue and end", _in("prove"), "flag", parameter="listing"),
    Option(
        "dask",
        "command",
        "read on the Dask cluster at this address; without one, on a cluster of this machine (the extra `dask`)",
        _in("validate"),
        metavar="[ADDRESS]",
        valueless="local",
    ),
    Option(
        "format",
        "command",
        "the form of what is printed",
        _in(
            "diff",
            check=Use(choices=("text", "json")),
            client=Use(choices=("text", "json")),
            validate=_OF_FILES,
            infer=_OF_FILES,
        ),
        choices=("text", "json", "markdown", "html"),
        default="text",
        parameter="face",
    ),
    Option(
        "against",
        "command",
        "compare each file with what git has of it at this revision, too, such as HEAD",
        _in("check"),
        metavar="REVISION",
        default="",
    ),
    Option("init", "command", "write a commented example to FILE and end", _in("audit"), "flag"),
    Option(
        "output",
        "command",
        "write to this file instead of the terminal",
        _in(
            *("diff", "infer"),
            trend=Use("trend.html", "the page"),
            record=Use(
                "traffic.ndjson", "the recording: NDJSON of exchanges, or an HTTP Archive where it ends in .har"
            ),
        ),
        "path",
    ),
    Option(
        "markdown",
        "command",
        "print the whole page of rules, docs/RULES.md",
        _in("explain", vendors=_VENDORS_PAGE),
        "flag",
    ),
    Option(
        "latency",
        "command",
        "Hold replies back.",
        _in("mock"),
        "number",
        "SECONDS",
        default=0.0,
        bounds=Bounds(0, 3600),
    ),
    Option(
        "drift",
        "command",
        "Drift in this way; may be given repeatedly.",
        _in("mock"),
        metavar="NAME",
        repeats=True,
        parameter="drifts",
    ),
    Option(
        "pipeline",
        "command",
        "the pipeline whose file is written",
        _in("init"),
        choices=("github", "gitlab", "none"),
        default="github",
    ),
    Option("list-drifts", "command", "List the drifts and end.", _in("mock"), "flag"),
    Option("style", "command", "Unset values.", _in("mock"), choices=("omit", "null"), default="omit"),
    Option(
        "prefix",
        "command",
        "Path of the base URL (default: /v1, and none where the contract's paths have it).",
        _in("mock"),
    ),
    Option("key-env", "command", "Variable with the key.", _in("mock"), metavar="NAME", default=DEFAULT_KEY_ENV),
)

"""Rules about what OpenAI's own client makes of the answers: reported with ``--client``, and failing nothing.

``client.reader`` reads each exchange as the client does, and says what these rules make of it.
"""

from __future__ import annotations

import re

from batch_conformance.message import Message, Template
from batch_conformance.observation.observation import Observation, at
from batch_conformance.rules.highlight import at_pointer, at_status
from batch_conformance.rules.rule import Rule, always

_TYPES = "OpenAI's Python client, src/openai/types/batch.py"
_BASE = "OpenAI's Python client, src/openai/_base_client.py"
_ERRORS = "OpenAI's Python client, src/openai/_exceptions.py"
_JSON_RANGES = frozenset({"*/*", "application/*", "application/json"})
_MISSING = Template("client.error_class.missing", "a missing credential")
_WRONG = Template("client.error_class.wrong", "a wrong credential")
_UNKNOWN = Template("client.error_class.unknown", "an id that nobody has")
_NEVER = re.compile(r";\s*q\s*=\s*0(\.0*)?\s*(;|$)", re.IGNORECASE)
_FILES = ("/output_file_id", "/error_file_id")
"""Members of a batch that name a file to be fetched."""


def is_read(observation: Observation) -> bool:
    """Whether an exchange is one that the client could have had: a plain GET of an id, answered in full.

    Of a contract's operations that is the chosen one, whose answers the client reads as those of ``batches.retrieve``.
    """
    answer, probe = observation.answer, observation.exchange.probe
    if observation.operation is not observation.contract.chosen:
        return False
    if answer is None or not observation.has_body or not observation.covered or observation.method != "GET":
        return False
    if probe.subject not in ("known", "equivalent", "unknown", "recorded") or not observation.exchange.final:
        return False
    if 300 <= answer.status < 400 or answer.status < 200:
        return False
    if probe.forced_status is not None and not observation.forced:
        return False  # a mock that cannot give a status says so in its own words
    asked = next((value for name, value in probe.headers if name.lower() == "accept"), "*/*")
    ranges = {part.partition(";")[0].strip().lower() for part in asked.split(",") if not _NEVER.search(part)}
    return bool(ranges & _JSON_RANGES)


def case_of(observation: Observation) -> tuple[int, Message] | None:
    """The status that a case calls for, and the case in words; None where the answer is of no such case."""
    probe, status = observation.exchange.probe, observation.exchange.status or 0
    # A success where there must be none is told with more weight, and 429 and 5xx are weighed over the run.
    if probe.forced_status is not None or not 400 <= status < 500 or status == 429:
        return None
    if probe.credential in ("missing", "wrong"):
        if probe.subject == "unknown" and status == 404:
            return None  # the id was what was refused: where nobody is asked for a key, that is told as such
        return 401, (_MISSING if probe.credential == "missing" else _WRONG)()
    if probe.subject == "unknown" and probe.credential == "valid":
        return 404, _UNKNOWN()
    return None


def _is_success(observation: Observation) -> bool:
    return is_read(observation) and 200 <= (observation.exchange.status or 0) < 300


def _names_a_file(observation: Observation) -> bool:
    return _is_success(observation) and any(at(observation.batch, pointer) is not None for pointer in _FILES)


def _is_error(observation: Observation) -> bool:
    return is_read(observation) and not _is_success(observation)


def _is_of_a_case(observation: Observation) -> bool:
    return _is_error(observation) and case_of(observation) is not None


NO_BATCH = Rule(
    id="client.no_batch",
    title="OpenAI's client returns something else than a batch",
    level="info",
    side="server",
    why="`client.batches.retrieve` raises nothing for a text, a list or null with status 200: it returns that, "
    "and the next line fails on it.",
    remedy="Answer with a JSON object and `Content-Type: application/json`; in the client, check the type first.",
    source=_TYPES,
    breaks="200 text/html <html>: a str, and `batch.status` raises AttributeError",
    keeps='200 {"id": "batch_a", "status": "completed"}: a Batch',
    clauses=always(Template("client.no_batch.clause", "OpenAI's client returns a batch for a success")),
    exercised=_is_success,
    looks_at="run",
    highlight=at_pointer,
    only_with="client",
    covers=(("OpenAI's client", "gets a batch"),),
)

RAISES = Rule(
    id="client.raises",
    title="OpenAI's client fails on a success, with an error that is not its own",
    level="info",
    side="server",
    why="`except openai.OpenAIError` does not catch what reading the body raises, so the program ends there.",
    remedy="Send one whole JSON text in UTF-8; in the client, catch ValueError too.",
    source=_BASE,
    breaks="200 with an empty body: json.JSONDecodeError",
    keeps='404 {"error": {"message": "No such batch"}}: openai.NotFoundError',
    clauses=always(Template("client.raises.clause", "OpenAI's client can read every success")),
    exercised=_is_success,
    looks_at="run",
    highlight=at_pointer,
    only_with="client",
    covers=(("OpenAI's client", "does not raise"),),
)

FIELD = Rule(
    id="client.field",
    title="A value breaks a line that OpenAI's client says is right",
    level="info",
    side="server",
    why="The client does not check what it is sent: it types the attribute one way and holds another, and a line "
    "that every type checker passes fails when it is run.",
    remedy="Send what OpenAI's type says, or tell users of that client to look before they read the attribute.",
    source=_TYPES,
    breaks='{"errors": []}: `batch.errors.data` raises AttributeError',
    keeps='{"errors": null}',
    clauses=always(Template("client.field.clause", "lines that are right by the client's types run")),
    exercised=_is_success,
    looks_at="run",
    highlight=at_pointer,
    only_with="client",
    covers=(("OpenAI's client", "knows the fields"),),
)

POLLING = Rule(
    id="client.polling",
    title="A loop that waits for the batch takes its state wrongly",
    level="info",
    side="server",
    why="Loops are written over the eight states that the client types. One that waits while the state is a "
    "running one ends at any other word; one that waits until it is a final one never ends on another word for it.",
    remedy="Send one of OpenAI's words, or tell users of that client which further ones there are.",
    source=_TYPES,
    breaks='{"status": "in_queue"}',
    keeps='{"status": "validating"}',
    clauses=always(Template("client.polling.clause", "loops over the client's states wait as long as they should")),
    exercised=_is_success,
    looks_at="run",
    highlight=at_pointer,
    only_with="client",
    covers=(("OpenAI's client", "stops polling"),),
)

FILE_ID = Rule(
    id="client.file_id",
    title="A file cannot be fetched by what stands for its id",
    level="info",
    side="server",
    why="`client.files.content` puts the id into a path: with a URL it asks for a path that nobody serves, and "
    "with an empty string it raises ValueError.",
    remedy="Send the id of a file, or null; with a URL, tell users to fetch it as it is.",
    source="OpenAI's Python client, src/openai/resources/files.py",
    breaks='{"output_file_id": "https://files.example.com/a.jsonl?sig=1"}',
    keeps='{"output_file_id": "file-abc123"}',
    clauses=always(Template("client.file_id.clause", "files are fetched by their ids")),
    exercised=_names_a_file,
    looks_at="run",
    highlight=at_pointer,
    only_with="client",
    covers=(("OpenAI's client", "finds files"),),
)

STRICT = Rule(
    id="client.strict",
    title="OpenAI's client, told to validate, refuses the batch",
    level="info",
    side="server",
    why="With `_strict_response_validation=True` every answer is checked against the client's types, as are those "
    "that pass through `openai.types.Batch.model_validate`, which gateways use.",
    remedy="Send what OpenAI's type says, or leave the strict mode off with this vendor.",
    source=_TYPES,
    breaks='{"request_counts": {}}: openai.APIResponseValidationError',
    keeps='{"request_counts": {"total": 1, "completed": 1, "failed": 0}}',
    clauses=always(Template("client.strict.clause", "the client's strict mode accepts the batch")),
    exercised=_is_success,
    looks_at="run",
    highlight=at_pointer,
    only_with="client",
    covers=(("OpenAI's client", "validates"),),
)

ERROR_CLASS = Rule(
    id="client.error_class",
    title="OpenAI's client raises another error than the case calls for",
    level="info",
    side="server",
    why="The class of the error is chosen by the status alone, and programs tell an unknown batch and a wrong key "
    "by that class.",
    remedy="Answer 404 for an id that nobody has, and 401 for a credential that is missing or wrong.",
    source=_ERRORS,
    breaks="400 for an id that nobody has: openai.BadRequestError",
    keeps="404 for an id that nobody has: openai.NotFoundError",
    clauses=always(Template("client.error_class.clause", "the client raises the error that the case calls for")),
    exercised=_is_of_a_case,
    looks_at="run",
    highlight=at_status,
    only_with="client",
    covers=(("OpenAI's client", "raises the class"),),
)

ERROR_DETAIL = Rule(
    id="client.error_detail",
    title="The error of OpenAI's client does not say what the server said",
    level="info",
    side="server",
    why="The client takes its message from an object's `error.message` or `message`. What stands anywhere else is "
    "in `error.body` alone, and no log shows it.",
    remedy='Send {"error": {"message": …}}, or tell users of that client to log `error.body`.',
    source=_BASE,
    breaks='401 "Invalid token": the message is "Error code: 401"',
    keeps='401 {"error": {"message": "Invalid token"}}: the message has the words',
    clauses=always(Template("client.error_detail.clause", "the client's error says what the server said")),
    exercised=_is_error,
    looks_at="run",
    highlight=at_pointer,
    only_with="client",
    covers=(("OpenAI's client", "knows why"),),
)

RULES = (NO_BATCH, RAISES, FIELD, POLLING, FILE_ID, STRICT, ERROR_CLASS, ERROR_DETAIL)

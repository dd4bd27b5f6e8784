"""Rules about what OpenAI's own client makes of the answers: told to those who use it, and failing nothing."""

from __future__ import annotations

from batch_conformance.findings.rules.rule import Rule

_TYPES = "OpenAI's Python client, src/openai/types/batch.py"
_BASE = "OpenAI's Python client, src/openai/_base_client.py"
_ERRORS = "OpenAI's Python client, src/openai/_exceptions.py"

RULES = (
    Rule(
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
        looks_at="run",
    ),
    Rule(
        id="client.raises",
        title="OpenAI's client fails on a success, with an error that is not its own",
        level="info",
        side="server",
        why="`except openai.OpenAIError` does not catch what reading the body raises, so the program ends there.",
        remedy="Send one whole JSON text in UTF-8; in the client, catch ValueError too.",
        source=_BASE,
        breaks="200 with an empty body: json.JSONDecodeError",
        keeps='404 {"error": {"message": "No such batch"}}: openai.NotFoundError',
        looks_at="run",
    ),
    Rule(
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
        looks_at="run",
    ),
    Rule(
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
        looks_at="run",
    ),
    Rule(
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
        looks_at="run",
    ),
    Rule(
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
        looks_at="run",
    ),
    Rule(
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
        looks_at="run",
    ),
    Rule(
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
        looks_at="run",
    ),
)

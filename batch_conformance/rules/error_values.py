"""Rules about what the body of an error says: a success, or a text that is JSON itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from batch_conformance.message import Private, Template, shown
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.highlight import at_pointer
from batch_conformance.rules.json_text import documented_body
from batch_conformance.rules.refusal import is_turned_away
from batch_conformance.rules.requests import gets_an_error
from batch_conformance.rules.rule import Broken, Rule, always

_MEANS_SUCCESS: Mapping[str, tuple[Any, ...]] = {
    "code": (0, 200, 20000, "0", "200", "ok", "OK", "success", "SUCCESS"),
    "success": (True,),
    "status": (200, "ok", "OK", "success"),
}
"""What envelopes say of a success; a status of an error may be anything else."""

_OF_AN_ERROR = Template("error.success_code.expected", "what says that it is an error, as the status is {status}")
_A_TEXT = Template("error.json_in_string.expected", "a text, or JSON as it is")
_JSON = Template("error.json_in_string.observed", "JSON written as a text: {text}")
_LARGEST = 65536


def _error_value(observation: Observation) -> Any:
    """The value of the body of a 4xx that is as documented; None where it is not, or its sender is another one."""
    answer = observation.answer
    if answer is None or not 400 <= answer.status < 500 or is_turned_away(observation):
        return None
    parsed, content = documented_body(observation), observation.content
    if parsed is None or content is None or observation.mismatch or len(answer.body) > _LARGEST:
        return None
    return None if any(not one.pointer for one in content.violations) else content.value


def _check_code(observation: Observation) -> Iterator[Broken]:
    value = _error_value(observation)
    for name, words in _MEANS_SUCCESS.items() if isinstance(value, Mapping) else ():
        said = value.get(name)
        if any(said == word and type(said) is type(word) for word in words):
            status = observation.answer.status if observation.answer else 0
            observed = shown(Private(json.dumps(said)))
            here = observation.contract_media_type
            yield Broken(_OF_AN_ERROR(status=status), observed, "success", media_type=here, pointer=f"/{name}")
            return


def _check_nested(observation: Observation) -> Iterator[Broken]:
    value = _error_value(observation)
    texts = {"": value} if isinstance(value, str) else {}
    if isinstance(value, Mapping):
        texts = {f"/{name}": value[name] for name in ("message", "detail", "error") if isinstance(value.get(name), str)}
    for pointer, text in texts.items():
        if _is_json(text):
            observed = _JSON(text=Private(" ".join(text.split())[:60]))
            yield Broken(_A_TEXT(), observed, "nested", media_type=observation.contract_media_type, pointer=pointer)
            return


def _is_json(text: str) -> bool:
    """Whether the whole of a text is an object or an array of JSON."""
    if text.strip()[:1] not in ("{", "["):
        return False
    try:
        return bool(json.loads(text))
    except (ValueError, RecursionError):
        return False


def _is_client_error(observation: Observation) -> bool:
    return _error_value(observation) is not None


SUCCESS_CODE = Rule(
    id="error.success_code",
    title="The body of an error says that all went well",
    level="info",
    side="server",
    why="Clients that read the body and not the status go on with a batch that they did not get.",
    remedy="Send the code of the error in the body, or none.",
    source="RFC 9110 section 15.5: the content of a 4xx explains the error",
    breaks='404 {"code": 0, "message": "ok", "data": null}',
    keeps='404 {"code": 20012, "message": "no such batch", "data": null}',
    clauses=always(Template("error.success_code.clause", "the body of an error does not say success")),
    exercised=_is_client_error,
    check=_check_code,
    looks_at="values",
    kept_by_plain_reads=True,
    highlight=at_pointer,
    requests=gets_an_error,
    covers=(("error bodies", "no code of success"),),
)

JSON_IN_STRING = Rule(
    id="error.json_in_string",
    title="The text of an error is JSON that was written as a text",
    level="info",
    side="server",
    why="Clients show people braces and quotes; those that want the code in it have to parse twice.",
    remedy="Pass on the message that another service gave, or its JSON as JSON: encode once.",
    source="RFC 8259 section 7: a string in JSON is a text",
    breaks='404 "{\\"message\\": \\"no such batch\\"}"',
    keeps='404 "no such batch: {x}"',
    clauses=always(Template("error.json_in_string.clause", "the text of an error is no JSON in a text")),
    exercised=_is_client_error,
    check=_check_nested,
    looks_at="values",
    kept_by_plain_reads=True,
    highlight=at_pointer,
    requests=gets_an_error,
    covers=(("error bodies", "no JSON in a string"),),
)

RULES = (SUCCESS_CODE, JSON_IN_STRING)

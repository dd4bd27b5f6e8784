"""The OpenAPI document that describes what was observed, and no more than that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import yaml

from batch_conformance.infer.paths import Path, base_path, templates
from batch_conformance.infer.traffic import METHODS, ObservedApi, ObservedOperation, ObservedResponse, merged
from batch_conformance.infer.value import OBSERVED

_LEAST_OF_A_HEADER = 20
"""Responses that had a header, at least, for it to be declared as always there."""
_BEARER = {"type": "http", "scheme": "bearer"}
_SCHEMES: Mapping[str, Mapping[str, str]] = {"bearer": _BEARER, "basic": {"type": "http", "scheme": "basic"}}


def document_of(api: ObservedApi, title: str) -> dict[str, Any]:
    """An OpenAPI 3.1 document. ``x-observed`` says at each place how often it was seen."""
    base = base_path(api.operations)
    of = templates({path[len(base) :]: ok for path, ok in api.succeeded.items()}, _below(api.values, len(base)))
    grouped: dict[Path, dict[str, list[ObservedOperation]]] = {}
    for path, methods in api.operations.items():
        together = grouped.setdefault(of[path[len(base) :]], {})
        for method, operation in methods.items():
            together.setdefault(method, []).append(operation)
    schemes: Counter[str] = Counter()
    paths: dict[str, Any] = {}
    for template, group in sorted(grouped.items()):
        item: dict[str, Any] = {}
        for method in METHODS:
            if method in group:
                operation = merged(group[method])
                schemes += operation.schemes
                item[method] = _operation(method, template, operation)
        paths["/" + "/".join(template)] = item
    prefix = "/" + "/".join(base) if base else ""
    servers = [{"url": origin + prefix} for origin, _ in api.origins.most_common() if origin]
    named = {_scheme_name(scheme): _scheme(scheme) for scheme in sorted(schemes) if scheme}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "observed"},
        "servers": servers or [{"url": prefix or "/"}],
        "paths": paths,
        **({"components": {"securitySchemes": named}} if named else {}),
    }


def as_yaml(document: Mapping[str, Any], comment: Iterable[str]) -> str:
    """The document as YAML below lines of comment, evidence and empty values on one line each."""
    lines = "".join(f"# {line}\n" for line in comment)
    return lines + yaml.dump(dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


class _Dumper(yaml.SafeDumper):
    """Writes mappings of plain numbers on one line, and nothing by reference."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Whether to write a value in full where it was written before; always."""
        return True


def _represent(dumper: yaml.SafeDumper, value: dict[str, Any]) -> yaml.Node:
    is_evidence = bool(value) and all(isinstance(one, int) for one in value.values())
    return dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=is_evidence)


_Dumper.add_representer(dict, _represent)


def _operation(method: str, template: Path, observed: ObservedOperation) -> dict[str, Any]:
    words = [segment.strip("{}") for segment in template]
    path = [
        {"name": segment[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
        for segment in template
        if segment.startswith("{")
    ]
    query = [
        {
            "name": name,
            "in": "query",
            "schema": {"type": "integer" if set(kinds) == {"integer"} else "string"},
            OBSERVED: {"seen": kinds.total(), "of": observed.count},
        }
        for name, kinds in sorted(observed.parameters.items())
    ]
    security: list[dict[str, list[str]]] = [{_scheme_name(scheme): []} for scheme in sorted(observed.schemes) if scheme]
    if security and observed.schemes[""]:
        security.append({})
    return {
        "operationId": "_".join([method, *words]).replace("-", "_"),
        **({"parameters": [*path, *query]} if path or query else {}),
        **({"security": security} if security else {}),
        "responses": {str(status): _response(status, one) for status, one in sorted(observed.responses.items())},
        OBSERVED: {"seen": observed.count},
    }


def _response(status: int, observed: ObservedResponse) -> dict[str, Any]:
    content: dict[str, Any] = {
        media_type: {"schema": value.schema(), OBSERVED: {"seen": value.count, "of": observed.count}}
        for media_type, value in sorted(observed.bodies.items())
    }
    for media_type in sorted(observed.unread):
        content.setdefault(media_type, {})
    always = observed.lasting_headers if observed.with_headers >= _LEAST_OF_A_HEADER else ()
    headers = {name: {"required": True, "schema": {"type": "string"}} for name in always}
    return {
        "description": _phrase(status),
        **({"headers": headers} if headers else {}),
        **({"content": content} if content else {}),
        OBSERVED: {"seen": observed.count},
    }


def _below(values: Mapping[Path, set[int]], depth: int) -> dict[Path, set[int]]:
    return {path[depth:]: {index - depth for index in places} for path, places in values.items()}


def _scheme_name(scheme: str) -> str:
    return scheme if scheme in _SCHEMES else "api_key_" + scheme.replace("-", "_")


def _scheme(scheme: str) -> dict[str, str]:
    return dict(_SCHEMES.get(scheme) or {"type": "apiKey", "in": "header", "name": scheme})


def _phrase(status: int) -> str:
    """The reason phrase of a status (RFC 9110 section 15)."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"

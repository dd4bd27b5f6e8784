"""What a document says of the bodies of requests."""

from __future__ import annotations

from collections.abc import Mapping

from batch_conformance.contract.document import Document
from batch_conformance.contract.error import ContractError
from batch_conformance.contract.operation import Operation
from batch_conformance.contract.pointer import join
from batch_conformance.contract.reference import follow

_FORM = "multipart/form-data"


def request_media_types(document: Document, operation: Operation) -> tuple[str, ...]:
    """The media types that the body of a request may have, in lower case; none where the document says none."""
    try:
        body, _ = follow(document, join(operation.location.pointer, "requestBody"))
    except ContractError:
        return ()
    content = body.get("content")
    kinds = content if isinstance(content, Mapping) else {}
    return tuple(str(kind).partition(";")[0].strip().lower() for kind in kinds)


def takes_form(document: Document, operation: Operation) -> bool:
    """Whether a file may be sent as the part of a form, as far as the document says."""
    kinds = request_media_types(document, operation)
    return not kinds or any(kind in (_FORM, "multipart/*", "*/*") for kind in kinds)

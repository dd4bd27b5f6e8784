"""Pure outages: nothing can be said of the contract while they last."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from batch_conformance.mock import pages
from batch_conformance.mock.changes import NGINX, answering, sending, with_wire
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply

_UNTOLD = {**pages.TOO_BUSY.body, "data": ""}
_DOWN = "RFC 9110 section 15.6: the server is aware that it has erred"


def _to_all(change: Callable[[Reply], Reply], begins: int = 0) -> Apply:
    """Changes every reply, from a request on."""
    return lambda received, reply: change(reply) if received.number > begins else reply


_outage = partial(Drift, rule="", status="", pointer="", verdict="inconclusive", group="outage", whole=True)

OUTAGES: tuple[Drift, ...] = (
    _outage("overloaded", "everything is answered with 503", source=pages.TOO_BUSY.source, stage="answer",
            apply=_to_all(answering(503, _UNTOLD))),
    _outage("overloaded_later", "from the 40th request on everything is answered with 503",
            source=pages.TOO_BUSY.source, stage="answer", apply=_to_all(answering(503, _UNTOLD), 40)),
    _outage("bad_gateway", "everything is a gateway's page with 502", source=_DOWN, stage="answer",
            apply=_to_all(lambda reply: sending(NGINX, "text/html")(answering(502)(reply)))),
    _outage("gateway_timeout", "everything is answered with 504", source=_DOWN, stage="answer",
            apply=_to_all(answering(504, pages.GATEWAY_TIMEOUT))),
    _outage("server_error", "everything is answered with 500", source=_DOWN, stage="answer",
            apply=_to_all(answering(500, {**pages.SERVER_ERROR.body, "data": ""}))),
    _outage("limited", "everything is answered with 429", source=pages.RATE_LIMITED.source, stage="answer",
            apply=_to_all(answering(429, {**pages.RATE_LIMITED.body, "data": ""}, ("Retry-After", "0")))),
    _outage("limited_later", "from the 30th request on everything is answered with 429",
            source=pages.RATE_LIMITED.source, stage="answer",
            apply=_to_all(answering(429, {**pages.RATE_LIMITED.body, "data": ""}, ("Retry-After", "0")), 30)),
    _outage("refusals_limited", "credentials that must be refused are answered with 429",
            source=pages.RATE_LIMITED.source, stage="answer",
            apply=lambda received, reply: answering(
                429, {**pages.RATE_LIMITED.body, "data": ""}, ("Retry-After", "0")
            )(reply) if received.credential != "valid" else reply),
    _outage("silent", "nothing is ever answered", source="the service is down", stage="wire",
            apply=_to_all(with_wire(sends="nothing")), silent=True),
    _outage("silent_later", "from the 50th request on nothing is answered", source="the service is down", stage="wire",
            apply=_to_all(with_wire(sends="nothing"), 50), silent=True),
    _outage("dropping", "every connection is dropped", source="the service is down", stage="wire",
            apply=_to_all(with_wire(sends="reset"))),
    _outage("other_key", "no key is accepted", source="the key is of another host: chatboxai/chatbox#2573",
            stage="answer", apply=lambda received, reply: received.refused() if received.credential == "valid" else reply),
    _outage("other_account", "none of the ids is known", source="the ids are of another account, or expired after 30 "
            "days: the vendor's guide", stage="answer",
            apply=lambda received, reply: answering(404, pages.NOT_FOUND.body)(reply) if reply.status == 200 else reply),
)  # fmt: skip
"""Every pure outage."""

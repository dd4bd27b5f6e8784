"""Rules about who gets which batch: runs that break each of them, and near misses that keep it."""

from __future__ import annotations

from collections.abc import Mapping

from judge_cases import GOOD, HOSTILE, Case, batch
from judge_support import CHALLENGE, KNOWN, OTHER, UNKNOWN, refused, sent, unknown

ODD = {"code": 1, "message": "m", "data": None}

CASES: Mapping[str, Case] = {
    "auth.missing_accepted": Case(
        breaks=(
            *((batch(credential=kind),) for kind in ("missing", "empty", "empty_header")),
            (GOOD, sent(b"", method="HEAD", credential="missing")),
        ),
        keeps=((refused(),), (refused(ODD, 400, credential="empty"),)),
    ),
    "auth.wrong_token_accepted": Case(
        breaks=tuple(
            (batch(credential=kind),) for kind in ("wrong", "nearly", "nearly_cut", "nearly_longer", "other_case")
        ),
        keeps=((refused(credential="wrong"),), (batch(credential="missing"), batch(credential="wrong"))),
    ),
    "auth.scheme_accepted": Case(
        breaks=tuple(
            (batch(credential=kind),) for kind in ("malformed", "no_scheme", "wrong_scheme", "wrong_scheme_token")
        ),
        keeps=((refused(credential="no_scheme"),), (batch(credential="wrong"), batch(credential="no_scheme"))),
    ),
    "auth.elsewhere_accepted": Case(
        breaks=tuple((batch(credential=kind),) for kind in ("elsewhere_header", "elsewhere_query")),
        keeps=(
            (refused(credential="elsewhere_header"),),
            (batch(credential="missing"), batch(credential="elsewhere_header")),
        ),
    ),
    "auth.checked_late": Case(
        breaks=(
            (unknown(credential="missing"), refused()),
            (unknown({"code": 1}, 410, credential="wrong"), refused(credential="nearly")),
        ),
        keeps=(
            (unknown(), refused()),
            (GOOD, unknown(), unknown(credential="missing"), refused("404 page not found", 404)),
            (unknown(credential="missing"), unknown()),
            (batch(credential="missing"), unknown(credential="missing")),
            (refused(), sent(b"", 404, method="HEAD", credential="missing")),
            (refused(subject="unknown", batch_id=UNKNOWN), refused()),
        ),
        alone=False,
    ),
    "auth.not_401": Case(
        breaks=(
            (refused("Forbidden", 403),),
            (refused(ODD, 400, credential="wrong"),),
            (GOOD, refused("404 page not found", 404), unknown(credential="missing"), unknown()),
            (GOOD, refused(ODD, 400, credential="wrong"), unknown(ODD, 400)),
            (batch(credential="also_in_query"), refused(ODD, 400, credential="elsewhere_query")),
        ),
        keeps=(
            (refused(),),
            (refused("busy", 429),),
            (refused({"message": "m"}, 500),),
            (refused({"message": "m"}, 501),),
            (sent("Forbidden", 403),),
            (sent(ODD, 400), refused(ODD, 400)),
            (GOOD, unknown(ODD, 400), unknown(ODD, 400, credential="wrong")),
            (GOOD, refused(ODD, 400, credential="elsewhere_query")),
            (GOOD, sent(ODD, 400, credential="also_in_query"), refused(ODD, 400, credential="elsewhere_query")),
        ),
    ),
    "auth.lower_case_refused": Case(
        breaks=(
            (GOOD, refused(credential="lower_case_scheme"), GOOD),
            (refused("Forbidden", 403, credential="lower_case_scheme"), unknown()),
        ),
        keeps=(
            (GOOD, refused(credential="lower_case_scheme")),
            (sent("Forbidden", 403), refused("Forbidden", 403, credential="lower_case_scheme"), GOOD),
            (GOOD, batch(credential="lower_case_scheme")),
            (refused(credential="valid"), refused(credential="lower_case_scheme")),
        ),
    ),
    "auth.valid_refused": Case(
        breaks=((GOOD, unknown("Invalid token", 401, headers=(CHALLENGE,))), (unknown(), refused(credential="valid"))),
        keeps=(
            (refused(credential="valid"), unknown("Invalid token", 401, headers=(CHALLENGE,))),
            (GOOD, refused(credential="valid", forced=401)),
        ),
    ),
    "auth.challenge_missing": Case(
        breaks=((refused(headers=()),), (refused(headers=(("WWW-Authenticate", " "),)),)),
        keeps=(
            (refused(),),
            (refused(headers=(("WWW-Authenticate", ""), CHALLENGE)),),
            (refused("Forbidden", 403, credential="valid"),),
        ),
    ),
    "identity.other_batch": Case(
        breaks=((batch({"id": OTHER}),), (batch({"id": OTHER}, subject="equivalent"),)),
        keeps=((GOOD,), (batch({"id": OTHER}, forced=200),)),
    ),
    "identity.unknown_answered": Case(
        breaks=(
            (GOOD, batch({"id": UNKNOWN}, subject="unknown", batch_id=UNKNOWN)),
            (GOOD, batch(**HOSTILE)),
            (GOOD, batch(subject="hostile", batch_id="a/b")),
            (GOOD, batch(subject="hostile", batch_id="h" * 61)),
            (GOOD, sent({"object": "list", "data": []}, subject="hostile", batch_id="list")),
            (GOOD, batch(subject="hostile", batch_id="latest")),
        ),
        keeps=(
            (GOOD, unknown()),
            (GOOD, batch(subject="unknown", forced=200)),
            (GOOD, unknown("Forbidden", 403)),
            (GOOD, batch({"id": "2147483648"}, subject="hostile", batch_id="2147483648")),
        ),
    ),
    "identity.neighbour_answered": Case(
        breaks=(
            (GOOD, batch(subject="neighbour", batch_id=KNOWN.upper())),
            (GOOD, batch(subject="neighbour", batch_id=KNOWN + "a"), batch(subject="hostile", batch_id=KNOWN + "/")),
            (
                GOOD,
                batch(subject="neighbour", batch_id=KNOWN + "a"),
                batch(subject="hostile", batch_id=f"{KNOWN}/../{KNOWN}"),
            ),
        ),
        keeps=(
            (GOOD, unknown(subject="neighbour", batch_id=KNOWN.upper())),
            (GOOD, batch(subject="unknown", batch_id="any"), batch(subject="neighbour", batch_id=KNOWN.upper())),
            (GOOD, batch(subject="neighbour", batch_id=f"{KNOWN};v=1")),
        ),
    ),
    "identity.path_variant_answered": Case(
        breaks=(
            (GOOD, batch(subject="neighbour", batch_id=f"{KNOWN};v=1")),
            (GOOD, batch(subject="outside", path=f"/batches/{KNOWN}/")),
            (GOOD, batch(subject="outside", path=f"/BATCHES/{KNOWN}")),
            (GOOD, batch(subject="outside", path=f"/batches;v=1/{KNOWN}")),
            (GOOD, batch(subject="outside", path=f"/batches/{KNOWN}/x")),
        ),
        keeps=(
            (GOOD, unknown(subject="outside", batch_id=KNOWN, path=f"/batches/{KNOWN}/")),
            (GOOD, sent({"data": []}, subject="outside", path=f"/batches/{KNOWN}/")),
            (GOOD, batch({"id": OTHER}, subject="outside", path=f"/batches/{KNOWN}/x")),
            (GOOD, batch(subject="outside", path=f"/batches/{KNOWN}")),
            (GOOD, batch(subject="unknown", batch_id="any"), batch(subject="outside", path=f"/batches/{KNOWN}/")),
        ),
    ),
    "identity.traversal_answered": Case(
        breaks=(
            (GOOD, batch(subject="hostile", batch_id=f"x/../{KNOWN}")),
            (GOOD, batch(subject="outside", path=f"/batches/x/..;/{KNOWN}")),
        ),
        keeps=(
            (GOOD, unknown(subject="hostile", batch_id=f"x/../{KNOWN}")),
            (GOOD, batch(subject="hostile", batch_id="x..y")),
            (GOOD, batch({"id": OTHER}, subject="outside", path=f"/batches/x/..;/{KNOWN}")),
            (
                GOOD,
                batch(subject="neighbour", batch_id=KNOWN + "a"),
                batch(subject="hostile", batch_id=f"{KNOWN}/../{KNOWN}"),
            ),
        ),
    ),
    "identity.spelling_redirected": Case(
        breaks=tuple(
            (GOOD, sent(b"", status, subject="equivalent", headers=(("Location", f"/v1/batches/{KNOWN}"),)))
            for status in (301, 308)
        ),
        keeps=(
            (GOOD, unknown(subject="equivalent", batch_id=KNOWN)),
            (GOOD, sent(b"", 301, subject="equivalent", headers=(("Location", f"/v1/batches/{OTHER}"),))),
            (GOOD, sent(b"", 301, headers=(("Location", f"/v1/batches/{KNOWN}"),))),
            (GOOD, sent(b"", 301, subject="equivalent", headers=(("Location", "http://["),))),
            (GOOD, sent(b"", 301, subject="equivalent")),
        ),
    ),
    "identity.list_answered": Case(
        breaks=((GOOD, sent({"object": "list", "data": []}, subject="outside", batch_id=None)),),
        keeps=((GOOD, unknown(subject="outside", batch_id=None)), (GOOD, batch(subject="outside", batch_id=KNOWN))),
    ),
    "security.key_reflected": Case(
        breaks=((unknown(reflections=("body",)),), (GOOD, batch(reflections=("header X-Debug",)))), keeps=((GOOD,),)
    ),
    "security.header_injected": Case(
        breaks=(
            (unknown(subject="hostile", batch_id="x\r\nX-Injected: 1", headers=(("x-injected", "1"),)),),
            (GOOD, batch(subject="hostile", batch_id="x\nA: 1\nSet-Cookie: a=b", headers=(("Set-Cookie", "a=b"),))),
        ),
        keeps=(
            (unknown(subject="hostile", batch_id="x\r\nX-Injected: 1"),),
            (unknown(subject="hostile", batch_id="x\r\nX-Injected: 1", headers=(("X-Injected", "2"),)),),
            (unknown(subject="hostile", batch_id="X-Injected: 1", headers=(("X-Injected", "1"),)),),
        ),
        alone=False,
    ),
}

"""What is known of the vendors, as text for a terminal and as the page ``docs/VENDORS.md``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batch_conformance.exchange.profile import Profile

_HEADING = """# Vendors

What is known of each vendor of this API, and where it is written. Every profile is a file in `spec/profiles`, checked
against `profile.schema.json`; adding a vendor is adding a file. What is not listed is not known.

This page is made by `batch-conformance vendors --markdown` from those files.
"""
_OF_THE_FORM = {"bearer": "`Authorization: Bearer KEY`", "none": "asks for no key"}


def listing(profiles: Sequence[Profile]) -> Iterator[str]:
    """One line for each vendor: name, contract, address, and what is special about it."""
    width = max((len(profile.name) for profile in profiles), default=0)
    form = max((len(profile.contract) for profile in profiles), default=0)
    for profile in profiles:
        address = profile.base_url or f"{profile.example_url} (your own)"
        other = "; another object" if profile.another_object else ""
        yield f"{profile.name:<{width}}  {profile.contract:<{form}}  {profile.title}: {address}{other}"


def details(profile: Profile) -> Iterator[str]:
    """Everything about one vendor, a line for each fact with its source."""
    yield f"{profile.name}: {profile.title}"
    for what, says, source in _rows(profile):
        yield f"  {what}: {says}"
        yield f"      source: {source}"


def page(profiles: Sequence[Profile]) -> str:
    """The whole page, in Markdown."""
    parts = [_HEADING, _table(profiles)]
    parts += [_section(profile) for profile in profiles]
    return "\n".join(parts)


def _table(profiles: Sequence[Profile]) -> str:
    lines = ["| vendor | base URL | credential | held to | list | object |", "|---|---|---|---|---|---|"]
    for profile in profiles:
        cells = (
            f"[{profile.title}](#{_anchor(profile)})",
            f"`{profile.base_url or profile.example_url}`" + ("" if profile.base_url else " (your own)"),
            _credential(profile) or "not known",
            " + ".join((profile.contract, *profile.overlays)),
            "not known" if profile.listing is None else f"`{profile.listing.path}`" if profile.listing.path else "none",
            "another" if profile.another_object else "the contract's",
        )
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join((*lines, ""))


def _section(profile: Profile) -> str:
    lines = [f"## {profile.title}", "", f"`--vendor {profile.name}`", ""]
    lines += ["| what | is known | written in |", "|---|---|---|"]
    lines += [f"| {_cell(what)} | {_cell(says)} | {_cell(source)} |" for what, says, source in _rows(profile)]
    return "\n".join((*lines, ""))


def _rows(profile: Profile) -> Iterator[tuple[str, str, str]]:
    """What, what is known of it, and where it is written."""
    where = f"`{profile.base_url}`" if profile.base_url else f"like `{profile.example_url}`"
    yield "base URL", where, profile.address_source
    if profile.path:
        yield "path", f"`{profile.path}`", profile.address_source
    if profile.query or profile.headers:
        sent = [f"{name}: {value}" for name, value in profile.headers] + (
            [f"?{profile.query}"] if profile.query else []
        )
        yield "sent with every request", ", ".join(f"`{one}`" for one in sent), profile.address_source
    if profile.auth:
        yield "credential", _credential(profile), profile.auth_source
    yield "contract", " + ".join((profile.contract, *profile.overlays)), profile.contract_source
    if profile.another_object:
        yield "object", profile.another_object, profile.contract_source
    if profile.id_source:
        shown = [f"`{profile.id_pattern}`"] if profile.id_pattern else []
        shown += [f"such as `{example}`" for example in profile.id_examples]
        yield "ids", ", ".join(shown), profile.id_source
    if profile.listing:
        yield "list", f"`{profile.listing.path}`" if profile.listing.path else "none", profile.listing.source
    if profile.create_source:
        asked = [one for one in (profile.create_endpoint, profile.create_window) if one]
        yield "a batch is made with", ", ".join(f"`{one}`" for one in asked), profile.create_source
    for status, fact in sorted(profile.reach.items()):
        yield f"to be given {status}", fact.says, fact.source
    if profile.rate_limit:
        yield "rate limit", profile.rate_limit, profile.rate_source
    for known in profile.deviations:
        kind = f"({known.kind})" if known.kind else ""
        place = " ".join(filter(None, (known.status, known.pointer, kind)))
        yield "known deviation", f"`{known.rule}` at {place or 'any place'}: {known.reason}", known.source
    for fact in profile.facts:
        yield "besides", fact.says, fact.source


def _credential(profile: Profile) -> str:
    if profile.auth == "header":
        return f"`{profile.auth_header}: KEY`"
    return _OF_THE_FORM.get(profile.auth or "", "")


def _anchor(profile: Profile) -> str:
    """The anchor that GitHub makes of a heading."""
    kept = "".join(sign for sign in profile.title.lower() if sign.isalnum() or sign in " -_")
    return kept.replace(" ", "-")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

"""What is known of the vendors, as text for a terminal and as the page ``docs/VENDORS.md``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batch_conformance.exchange.profile import Profile
from batch_conformance.report.language import ENGLISH, Language, translatable

_HEADING = translatable("""# Vendors

What is known of each vendor of this API, and where it is written. Every profile is a file in `spec/profiles`, checked
against `profile.schema.json`; adding a vendor is adding a file. What is not listed is not known.

This page is made by `batch-conformance vendors --markdown` from those files.
""")
_OF_THE_FORM = {"bearer": "`Authorization: Bearer KEY`", "none": translatable("asks for no key")}


def listing(profiles: Sequence[Profile], language: Language = ENGLISH) -> Iterator[str]:
    """One line for each vendor: name, contract, address, and what is special about it."""
    width = max((len(profile.name) for profile in profiles), default=0)
    form = max((len(profile.contract) for profile in profiles), default=0)
    for profile in profiles:
        address = profile.base_url or language.text("{address} (your own)", address=profile.example_url)
        other = language.text("; another object") if profile.another_object else ""
        yield f"{profile.name:<{width}}  {profile.contract:<{form}}  {profile.title}: {address}{other}"


def details(profile: Profile, language: Language = ENGLISH) -> Iterator[str]:
    """Everything about one vendor, a line for each fact with its source."""
    yield f"{profile.name}: {profile.title}"
    for what, says, source in _rows(profile, language):
        yield f"  {what}: {says}"
        yield "      " + language.text("source: {source}", source=source)


def page(profiles: Sequence[Profile], language: Language = ENGLISH) -> str:
    """The whole page, in Markdown."""
    parts = [language.text(_HEADING), _table(profiles, language)]
    parts += [_section(profile, language) for profile in profiles]
    return "\n".join(parts)


def _table(profiles: Sequence[Profile], language: Language) -> str:
    text = language.text
    lines = [text("| vendor | base URL | credential | held to | list | object |"), "|---|---|---|---|---|---|"]
    unknown, none = text("not known"), text("none")
    for profile in profiles:
        own = text("`{address}` (your own)", address=profile.example_url)
        cells = (
            f"[{profile.title}](#{_anchor(profile)})",
            f"`{profile.base_url}`" if profile.base_url else own,
            _credential(profile, language) or unknown,
            " + ".join((profile.contract, *profile.overlays)),
            unknown if profile.listing is None else f"`{profile.listing.path}`" if profile.listing.path else none,
            text("another") if profile.another_object else text("the contract's"),
        )
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join((*lines, ""))


def _section(profile: Profile, language: Language) -> str:
    lines = [f"## {profile.title}", "", f"`--vendor {profile.name}`", ""]
    lines += [language.text("| what | is known | written in |"), "|---|---|---|"]
    lines += [f"| {_cell(what)} | {_cell(says)} | {_cell(source)} |" for what, says, source in _rows(profile, language)]
    return "\n".join((*lines, ""))


def _rows(profile: Profile, language: Language) -> Iterator[tuple[str, str, str]]:
    """What, what is known of it, and where it is written; facts and sources are in the language of the profile."""
    text = language.text
    like = text("like `{address}`", address=profile.example_url)
    yield text("base URL"), f"`{profile.base_url}`" if profile.base_url else like, profile.address_source
    if profile.path:
        yield text("path"), f"`{profile.path}`", profile.address_source
    if profile.query or profile.headers:
        sent = [f"{name}: {value}" for name, value in profile.headers] + (
            [f"?{profile.query}"] if profile.query else []
        )
        yield text("sent with every request"), ", ".join(f"`{one}`" for one in sent), profile.address_source
    if profile.auth:
        yield text("credential"), _credential(profile, language), profile.auth_source
    yield text("contract"), " + ".join((profile.contract, *profile.overlays)), profile.contract_source
    if profile.another_object:
        yield text("object"), profile.another_object, profile.contract_source
    if profile.id_source:
        shown = [f"`{profile.id_pattern}`"] if profile.id_pattern else []
        shown += [text("such as `{example}`", example=example) for example in profile.id_examples]
        yield text("ids"), ", ".join(shown), profile.id_source
    if profile.listing:
        path = profile.listing.path
        yield text("list"), f"`{path}`" if path else text("none"), profile.listing.source
    if profile.create_source:
        asked = [one for one in (profile.create_endpoint, profile.create_window) if one]
        yield text("a batch is made with"), ", ".join(f"`{one}`" for one in asked), profile.create_source
    for status, fact in sorted(profile.reach.items()):
        yield text("to be given {status}", status=status), fact.says, fact.source
    if profile.rate_limit:
        yield text("rate limit"), profile.rate_limit, profile.rate_source
    for known in profile.deviations:
        kind = f"({known.kind})" if known.kind else ""
        place = " ".join(filter(None, (known.status, known.pointer, kind)))
        at = text(
            "`{rule}` at {place}: {reason}", rule=known.rule, place=place or text("any place"), reason=known.reason
        )
        yield text("known deviation"), at, known.source
    for fact in profile.facts:
        yield text("besides"), fact.says, fact.source


def _credential(profile: Profile, language: Language) -> str:
    if profile.auth == "header":
        return f"`{profile.auth_header}: KEY`"
    return language.text(_OF_THE_FORM.get(profile.auth or "", ""))


def _anchor(profile: Profile) -> str:
    """The anchor that GitHub makes of a heading."""
    kept = "".join(sign for sign in profile.title.lower() if sign.isalnum() or sign in " -_")
    return kept.replace(" ", "-")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

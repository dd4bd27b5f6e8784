"""The page of a trend, and the same in lines for a terminal. One file, no network, no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from batch_conformance.message import Count, Message, Template
from batch_conformance.nouns import NOUNS
from batch_conformance.report.language.language import Language
from batch_conformance.report.page import asset, csp, template
from batch_conformance.report.text import one_line
from batch_conformance.report.trend.trend import ClauseTrend, Span, TargetTrend
from batch_conformance.rules import REGISTRY

WIDTH = 1_000
"""Units of a plot from its first run to the end of its last."""

_SENTENCE = Template("trend.sentence", "{targets}, {runs} from {first} to {last}: {broken} broken now")
_BROKEN = Template("trend.broken", "broken since {since}")
_TOLD = Template("trend.told", "told since {since}")
_GONE = Template("trend.gone", "not seen since {last}")
_SEEN = Template("trend.shown", "in {shown} of {judged} runs that judged it")
_SEEN_BROKEN = Template("trend.seen", "in {broken} of {judged} runs that judged it")
_RETURNED = Template("trend.returned", "it came back {times}")
_NEVER_BROKEN = Template("trend.never_broken", "Nothing was ever broken.")


@dataclass(frozen=True, slots=True)
class _Bar:
    """A rectangle of a plot, in units of ``WIDTH``, and what it says when it is pointed at."""

    x: float
    width: float
    state: str
    says: str


def sentence(targets: Sequence[TargetTrend]) -> Message:
    """All of it in one sentence. ``targets`` must not be empty."""
    runs = [run for target in targets for run in target.runs]
    times = sorted(run.at for run in runs)
    return _SENTENCE(
        targets=Count(len(targets), NOUNS["target"]),
        runs=Count(len(runs), NOUNS["run"]),
        first=times[0][:10],
        last=times[-1][:10],
        broken=Count(sum(len(target.broken_now) for target in targets), NOUNS["clause"]),
    )


def render_text(targets: Sequence[TargetTrend], language: Language) -> str:
    """For a terminal: each target with its last verdict, then what was ever broken, what is broken now first."""
    return "".join(line + "\n" for line in _lines(targets, language))


def _lines(targets: Sequence[TargetTrend], language: Language) -> Iterator[str]:
    yield language.render(sentence(targets))
    for target in targets:
        yield ""
        yield f"{one_line(target.base_url)}  {one_line(target.operation)}  {language.text(target.verdict)}"
        for clause in target.clauses:
            level = language.text(clause.level)
            yield f"  {mark(clause)} {level:<6} {one_line(clause.finding.place)}  {clause.finding.rule}"
            yield "      " + language.text("; ").join(language.render(text) for text in facts(clause))
        if not target.clauses:
            yield "  " + language.render(_NEVER_BROKEN())


def mark(clause: ClauseTrend) -> str:
    """The sign of what is gone, of what is broken, and of what is only told."""
    return "✔" if clause.since is None else "●" if clause.level == "info" else "✖"


def facts(clause: ClauseTrend) -> tuple[Message, ...]:
    """Since when it is broken or gone, in how many runs it was seen, and how often it came back.

    What is of level ``info`` breaks nothing, and is not said to.
    """
    is_info = clause.level == "info"
    since = _TOLD if is_info else _BROKEN
    course = _GONE(last=_day(clause.last_seen)) if clause.since is None else since(since=_day(clause.since))
    judged = clause.judged
    seen = _SEEN(shown=clause.broken, judged=judged) if is_info else _SEEN_BROKEN(broken=clause.broken, judged=judged)
    returned = (_RETURNED(times=Count(clause.returns, NOUNS["time"])),) if clause.returns else ()
    return (course, seen, *returned)


def render_page(targets: Sequence[TargetTrend], language: Language) -> str:
    """The page. ``targets`` must not be empty."""
    style = asset("drift.css") + asset("trend.css")
    return template("trend.html.j2").render(
        targets=targets,
        language=language,
        _=language.text,
        n=language.count,
        sentence=language.render(sentence(targets)),
        said=language.render,
        facts=facts,
        mark=mark,
        title_of=lambda rule: language.rule_texts(REGISTRY[rule]).title if rule in REGISTRY else rule,
        never_broken=_NEVER_BROKEN(),
        bars=lambda target, spans: tuple(_bars(target, spans, language)),
        width=WIDTH,
        verdict=_worst(targets),
        style=Markup(style),
        csp=csp(style),
    )


def _bars(target: TargetTrend, spans: Sequence[Span], language: Language) -> Iterator[_Bar]:
    first, last = target.verdicts[0].begins, target.verdicts[-1].ends
    whole = (last - first).total_seconds() or 1.0
    for span in spans:
        x = WIDTH * (span.begins - first).total_seconds() / whole
        width = WIDTH * (span.ends - span.begins).total_seconds() / whole
        runs = language.count(span.runs, "run")
        says = f"{_day(span.begins)} – {_day(span.ends)}: {language.text(_words(span.state))} ({runs})"
        yield _Bar(round(x, 2), round(max(width, 1.0), 2), span.state, says)


def _words(state: str) -> str:
    return "not observed" if state == "unjudged" else state


def _worst(targets: Sequence[TargetTrend]) -> str:
    verdicts = {target.verdict for target in targets}
    return next(one for one in ("drift", "inconclusive", "conforms") if one in verdicts)


def _day(time: datetime) -> str:
    return time.strftime("%Y-%m-%d")

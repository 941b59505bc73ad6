"""The report of a run: HTML for a screen, a phone and paper.

It is one file that needs nothing else. It explains each decision in full: the evaluation tree with its
signals, and the guards.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

from controller.audit.report.markup import Child, join, sheet, tag
from controller.audit.report.timeline_svg import MILESTONES, NUMBERS, timeline
from controller.audit.report.wording import account, because, clock, headline, spelled
from controller.core.explanation import format_time, why_sentence
from controller.readmodel.page_text import escaped, prose
from controller.readmodel.run import Judgement, Story, sentence

MARKS = {"true": ("✓ true", "good"), "false": ("✗ false", "bad"), "unknown": ("? unknown", "wait")}


def judged(judgement: Judgement, broke: float) -> Markup:
    """Return one decision: its sentence, its tree, its guards."""
    record = judgement.record
    tree = record.get("tree")
    return join(
        [
            tag("h3", f"{judgement.title} ({spelled(judgement.at)})"),
            tag("p", prose(why_sentence(dict(record)))),
            tag("ul", _node(tree, broke), class_="tree") if tree else None,
            _guards(record.get("checks", ())),
        ]
    )


def mark(value: object) -> Markup:
    words, class_ = MARKS.get(str(value), MARKS["unknown"])
    return tag("b", words, class_=class_)


def _node(node: Mapping[str, Any], broke: float) -> Markup:
    children = [_node(child, broke) for child in node.get("children", ())]
    seen = [tag("li", _signal(state, broke)) for state in node.get("signals", ())]
    return tag(
        "li",
        mark(node["value"]),
        Markup(" "),
        tag("code", node["path"]),
        Markup(" "),
        node["sentence"],
        tag("ul", join(seen), class_="seen") if seen else None,
        tag("ul", join(children)) if children else None,
    )


def _signal(state: Mapping[str, Any], broke: float) -> str:
    age = state.get("age_s")
    unheard = str(state.get("why", "never heard of"))
    heard = unheard if age is None else f"heard {float(age):.0f} s before"
    since = f" since {_moment(str(state['since']), broke)}" if state.get("since") else ""
    return f"{state['name']} from {state['observer']}: {state['verdict']}{since}, {heard}"


def _moment(stamped: str, broke: float) -> str:
    """Return a time as seconds since the break: `2030-01-01T08:07:39Z` -> `0:38`.

    A text that is no time stays as it is.
    """
    try:
        return clock(datetime.fromisoformat(stamped).timestamp() - broke)
    except (ValueError, OverflowError):
        return stamped


def _guards(checks: Any) -> Markup | None:
    rows = [
        tag("tr", tag("td", check["guard"], class_="n"), tag("td", mark(check["value"]), class_="n"),
            tag("td", check["sentence"]))
        for check in checks
    ]  # fmt: skip
    if not rows:
        return None
    head = tag("thead", tag("tr", tag("th", "guard"), tag("th", "holds"), tag("th", "because")))
    return tag("table", head, tag("tbody", join(rows)), class_="flow")


def page(story: Story) -> str:
    """Return the whole document.

    It has no script and no reference to anything outside.
    """
    body = [
        _top(story),
        _cards(story),
        tag("h2", "What happened"),
        tag("p", "The picture scrolls sideways.", class_="narrow"),
        tag("div", timeline(story), class_="wide"),
        _legend(),
        tag("h2", "Why"),
        *(judged(judgement, story.broke) for judgement in story.judgements),
        _changes(story),
        _plan(story),
        _journal(story),
        _pages(story),
        _foot(story),
    ]
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag(
            "meta",
            http_equiv="Content-Security-Policy",
            content="default-src 'none'; style-src 'unsafe-inline'",
        ),
        tag("title", f"tidegate: {story.scenario} in {story.region}"),
        tag("style", join([sheet("timeline.css"), sheet("run.css")])),
    ]
    return Markup("<!doctype html>\n") + tag(
        "html", tag("head", join(head, "\n")), tag("body", tag("main", join(body, "\n"))), lang="en"
    )


def _top(story: Story) -> Markup:
    words = ("✓ as it must be", "badge good") if story.ok else ("✗ not as it must be", "badge bad")
    kicker = f"tidegate rehearsal · {story.application} · {story.scenario} in {story.region}"
    found = [
        tag("li", tag("b", "✓ " if ok else "✗ ", class_="good" if ok else "bad"), said)
        for ok, said in story.findings
    ]
    return tag(
        "header",
        tag("p", kicker, class_="kicker"),
        tag("h1", headline(story)),
        tag("p", " ".join(account(story))),
        tag("p", prose(because(story))) if because(story) else None,
        tag("p", tag("span", words[0], class_=words[1]), " What the customers themselves saw in the end:"),
        tag("ul", join(found), class_="tree"),
    )


def _cards(story: Story) -> Markup:
    reached = story.milestones
    moments = (reached.first_signal, reached.decided, reached.first_shift, reached.last_failed_request)
    cards = [
        _card(spelled(at), tag("i", number), what)
        for number, what, at in zip(NUMBERS, MILESTONES, moments, strict=True)
    ]
    cards.append(_card(f"{story.failed} of {story.served + story.failed}", Markup(""), "requests failed"))
    return tag("section", join(cards), class_="cards")


def _card(value: str, number: Markup, what: str) -> Markup:
    return tag("div", tag("b", value), tag("span", number, what), class_="card")


def _legend() -> Markup:
    def sample(class_: str, half: float, words: str) -> Markup:
        shape = tag("rect", x=1, y=7 - half, width=24, height=2 * half, class_=class_)
        return tag("li", tag("svg", shape, width=26, height=14, aria_hidden="true"), words)

    entries = [
        sample("served", 5, "requests served"),
        sample("failed", 5, "requests failed"),
        sample("v-healthy", 2, "healthy"),
        sample("v-breaching", 6, "breaching"),
        sample("v-silent", 5, "silent"),
        sample("v-unknown", 3, "unknown"),
        sample("c-on", 3, "routing control On"),
        sample("c-off", 3, "Off"),
    ]
    return tag("ul", join(entries), class_="legend")


def _changes(story: Story) -> Markup:
    rows = [(clock(d.at), tag("code", d.code), d.text) for d in story.decisions]
    return join(
        [
            tag("h2", f"Each change of the decision about {story.region}"),
            _table(("at", "code", "reason"), rows),
        ]
    )


def _plan(story: Story) -> Markup:
    rows = [
        (region, tag("code", name), _state(before), _state(after, changed=before != after))
        for region, names in story.regions.items()
        for name in names
        for before, after in [(story.before[name], story.after[name])]
    ]
    heads = ("Region", "routing control", "before", "after")
    table = _table(heads, rows, flow=False)
    return join([tag("h2", "Routing controls before and after"), tag("p", _floor(story)), table])


def _floor(story: Story) -> Markup:
    off = story.slices_off_at()
    if off is not None:
        return join(
            [tag("b", "✗ ", class_="bad"), f"At {clock(off)} a slice of traffic was On in no Region."]
        )
    if not story.shifts:
        return escaped("Nothing changed.")
    return join(
        [tag("b", "✓ ", class_="good"), "At every moment each slice of traffic was On in some Region."]
    )


def _state(on: bool, *, changed: bool = False) -> Markup:
    words = ("● On" if on else "○ Off") + (" (changed)" if changed else "")
    return tag("b" if changed else "span", words)


def _journal(story: Story) -> Markup:
    broken = story.broken_at
    count = len(story.journal)
    if broken is None:
        whole = f"The chain of hashes over all {count} events holds: none was edited, dropped or swapped."
        chain = tag("p", tag("b", "✓ ", class_="good"), whole)
    else:
        wrong = f"The chain of hashes does not hold: event {broken} is not as it was written."
        chain = tag("p", tag("b", "✗ ", class_="bad"), wrong)
    rows = [
        (event.seq, clock(event.at - story.broke), tag("b", event.kind), sentence(event), event.draft.by,
         tag("code", event.hash[:12]))
        for event in story.journal
    ]  # fmt: skip
    heads = ("no.", "at", "what", "in words", "by", "hash")
    return join([tag("h2", "The journal"), chain, _table(heads, rows)])


def _pages(story: Story) -> Markup:
    if not story.pages:
        return join([tag("h2", "Pages"), tag("p", "Nobody was paged.")])
    rows = [(clock(p.at), tag("b", p.code), tag("pre", escaped(p.text, lines=True))) for p in story.pages]
    return join([tag("h2", "Pages"), _table(("at", "subject", "text"), rows)])


def _foot(story: Story) -> Markup:
    last = story.journal[-1].hash if story.journal else "none"
    return tag(
        "footer",
        f"The break was at {format_time(story.broke)} by the rehearsal's clock, which ran "
        f"{story.speed:g} times as fast as yours; all other times are minutes and seconds since then. "
        f"Approvals: {story.approve}. Last hash of the journal: {last}",
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[Child]], *, flow: bool = True) -> Markup:
    """Return a table whose columns of long text wrap.

    Numbers and short words do not wrap. On a phone each row flows.
    """
    body = [
        tag("tr", join(_cell(head, value) for head, value in zip(heads, row, strict=True))) for row in rows
    ]
    top = tag("thead", tag("tr", join(tag("th", head) for head in heads)))
    return tag("table", top, tag("tbody", join(body)), class_="flow" if flow else None)


def _cell(head: str, value: Child) -> Markup:
    long = head in ("reason", "in words", "text")
    return tag("td", value, class_=None if long else "n")

"""In a real browser: sign in, read, decide; by keyboard, on a phone, without JavaScript, and for everybody.

Skipped where there is no Chromium; with `TIDEGATE_NEEDS_BROWSER` set, that is a failure. With
`TIDEGATE_SCREENSHOTS` set, the pictures of `docs/` are made anew.
"""

import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from controller.console.archive import Archive
from controller.console.http.wsgi import Loopback
from controller.core.journal.kind import Kind
from controller.core.model import Verdict
from controller.entry.console_lambda import instruments
from tests.console.console_answers import TWO
from tests.console.crawler import outside
from tests.console.finished_run import run
from tests.console.loopback_console import CHROMIUM, Stand, standing
from tests.support.console_world import GATE, Desk, asked_desk
from tests.support.request_counts import RULE, counting
from tests.support.world import world

DOCS = Path(__file__).parents[2] / "docs" / "console"
THERE = Path(CHROMIUM).exists()
NEEDED = bool(os.environ.get("TIDEGATE_NEEDS_BROWSER"))
WAVES: dict[str, Any] = {"traffic": RULE, "evacuate": GATE | {"waves": [2], "settle": "30s"}}
TALLEST = 2_100
"""Pixels of a picture: a page's beginning will do."""
WIDE, PHONE = {"width": 1180, "height": 820}, {"width": 390, "height": 844}

pytestmark = pytest.mark.skipif(not THERE and not NEEDED, reason=f"no browser at {CHROMIUM}: not looked at")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Root may not use the sandbox, and no page but ours is opened.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    """People are asked, but where the test wants a calm world. One world at a time: they share clients."""
    given: Any = getattr(request, "param", {})
    own = {"calm": calm, "counted": counted}.get(given if isinstance(given, str) else "")
    with standing(own or (lambda: asked_desk(**given))) as made:
        yield made


def counted() -> Desk:
    """Requests are counted, and there are two waves to come."""
    desk = asked_desk(**WAVES)
    counting(desk.w, 0.0)
    desk.w.advance(160)
    return desk


@pytest.fixture(scope="module")
def record() -> Iterator[str]:
    """The address of a run that is over."""
    with closing(Loopback()) as door:
        archive = Archive(
            run(), origin=door.origin, instruments=instruments(lambda: None), log=lambda _: None
        )
        door.serve(archive.handle)
        yield door.origin


def calm() -> Desk:
    w = world(evacuate=GATE)
    w.advance(70)
    return Desk(w, w.hand)


def breaks(desk: Desk) -> bool:
    """us-east-1 fails until people are asked."""
    desk.w.say(east=Verdict.BREACHING)
    return desk.w.until(desk.w.has(Kind.APPROVAL_REQUESTED), 600)


def person(chromium: Browser, stand: Stand, name: str, path: str = "/", **options: Any) -> Page:
    """Somebody's own browser, signed in and at `path`, who came by the link of the notice."""
    context = chromium.new_context(**{"viewport": WIDE} | options)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto(stand.url(path))
    page.get_by_role("button", name=name).click()
    page.wait_for_url(stand.url(path))
    return page


def asked(stand: Stand) -> str:
    return f"/approve/{stand.do(lambda desk: desk.request)}"


def count(stand: Stand, kind: Kind) -> int:
    found: int = stand.do(lambda desk: desk.w.count(kind))
    return found


def until(kind: Kind, within: float = 120.0) -> Callable[[Desk], bool]:
    return lambda desk: desk.w.until(desk.w.has(kind), within)


def shot(page: Page, name: str) -> None:
    if os.environ.get("TIDEGATE_SCREENSHOTS"):
        from PIL import Image

        DOCS.mkdir(exist_ok=True)
        taken = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
        taken = taken.crop((0, 0, taken.width, min(taken.height, TALLEST)))
        taken.quantize(200, dither=Image.Dither.NONE).save(DOCS / f"{name}.png", optimize=True)


@pytest.mark.parametrize("stand", [{"approvals": TWO} | WAVES], indirect=True)
def test_two_people_approve_and_traffic_is_seen_to_move(chromium: Browser, stand: Stand) -> None:
    stand.do(lambda desk: counting(desk.w, 0.0))
    stand.do(lambda desk: desk.w.advance(160))
    link = asked(stand)
    ana = person(chromium, stand, "Ana (on call)", link)
    assert ana.locator("h1").inner_text() == "Leave us-east-1 for us-west-2?"
    shot(ana, "approve")
    ana.get_by_label("Why").fill("customers cannot check out")
    ana.get_by_role("button", name="Approve plan").click()
    ana.get_by_text("You have approved this. 1 more must agree").wait_for()
    ben = person(chromium, stand, "Ben (lead)", link)
    incident = stand.do(lambda desk: desk.w.state.open.id)
    ana.goto(stand.url(f"/incidents/{incident}"))
    assert ana.locator("h1").inner_text().endswith("people are asked")
    ben.get_by_role("button", name="Approve plan").click()
    ben.get_by_role("heading", name="You approved this at").wait_for()
    assert stand.do(until(Kind.SHIFT_VERIFIED, 600))
    ana.evaluate("look()")
    assert ana.locator(".waves").inner_text().split() >= ["Wave"]
    assert re.search(r"us-east-1\s+50 %\s+25 %", ana.locator(".moved").inner_text())
    assert ana.locator("rect.c-off").count() == 2
    assert stand.do(until(Kind.SETTLED, 600))
    stand.do(lambda desk: desk.w.advance(100))
    ana.evaluate("look()")
    assert ana.locator("h1").inner_text().endswith("settled")
    assert ana.locator("rect.c-off").count() == 4
    assert re.search(r"us-east-1\s+50 %\s+0 %", ana.locator(".moved").inner_text())
    shot(ana, "incident")
    assert count(stand, Kind.APPROVAL_GIVEN) == 2


def test_by_keyboard_alone_a_person_denies_and_enter_in_the_reason_sends_nothing(
    chromium: Browser, stand: Stand
) -> None:
    link = asked(stand)
    page = person(chromium, stand, "Ana (on call)", link)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    _tab_to(page, "reason")
    page.keyboard.type("a release is under way")
    page.keyboard.press("Enter")
    page.keyboard.type("so not now")
    assert count(stand, Kind.APPROVAL_DENIED) == 0
    _tab_to(page, "Deny")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="denied").wait_for()
    assert count(stand, Kind.APPROVAL_DENIED) == 1
    assert "a release is under way so not now" in page.inner_text("main")


def _tab_to(page: Page, wanted: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        here = page.evaluate("[document.activeElement.id, document.activeElement.textContent.trim()]")
        if wanted in here:
            return
    pytest.fail(f"Tab does not reach {wanted}")


def test_on_a_phone_in_the_dark_without_javascript_one_approves(chromium: Browser, stand: Stand) -> None:
    page = person(
        chromium, stand, "Ana (on call)", asked(stand),
        viewport=PHONE, color_scheme="dark", java_script_enabled=False,
    )  # fmt: skip
    shot(page, "approve-phone")
    page.get_by_role("button", name="Approve plan").click()
    page.get_by_role("heading", name="You approved this at").wait_for()
    assert count(stand, Kind.APPROVAL_GIVEN) == 1


@pytest.mark.parametrize("stand", ["calm"], indirect=True)
def test_an_incident_arrives_while_one_looks_and_its_question_expires(
    chromium: Browser, stand: Stand
) -> None:
    page = person(chromium, stand, "Cem (lead)")
    assert page.locator("h1").inner_text().endswith("All is well")
    assert stand.do(breaks)
    page.evaluate("look()")
    assert page.locator("h1").inner_text().endswith("us-east-1 is failing")
    shot(page, "now")
    link = asked(stand)
    page.goto(stand.url(link))
    assert "You are not in group:sre-oncall" in page.inner_text("main")
    assert page.get_by_role("button", name="Approve").count() == 0
    assert stand.do(until(Kind.APPROVAL_EXPIRED, 1000))
    page.evaluate("look()")
    assert "has ended; open it again" in page.locator("#poll").inner_text()
    response = page.goto(stand.url(link))
    assert response is not None
    assert (response.status, page.locator("h1").inner_text()) == (
        410,
        "This request has expired; silence was a denial.",
    )


def test_a_robot_that_opens_every_link_in_a_browser_and_submits_no_form_changes_nothing(
    chromium: Browser, stand: Stand
) -> None:
    page = person(chromium, stand, "Ana (on call)", asked(stand))
    before = stand.do(_untimed)
    seen: set[str] = set()
    left = [stand.url("/"), stand.url(asked(stand))]
    while left:
        url = left.pop()
        if url in seen or not url.startswith(stand.door.origin):
            continue
        seen.add(url)
        page.goto(url)
        left += page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    assert len(seen) > 6
    assert stand.do(_untimed) == before


def _untimed(desk: Desk) -> dict[str, str]:
    found: dict[str, str] = outside(desk)
    return found


@pytest.mark.parametrize("stand", ["counted"], indirect=True)
@pytest.mark.parametrize(
    "look", [{"viewport": WIDE}, {"viewport": PHONE, "color_scheme": "dark"}], ids=["wide", "phone"]
)
def test_every_page_is_for_everybody_and_asks_no_third_party(
    chromium: Browser, record: str, stand: Stand, look: dict[str, Any]
) -> None:
    link, incident = asked(stand), stand.do(lambda desk: desk.w.state.open.id)
    page = person(chromium, stand, "Ana (on call)", **look)
    asked_of: set[str] = set()
    page.on("request", lambda request: asked_of.add(request.url.split("/")[2]))
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    paths = ["/", link, f"/incidents/{incident}", "/history?at=2030-01-01T08:01:30Z", "/policy", "/health"]
    past = next(str(e.draft.incident) for e in run().events if e.kind is Kind.INCIDENT_OPENED)
    records = [f"{record}/", f"{record}/incidents/{past}"] if look["viewport"] is WIDE else []
    for path in [*paths, *records]:
        page.goto(path if path.startswith("http") else stand.url(path))
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= look["viewport"]["width"], path
        if look["viewport"] is WIDE and path in ("/policy", "/health", f"{record}/"):
            page.reload()
            shot(page, path[1:] if path.startswith("/") else "record")
    assert asked_of <= {url.partition("://")[2] for url in (stand.door.origin, record)}
    assert troubles == []


def test_a_page_that_is_not_refreshed_says_so(chromium: Browser, stand: Stand) -> None:
    page = person(chromium, stand, "Ana (on call)")
    context: BrowserContext = page.context
    context.set_offline(True)
    page.evaluate("look()")
    page.wait_for_function("document.getElementById('poll').textContent.startsWith('Not refreshed since')")
    context.set_offline(False)
    page.evaluate("look()")
    page.wait_for_function("document.getElementById('poll').textContent === ''")

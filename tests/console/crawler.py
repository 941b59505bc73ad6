"""A robot that opens every link of the console, and all the state that it could have changed."""

import json
import re

from controller.console.http.messages import Response
from tests.support.console_world import Browser, Desk
from tests.support.world import executions

LINK = re.compile(r'(?:href|src|action)="([^"]+)"')


def outside(desk: Desk) -> dict[str, str]:
    """All that anybody could have changed."""
    cloud, region = desk.w.stage.cloud, desk.w.stage.cloud.plan.controller
    tables = ("tidegate-journal", "tidegate-evidence", "tidegate-assessments")
    found = {
        t: json.dumps(cloud.call("dynamodb", "Scan", region, {"TableName": t}), default=str) for t in tables
    }
    return found | {"controls": str(desk.w.controls), "executions": str(executions(desk.w)),
                    "pages": str(len(desk.w.pages)), "moves": str(desk.w.moves)}  # fmt: skip


def crawl(b: Browser, methods: tuple[str, ...] = ("GET",)) -> dict[str, Response]:
    """What a robot sees that opens every link, and the links of what it opens, and submits no form."""
    seen: dict[str, Response] = {}
    left = ["/", f"/approve/{b.desk.request}", "/signin", "/signed-in?code=x&state=y", "/history?at=08:00"]
    while left:
        url = left.pop()
        if url in seen:
            continue
        path, _, query = url.replace("&amp;", "&").partition("?")
        for method in methods:
            seen[url] = b.send(method, path, query=query)
        page = seen[url].body.decode("utf-8", "replace")
        left += [u for u in LINK.findall(page) if u.startswith("/") and u not in seen]
    return seen

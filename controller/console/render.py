"""The templates and their rendering: each value is made plain and escaped.

Pages need not ask for it.
"""

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from controller.console.http.messages import Response
from controller.core.explanation import format_time
from controller.core.text import format_duration
from controller.readmodel.page_text import environment, plain
from controller.readmodel.run import sentence

STATIC = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


def page(name: str, status: int = 200, *, why: str = "", **data: Any) -> Response:
    body = _environment().get_template(f"{name}.html").render(**data)
    return Response(status, body.encode(), {"content-type": "text/html; charset=utf-8"}, why=why)


def static(name: str) -> Response | None:
    """Return one of the files that pages name; None for any other."""
    if name not in STATIC:
        return None
    headers = {"content-type": STATIC[name], "cache-control": "max-age=600"}
    return Response(200, _file(name), headers)


def sheet(text: str) -> Response:
    return Response(
        200, text.encode(), {"content-type": "text/css; charset=utf-8", "cache-control": "max-age=600"}
    )


def ago(now: float, at: float | None) -> str:
    """Format the distance to a time: `12m05s ago`, `in 3m20s`."""
    if at is None:
        return "never"
    if abs(now - at) >= 172_800:
        days = abs(now - at) / 86_400
        return f"{days:.0f} days ago" if at < now else f"in {days:.0f} days"
    return f"{format_duration(now - at)} ago" if at <= now else f"in {format_duration(at - now)}"


def hour(at: float) -> str:
    """Format a time of day: `08:00:03`."""
    return format_time(at)[11:19]


def day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def _code(value: str) -> Markup:
    """Return lines of code with their indentation, each made plain."""
    rows = [(len(row) - len(row.lstrip(" ")), plain(row.strip())) for row in str(value).split("\n")]
    return Markup("\n").join(Markup(" ") * deep + Markup("%s") % row for deep, row in rows)


@cache
def _environment() -> Environment:
    made = environment(
        "controller.console",
        stamp=format_time,
        hour=hour,
        day=day,
        spell=format_duration,
        told=sentence,
        code=_code,
    )
    made.globals |= {"ago": ago}
    return made


@cache
def _file(name: str) -> bytes:
    return files("controller.console").joinpath("static", name).read_bytes()

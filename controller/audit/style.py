"""The style sheets beside this file."""

from importlib.resources import files

from controller.audit.markup import Markup


def sheet(name: str) -> Markup:
    return Markup(files("controller.audit").joinpath(name).read_text(encoding="utf-8"))

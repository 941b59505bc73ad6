"""The check that the signed-in person means a POST, on our page."""

from controller.console.auth.session import Session
from controller.console.http.messages import Request


class Forbidden(Exception):  # noqa: N818
    """The request is refused; the message is a sentence for the person."""


def same_origin(request: Request, origin: str) -> bool:
    """Return True where a page of `origin` sent the request.

    A request with neither `Origin` nor `Sec-Fetch-Site` is refused.
    """
    said = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if said is None and site is None:
        return False
    return (said is None or said == origin) and site in (None, "same-origin")


def deliberate(request: Request, session: Session | None, origin: str) -> Session:
    """Return the session of the person who meant this POST.

    Raises `Forbidden`.
    """
    if not same_origin(request, origin):
        raise Forbidden("this did not come from a page of this console")
    if session is None:
        raise Forbidden("you are not signed in")
    if not session.meant(request.path, request.form().get("csrf", "")):
        raise Forbidden("this form is not of your session; open the page again")
    return session

"""The adapter of API Gateway HTTP API events, payload format 2.0.

It turns an event into a request, and a response into an answer.
Source: "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway".
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from controller.console.http.messages import MOST, Request, Response


def request_of(event: Mapping[str, Any]) -> Request:
    """Return the request of an event.

    Raises `ValueError` for an object that is no such event.
    """
    try:
        http = event["requestContext"]["http"]
        headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
        body = event.get("body") or ""
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
        return Request(
            method=str(http["method"]).upper(),
            path=unquote(str(event["rawPath"]), errors="replace"),
            query=str(event.get("rawQueryString") or ""),
            headers=headers,
            cookie="; ".join(str(each) for each in event.get("cookies") or ()),
            body=raw[:MOST],
            too_big=len(raw) > MOST,
        )
    except (KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise ValueError(f"not an event of an HTTP API: {type(error).__name__}") from error


def answer_of(response: Response) -> dict[str, Any]:
    return {
        "statusCode": response.status,
        "headers": dict(response.headers),
        "cookies": list(response.cookies),
        "body": base64.b64encode(response.body).decode(),
        "isBase64Encoded": True,
    }

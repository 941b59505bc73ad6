"""botocore's endpoint without what only a network needs: no signing, no prepared HTTP request, no retries.

```
 client ─ serializer ─> request dict ─> Endpoint ─> HTTP session (the wire) ─> parser ─> answer or its error
```

Serializers, parsers and error classes are botocore's own. It stands in where a client may try once only,
since the real one sleeps between tries on the machine's clock.
"""

from functools import cache
from typing import Any
from urllib.parse import urlencode

from botocore.endpoint import Endpoint as Real
from botocore.endpoint import convert_to_response_dict
from botocore.model import OperationModel
from botocore.parsers import JSONParser, ResponseParser, create_parser

from controller.rehearsal.memo import Remembered
from controller.rehearsal.transport import Prepared


@cache
def _parser(protocol: str) -> ResponseParser:
    """One for all calls: it keeps nothing of what it parses."""
    return create_parser(protocol)


_ANSWERS = Remembered(512)
LARGE_ANSWER = 4096
"""Bytes of a body beyond which no answer is like one before."""


def _parsed(parser: ResponseParser, response: dict[str, Any], model: OperationModel) -> Any:
    """What the parser says. Of a body alone it has said it before, if the protocol keeps all there."""
    body, status, headers = response["body"], response["status_code"], response["headers"]
    if status >= 300 or len(body) > LARGE_ANSWER or not isinstance(parser, JSONParser):
        return parser.parse(response, model.output_shape)
    bare = {**response, "headers": {}}
    found = _ANSWERS.of((model, body), lambda: parser.parse(bare, model.output_shape))
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": dict(headers)}
    if "x-amzn-requestid" in headers:
        metadata["RequestId"] = headers["x-amzn-requestid"]
    found["ResponseMetadata"] = metadata
    return found


@cache
def _streams(model: OperationModel) -> bool:
    return bool(model.has_event_stream_output or model.has_streaming_output)


class Endpoint:
    """What botocore calls an endpoint, in front of `http_session`."""

    def __init__(self, real: Real) -> None:
        self.host, self.http_session = real.host, real.http_session
        self._real = real

    def make_request(self, operation_model: Any, request_dict: dict[str, Any]) -> tuple[Any, Any]:
        """Send it once; the HTTP response and what it says. Raises what the session raises."""
        body = request_dict["body"]
        if isinstance(body, dict):
            body = urlencode(body, doseq=True)
        request = Prepared(
            request_dict["method"],
            request_dict["url"],
            request_dict["headers"],
            body,
            request_dict["context"],
        )
        http = self.http_session.send(request)
        response = convert_to_response_dict(http, operation_model)
        parser = _parser(str(operation_model.service_model.resolved_protocol))
        if _streams(operation_model):
            parsed = parser.parse(response, operation_model.output_shape)
        else:
            parsed = _parsed(parser, response, operation_model)
        if http.status_code >= 300:
            self._real._add_modeled_error_fields(response, parsed, operation_model, parser)
        return http, parsed

    def close(self) -> None:
        self.http_session.close()

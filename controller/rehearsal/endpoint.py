"""botocore's endpoint without what only a network needs: no signing, no prepared HTTP request, no retries.

```
 client ─ serializer ─> request dict ─> Endpoint ─> HTTP session (the wire) ─> parser ─> answer or its error
```

Serializers, parsers and error classes are botocore's own. It stands in where a client may try once only,
since the real one sleeps between tries on the machine's clock.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from botocore.endpoint import Endpoint as Real
from botocore.endpoint import convert_to_response_dict


@dataclass(slots=True)
class Prepared:
    """The part of a prepared request that an HTTP session here reads."""

    method: str
    url: str
    headers: dict[str, Any]
    body: Any
    context: dict[str, Any] = field(default_factory=dict)


class Endpoint:
    """What botocore calls an endpoint, in front of `http_session`."""

    def __init__(self, real: Real) -> None:
        self.host, self.http_session = real.host, real.http_session
        self._real, self._parsers = real, real._response_parser_factory

    def make_request(self, operation_model: Any, request_dict: dict[str, Any]) -> tuple[Any, Any]:
        """Send it once; the HTTP response and what it says. Raises what the session raises."""
        body = request_dict["body"]
        if isinstance(body, dict):
            body = urlencode(body, doseq=True)
        headers = request_dict["headers"]
        request = Prepared(
            request_dict["method"], request_dict["url"], headers, body, request_dict["context"]
        )
        http = self.http_session.send(request)
        response = convert_to_response_dict(http, operation_model)
        parser = self._parsers.create_parser(operation_model.service_model.resolved_protocol)
        parsed = parser.parse(response, operation_model.output_shape)
        if http.status_code >= 300:
            self._real._add_modeled_error_fields(response, parsed, operation_model, parser)
        return http, parsed

    def close(self) -> None:
        self.http_session.close()

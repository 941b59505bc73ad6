"""The dispatcher of the wire: it makes HTTP requests into calls of services.

```
 request ─> scope ─┬─ (service, Region) here and the operation too ─> Call ─> service, with the lock held
                   ├─ an operation that may pass ─> fallback (moto)
                   └─ otherwise ─> 501
```
A request that carries the token of a session is that role's: it meets the services of the role's account, and
may do what the role may.
"""

import itertools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from controller.rehearsal.service import AwsError, Call, Service
from controller.rehearsal.service import Request as Request
from controller.rehearsal.service import Response as Response
from controller.rehearsal.service import Scope as Scope
from controller.rehearsal.services.sts import RoleSession, Tokens
from controller.rehearsal.wire.protocols import Dialect, Json, dialect_of
from controller.rehearsal.wire.rest_json import rest_of
from controller.rehearsal.wire.service_models import operation_model, scope_of, service_model
from controller.rehearsal.wire.unplayed import asked, refused


class Wire:
    """The dispatcher: it finds the service that a request is for.

    Parameters
    ----------
    services: by (signing name, Region).
    fallback: answers the requests that none of the services answers, if they may pass.
    lock: held while a service runs, not while the fallback does.
    passes: called with signing name and operation; None lets everything pass.
    tokens: the sessions of roles in other accounts; foreign: account -> the services there, like `services`.
    """

    def __init__(
        self,
        services: Mapping[tuple[str, str], Service],
        fallback: Callable[[Request], Response],
        lock: AbstractContextManager[Any],
        passes: Callable[[str, str], bool] | None = None,
        *,
        tokens: Tokens | None = None,
    ) -> None:
        self.services, self.fallback, self.lock = dict(services), fallback, lock
        self._passes, self._numbers = passes, itertools.count(1)
        self._tokens, self.foreign = tokens, dict[str, dict[tuple[str, str], Service]]()

    def handle(self, request: Request, endpoint: str = "", scope: Scope | None = None) -> Response:
        """Answer one request.

        endpoint: the name of the endpoint that received it, where that matters (ARC). scope: for requests
        that are not signed. Errors of the request are answers; an error in a service's own code is raised.
        """
        request_id = f"{next(self._numbers):08x}-7469-4465-8761-746500000000"
        dialect: Dialect | None = None
        try:
            dialect = dialect_of(request)
            if scope is None:
                scope = scope_of(request)
            session = self._tokens.of(request) if self._tokens else None
            service = self._services(session).get((scope.service, scope.region))
            if dialect is None and service is not None:
                dialect = rest_of(request, scope.service, service.operations)
            if dialect is None:
                return self._elsewhere(request, None, scope, request_id)
            work = None if service is None else service.operations.get(dialect.operation)
            model = None if work is None else operation_model(scope.service, dialect.operation)
            if work is None or model is None or not _addressed(dialect, scope):
                return self._elsewhere(request, dialect, scope, request_id)
            params = dialect.read(request, model)
            call = Call(scope.service, dialect.operation, scope.region, params, endpoint or scope.region)
            if session is not None:
                session.check(scope.service, dialect.operation)
                call = replace(call, account=session.role.account)
            with self.lock:
                members = work(call)
            return dialect.answer(model, members, request_id)
        except AwsError as error:
            speaker = dialect or Json("", "")
            return speaker.refuse(error, "" if scope is None else scope.service, request_id)

    def _services(self, session: RoleSession | None) -> Mapping[tuple[str, str], Service]:
        return self.services if session is None else self.foreign.get(session.role.account, {})

    def _elsewhere(
        self, request: Request, dialect: Dialect | None, scope: Scope, request_id: str
    ) -> Response:
        if self._passes is None:
            return self.fallback(request)
        found = asked(request, dialect, scope)
        if self._passes(scope.service, found.operation):
            return self.fallback(request)
        played = {
            region
            for (name, region), service in self.services.items()
            if name == scope.service and region != scope.region and found.operation in service.operations
        }
        return refused(found, dialect, scope, played, request_id)


def _addressed(dialect: Dialect, scope: Scope) -> bool:
    """Return True where the target's prefix is the service's own, or is absent.

    DynamoDB Streams are signed as `dynamodb` too.
    """
    model = service_model(scope.service)
    return not dialect.target or (model is not None and dialect.target == model.metadata.get("targetPrefix"))

"""AWS as a deployment by script meets it, on a port of this machine: CloudFormation, S3 and STS.

CloudFormation answers with the names and shapes of botocore's model, keeps stacks by Region, and refuses what
the real one refuses: a template that is too long, a capability that is missing, code that is not there.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from infra.release.order import BODY, MOST_BYTES

NOW = datetime(2026, 11, 1, tzinfo=UTC).isoformat()


@dataclass
class Stack:
    name: str
    region: str
    template: bytes
    parameters: dict[str, str]
    tags: dict[str, str]
    status: str = "CREATE_COMPLETE"
    protected: bool = False


@dataclass
class Front:
    """stacks: by (Region, name), in the order made. buckets: name -> (owner, key -> content).

    account: whose credentials they are, but for those of `accounts`, by access key. fails: names whose next
    creation fails and is taken back. refused: what CloudFormation answered with an error.
    """

    url: str = ""
    account: str = "111122223333"
    accounts: dict[str, str] = field(default_factory=dict)
    buckets: dict[str, tuple[str, dict[str, bytes]]] = field(default_factory=dict)
    stacks: dict[tuple[str, str], Stack] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    pending: dict[str, Stack | None] = field(default_factory=dict)
    fails: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    lock: Any = field(default_factory=Lock)

    def answer(self, region: str, asked: dict[str, str]) -> str:
        """Return the body of one answer. Raises `Refused`."""
        action = asked["Action"]
        self.calls.append((action, asked.get("StackName", "")))
        return str(getattr(self, f"_{action}")(region, asked))

    def stored(self, method: str, bucket: str, key: str, owner: str | None, content: bytes) -> int:
        """Return the status of one request to S3."""
        known = self.buckets.get(bucket)
        if method == "PUT" and not key:
            if known is not None:
                return 409
            self.buckets[bucket] = (self.account, {})
            return 200
        if known is None:
            return 404
        if known[0] != self.account or (owner or known[0]) != known[0]:
            return 403
        if method == "PUT":
            known[1][key] = content
        return 404 if key and key not in known[1] else 200

    def _GetCallerIdentity(self, region: str, asked: dict[str, str]) -> str:  # noqa: N802
        return f"<Account>{self.accounts.get(asked['AccessKey'], self.account)}</Account>"

    def _CreateChangeSet(self, region: str, asked: dict[str, str]) -> str:  # noqa: N802
        name = asked["StackName"]
        template = self._template(region, asked)
        plain = json.loads(template)
        types = {r["Type"].split("::")[1] for r in plain["Resources"].values()}
        if "IAM" in types and not any(k.startswith("Capabilities") for k in asked):
            raise Refused("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]")
        parameters = _pairs(asked, "Parameters.member.{}.ParameterKey", "Parameters.member.{}.ParameterValue")
        if set(parameters) != set(plain.get("Parameters", {})):
            raise Refused("ValidationError", f"Parameters: {sorted(parameters)} are not the template's")
        for bucket, key in _code(plain, parameters):
            if key not in self.buckets.get(bucket, ("", {}))[1]:
                raise Refused("ValidationError", f"no code at {bucket}/{key}")
        known = self.stacks.get((region, name))
        if (known is None) is (asked["ChangeSetType"] != "CREATE"):
            raise Refused("ValidationError", f"{asked['ChangeSetType']} of {name}")
        if known is not None and known.status == "ROLLBACK_COMPLETE":
            raise Refused("ValidationError", f"{name} is in ROLLBACK_COMPLETE state and can not be updated.")
        tags = _pairs(asked, "Tags.member.{}.Key", "Tags.member.{}.Value")
        made = Stack(name, region, template, parameters, tags)
        same = known is not None and (known.template, known.parameters) == (template, parameters)
        arn = f"arn:aws:cloudformation:{region}:111122223333:changeSet/{asked['ChangeSetName']}/1"
        self.pending[arn] = None if same else made
        return f"<Id>{arn}</Id><StackId>{_arn(region, name)}</StackId>"

    def _template(self, region: str, asked: dict[str, str]) -> bytes:
        if "TemplateBody" in asked:
            content = asked["TemplateBody"].encode()
            if len(content) > BODY:
                raise Refused("ValidationError", f"1 validation error detected: length {len(content)}")
            return content
        place = urlsplit(asked["TemplateURL"]).path.strip("/")
        bucket, _, key = place.partition("/")
        content = self.buckets[bucket][1][key]
        if len(content) > MOST_BYTES:
            raise Refused("ValidationError", "Template may not exceed 1000000 bytes in size.")
        return content

    def _DescribeChangeSet(self, region: str, asked: dict[str, str]) -> str:  # noqa: N802
        empty = self.pending[asked["ChangeSetName"]] is None
        reason = "The submitted information didn't contain changes."
        return (
            f"<Status>{'FAILED' if empty else 'CREATE_COMPLETE'}</Status>"
            f"<StatusReason>{escape(reason) if empty else ''}</StatusReason>"
        )

    def _ExecuteChangeSet(self, region: str, asked: dict[str, str]) -> str:  # noqa: N802
        made = self.pending[asked["ChangeSetName"]]
        assert made is not None
        if made.name in self.fails:
            self.fails.discard(made.name)
            made.status = "ROLLBACK_COMPLETE"
        elif (region, made.name) in self.stacks:
            made.status = "UPDATE_COMPLETE"
        self.stacks[region, made.name] = made
        return ""

    def _DescribeStacks(self, region: str, asked: dict[str, str]) -> str:  # noqa: N802
        found = self.stacks.get((region, asked["StackName"]))
        if found is None:
            raise Refused("ValidationError", f"Stack with id {asked['StackName']} does not exist")
        return f"<Stacks><member>{_told(found)}</member></Stacks>"

    def _GetTemplateSummary(self, region: str, asked: dict[str, str]) -> str:  # noqa: N802
        names = json.loads(self.stacks[region, asked["StackName"]].template).get("Parameters", {})
        members = "".join(f"<member><ParameterKey>{name}</ParameterKey></member>" for name in names)
        return f"<Parameters>{members}</Parameters>"

    def _ListStacks(self, region: str, asked: dict[str, str]) -> str:  # noqa: N802
        wanted = {v for k, v in asked.items() if k.startswith("StackStatusFilter")}
        found = [s for (r, _), s in self.stacks.items() if r == region and s.status in wanted]
        members = "".join(f"<member>{_told(stack)}</member>" for stack in found)
        return f"<StackSummaries>{members}</StackSummaries>"

    def _DeleteStack(self, region: str, asked: dict[str, str]) -> str:  # noqa: N802
        if self.stacks[region, asked["StackName"]].protected:
            raise Refused("ValidationError", "Stack cannot be deleted while TerminationProtection is enabled")
        del self.stacks[region, asked["StackName"]]
        return ""

    def _UpdateTerminationProtection(self, region: str, asked: dict[str, str]) -> str:  # noqa: N802
        enabled = asked["EnableTerminationProtection"] == "true"
        self.stacks[region, asked["StackName"]].protected = enabled
        return f"<StackId>{_arn(region, asked['StackName'])}</StackId>"


class Refused(Exception):  # noqa: N818
    """An answer with an error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def front() -> Iterator[Front]:
    """A front on a port of 127.0.0.1, while it lasts."""
    made = Front()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def _handler(made: Front) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = {key: values[0] for key, values in parse_qs(text, keep_blank_values=True).items()}
            credential = self.headers["Authorization"].partition("Credential=")[2].split("/")
            asked["AccessKey"], region = credential[0], credential[2]
            action = asked["Action"]
            try:
                with made.lock:
                    found = made.answer(region, asked)
                self._say(
                    200, f"<{action}Response><{action}Result>{found}</{action}Result></{action}Response>"
                )
            except Refused as error:
                if action != "DescribeStacks":  # the command line asks whether there is a stack
                    made.refused.append(str(error))
                code, message = escape(error.code), escape(str(error))
                error_ = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
                self._say(400, f"<ErrorResponse>{error_}</ErrorResponse>")

        def _object(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            bucket, _, key = urlsplit(self.path).path.strip("/").partition("/")
            owner = self.headers.get("x-amz-expected-bucket-owner")
            with made.lock:
                self._say(made.stored(self.command, bucket, key, owner, content), "")

        do_HEAD = do_PUT = _object  # noqa: N815

        def _say(self, status: int, body: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: Any) -> None:
            return

    return Handler


def _pairs(asked: dict[str, str], key: str, value: str) -> dict[str, str]:
    found = {}
    number = 1
    while key.format(number) in asked:
        found[asked[key.format(number)]] = asked[value.format(number)]
        number += 1
    return found


def _code(template: dict[str, Any], parameters: dict[str, str]) -> Iterator[tuple[str, str]]:
    for resource in template["Resources"].values():
        code = resource.get("Properties", {}).get("Code", {})
        if "S3Key" in code:
            yield parameters[code["S3Bucket"]["Ref"]], code["S3Key"]


def _arn(region: str, name: str) -> str:
    return (
        f"arn:aws:cloudformation:{region}:111122223333:stack/{name}/{sha256(name.encode()).hexdigest()[:8]}"
    )


def _told(stack: Stack) -> str:
    return (
        f"<StackName>{stack.name}</StackName><StackId>{_arn(stack.region, stack.name)}</StackId>"
        f"<CreationTime>{NOW}</CreationTime><StackStatus>{stack.status}</StackStatus>"
    )

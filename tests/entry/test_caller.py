"""How whoever acts at a terminal showed who they are, as STS says it on the wire."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from controller.core.incident.approval import SignedIn
from controller.entry.context import Context
from controller.settings import Deployment
from tests.entry.deployment_file import DEPLOYMENT
from tests.entry.loopback import closed_port

ARN = "arn:aws:sts::123456789012:assumed-role/Oncall/ana@storefront.example"
SAID = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>{arn}</Arn><UserId>{user}</UserId><Account>{account}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""
LIVE = Context("production", Deployment.model_validate(DEPLOYMENT))


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret that nobody may see")


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """STS on this machine; it answers with what is in the result."""
    said = {"arn": ARN, "user": "AROAEXAMPLE:ana@storefront.example", "account": "123456789012"}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            body = SAID.format(**said).encode()
            self.send_response(200)
            self.send_header("content-type", "text/xml")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{server.server_port}")
    yield said
    server.shutdown()
    server.server_close()


def test_a_role_s_unique_id_and_account_are_kept_and_neither_its_session_s_name_nor_a_key(
    sts: dict[str, str],
) -> None:
    proof = LIVE.proof()
    assert proof == SignedIn("terminal", "sts:123456789012", "AROAEXAMPLE")
    assert LIVE.identity(None) == ARN
    for secret in ("ana@", "AKID", "secret"):
        assert secret not in repr(proof)
    sts["user"] = "AIDAEXAMPLE"
    assert LIVE.proof().subject == "AIDAEXAMPLE"


def test_where_sts_does_not_answer_the_door_is_known_and_the_rest_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert LIVE.proof() == SignedIn("terminal")


def test_in_a_rehearsal_a_name_is_claimed_and_nobody_is_asked() -> None:
    rehearsed = Deployment.model_validate(DEPLOYMENT | {"endpoint_url": "http://127.0.0.1:1"})
    assert Context("rehearsal", rehearsed).proof() == SignedIn("rehearsal")

"""Sign-in: only the issuer's own word, for us, about this sign-in, and recent enough."""

import re
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from joserfc.jwk import ECKey

from controller.console.auth import sign_in
from controller.console.auth.identity_provider import AGAIN, KEPT, SKEW, Issuer, TokenRefused
from controller.console.auth.outbound import IssuerUnreachable
from controller.console.auth.session import FRESH, LASTS, Sealer, begun, cookie_of, session_of
from controller.console.auth.sign_in import Door, challenge_of
from controller.console.http.messages import Request, local
from tests.console.id_tokens import NOW, Office

KEY = b"a key of thirty-two bytes, a key"


@pytest.fixture
def office() -> Office:
    return Office()


def test_the_challenge_of_the_rfc() -> None:
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_token_as_the_issuer_makes_it_is_its_word(office: Office) -> None:
    claims = office.verified(office.token())
    assert (claims["email"], claims["auth_time"]) == ("ana@storefront.example", int(NOW))
    assert office.verified(office.token(aud=["tidegate", "other"], azp="tidegate"))["sub"] == "u-ana"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://127.0.0.1:9002"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": ["tidegate", "other"]},
        {"aud": ["tidegate", "other"], "azp": "other"},
        {"azp": "other"},
        {"nonce": "another nonce"},
        {"nonce": None},
        {"exp": int(NOW) - SKEW - 1},
        {"exp": None},
        {"exp": "soon"},
        {"nonce": ["the nonce"]},
        {"iat": None},
        {"iat": int(NOW) + SKEW + 5},
        {"nbf": int(NOW) + SKEW + 5},
        {"auth_time": None},
        {"auth_time": int(NOW) + SKEW + 1},
        {"auth_time": "1"},
        {"auth_time": True},
        {"auth_time": -1},
        {"sub": None},
    ],
    ids=str,
)
def test_a_token_with_one_wrong_claim_is_refused(office: Office, claims: dict[str, object]) -> None:
    with pytest.raises(TokenRefused):
        office.verified(office.token(**claims))


@pytest.mark.parametrize("forge", [Office.none, Office.hs256, Office.strangers], ids=lambda f: f.__name__)
def test_a_token_that_the_issuer_did_not_sign_is_refused(office: Office, forge: Any) -> None:
    with pytest.raises(TokenRefused):
        office.verified(forge(office))
    for broken in ("", "a.b.c", "....", office.token()[:-6], "\u202e.\x1b.é"):
        with pytest.raises(TokenRefused):
            office.verified(broken)


@pytest.mark.parametrize("forge", [Office.none, Office.hs256], ids=lambda f: f.__name__)
def test_it_is_the_list_of_algorithms_that_refuses_before_any_key_is_looked_at(forge: Any) -> None:
    office = Office()
    with pytest.raises(TokenRefused, match="algorithm is not allowed"):
        office.verified(forge(office))
    assert office.asked == []


def test_with_the_last_look_at_the_claims_taken_out_an_undated_proof_passes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Issuer, "_amiss", lambda *_: "")
    assert office.verified(office.token(auth_time=None))["sub"] == "u-ana"


def test_clocks_may_differ_by_a_minute(office: Office) -> None:
    token = office.token(auth_time=int(NOW) + SKEW, iat=int(NOW) + SKEW - 1, exp=int(NOW) - SKEW + 2)
    assert office.verified(token)["sub"] == "u-ana"


def test_keys_are_kept_so_that_sign_in_survives_a_slow_issuer(office: Office) -> None:
    office.verified(office.token())
    office.down = True
    assert office.verified(office.token())["sub"] == "u-ana"
    office.at = NOW + KEPT + 1
    late = office.token(exp=int(office.at) + 60, iat=int(office.at))
    assert office.verified(late)["sub"] == "u-ana"


def test_who_signs_in_again_needs_of_the_issuer_its_token_endpoint_alone(office: Office) -> None:
    finish(office, *way(office))
    office.deaf = {"/.well-known/openid-configuration", "/jwks"}
    office.at += KEPT + 1
    assert finish(office, *way(office)).path == "/policy"
    office.issuer = Office().issuer
    with pytest.raises(TokenRefused):
        finish(office, *way(office))


def test_an_issuer_that_never_answered_is_not_trusted_blindly(office: Office) -> None:
    office.down = True
    with pytest.raises(IssuerUnreachable):
        office.verified(office.token())


def test_keys_that_are_not_for_signatures_are_passed_over(office: Office) -> None:
    sealing = ECKey.generate_key("P-256", {"kid": "sealing", "use": "enc"}, private=True)
    office.beside = [{"kty": "weird", "kid": "w"}, {"kty": "oct", "k": "c2VjcmV0", "kid": "o"}]
    office.beside.append(dict(sealing.as_dict(private=False)))
    assert office.verified(office.token())["sub"] == "u-ana"
    signing = ECKey.import_key({k: v for k, v in sealing.as_dict(private=True).items() if k != "use"})
    with pytest.raises(TokenRefused):
        office.verified(office.token({"kid": "sealing"}, signing))


def test_a_thousand_tokens_of_unknown_keys_ask_the_issuer_but_once_in_a_while(office: Office) -> None:
    office.verified(office.token())
    before = len(office.asked)
    for _ in range(1000):
        with pytest.raises(TokenRefused):
            office.verified(office.token({"kid": "unknown"}))
    assert len(office.asked) == before
    office.at += AGAIN + 1
    with pytest.raises(TokenRefused):
        office.verified(office.token({"kid": "unknown"}))
    assert office.asked[before:] == ["/jwks"]


def test_a_discovery_document_of_another_issuer_is_refused(office: Office) -> None:
    office.provider.issuer = "http://127.0.0.1:6"
    with pytest.raises(IssuerUnreachable):
        office.issuer.authorization_url({})


# The way there and back.


def door(office: Office) -> Door:
    return Door(office.issuer, Sealer(KEY), {"sre-oncall"})


def way(office: Office, to: str = "/policy", person: str = "u-ben") -> tuple[str, str]:
    """The issuer's answer, and the cookie of the browser that began."""
    begun_at = door(office).begin(Request("GET", "/signin", f"to={to}"), office.at)
    parts = urlsplit(begun_at.headers["location"])
    reply = office.provider.handle("POST", "/authorize", f"{parts.query}&person={person}".encode())
    return urlsplit(reply.headers["location"]).query, begun_at.cookies[0].partition(";")[0]


def finish(office: Office, query: str, cookie: str) -> Request:
    """What the browser holds once it is back: raises what the door raises."""
    done = door(office).finish(Request("GET", "/signed-in", query, cookie=cookie), office.at)
    return Request("GET", done.headers["location"], cookie=done.cookies[1].partition(";")[0])


def test_there_and_back_one_is_who_the_issuer_says_and_where_one_wanted_to_go(office: Office) -> None:
    back = finish(office, *way(office))
    assert back.path == "/policy"
    session = session_of(back, Sealer(KEY), office.at)
    assert session is not None
    assert (session.who, session.groups) == ("ben@storefront.example", ("sre-oncall",))


def test_the_issuer_is_asked_for_a_fresh_proof_with_pkce_and_our_cookie_is_host_only(office: Office) -> None:
    response = door(office).begin(Request("GET", "/signin"), office.at)
    asked = {k: v[0] for k, v in parse_qs(urlsplit(response.headers["location"]).query).items()}
    assert (asked["max_age"], asked["code_challenge_method"]) == ("300", "S256")
    assert len(asked["state"]) >= 22
    assert re.fullmatch(
        r"__Host-[\w-]+=\S+; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax", response.cookies[0]
    )


def test_the_cookie_of_a_session_is_host_only_and_short_lived(office: Office) -> None:
    query, cookie = way(office)
    done = door(office).finish(Request("GET", "/signed-in", query, cookie=cookie), office.at)
    gone, kept = done.cookies
    assert gone == "__Host-tidegate-signin=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"
    assert re.fullmatch(
        r"__Host-tidegate=\S+; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax", kept
    )  # with `Domain` or another path a browser would not take a name of `__Host-`


def test_a_proof_of_yesterday_gives_a_session_that_cannot_answer(office: Office) -> None:
    """Of an issuer that does not heed `max_age`."""
    for age, fresh in ((FRESH, True), (FRESH + 1, False), (86_400, False)):
        office.provider.claims = {"auth_time": int(office.at - age)}
        session = session_of(finish(office, *way(office)), Sealer(KEY), office.at)
        assert session is not None
        assert session.fresh(office.at) is fresh, age


def test_a_callback_counts_once_in_the_browser_that_began_it(office: Office) -> None:
    query, cookie = way(office)
    with pytest.raises(TokenRefused, match="no sign-in was begun"):
        finish(office, query, "")
    other = way(office)[1]
    with pytest.raises(TokenRefused, match="another sign-in"):
        finish(office, query, other)
    with pytest.raises(TokenRefused, match="said no"):
        finish(office, re.sub("code=[^&]+", "error=access_denied", query), cookie)
    finish(office, query, cookie)
    with pytest.raises(TokenRefused, match="refused the code"):
        finish(office, query, cookie)


def test_a_wrong_verifier_is_refused_by_the_provider_and_burns_the_code(office: Office) -> None:
    query, _ = way(office)
    code = parse_qs(query)["code"][0]
    for verifier in ("w" * 64, ""):
        with pytest.raises(TokenRefused):
            office.issuer.redeem(code, verifier, "https://console.test/signed-in")


@pytest.mark.parametrize(
    "to",
    [
        "//evil.test",
        "https://evil.test",
        "/\\evil.test",
        "\\\\evil",
        "javascript:alert(1)",
        "/a\r\nb",
        "",
        "/é",
    ],
)
def test_nobody_is_sent_elsewhere_after_a_sign_in(
    office: Office, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    assert local(to) == "/"
    assert finish(office, *way(office, quote(to))).path == "/"
    monkeypatch.setattr(sign_in, "local", lambda path: path)
    assert finish(office, *way(office, quote(to))).path == to


@pytest.mark.parametrize(
    "claims",
    [{"email": None}, {"email": 7}, {"email": ""}, {"email": "a\u202eb"}, {"email": "x" * 200},
     {"email_verified": False}],
    ids=str,
)  # fmt: skip
def test_a_token_that_names_nobody_signs_nobody_in(office: Office, claims: dict[str, object]) -> None:
    office.provider.claims = claims
    with pytest.raises(TokenRefused):
        finish(office, *way(office))


# The session.


def test_a_session_that_was_changed_copied_from_another_kind_or_is_old_is_none() -> None:
    sealer = Sealer(KEY)
    cookie = cookie_of(begun("ana", ["sre-oncall"], NOW), sealer, NOW).partition(";")[0]
    name, _, value = cookie.partition("=")

    def opens(text: str, at: float = NOW, key: bytes = KEY) -> bool:
        return session_of(Request("GET", "/", cookie=text), Sealer(key), at) is not None

    assert opens(cookie)
    assert not opens(cookie, NOW + LASTS)
    assert not opens(cookie, key=KEY[::-1])
    assert not opens(
        f"{name}={sealer.seal('pending', {'who': 'eve', 'groups': [], 'at': 1, 'csrf': ''}, NOW + 9)}"
    )
    for place in range(0, len(value), 7):
        flipped = "A" if value[place] != "A" else "B"
        assert not opens(f"{name}={value[:place]}{flipped}{value[place + 1 :]}"), place
    for junk in ("", "x", "a.b.c.d.e", "x" * 5000, "\x00", "é"):
        assert not opens(f"{name}={junk}")
    assert "ana" not in value

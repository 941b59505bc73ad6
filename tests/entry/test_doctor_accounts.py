"""The doctor's rows about another account: who may go there, by which STS, and what the functions met."""

from functools import partial
from typing import Any

from controller.entry.doctor import accounts, canaries, examine, switch
from controller.entry.doctor.finding import Patient
from controller.rehearsal.services.sts import SecurityTokens, Tokens
from controller.rehearsal.wire.botocore_client import virtual_clients
from controller.settings import Access
from controller.wiring import build
from tests.entry.examined_deployment import changed, patients, told
from tests.support.drill_run import ALONE, set_up
from tests.support.two_accounts import APPLICATION, ARC, EXTERNAL_ID, MOVE, elsewhere, moved_out, role_arn

HERE, EAST, WEST = "us-east-2", "us-east-1", "us-west-2"


class Walk:
    """Two accounts and three controllers, a few minutes after they began."""

    def __init__(self, **changes: Any) -> None:
        self.stage, _ = set_up(**{"redraw": moved_out, **changes})

    def after(self, seconds: float) -> Patient:
        self.stage.advance(seconds)
        return patients(self.stage)[0]

    def look(self, patient: Patient) -> list[Any]:
        return list(accounts.accounts(patient))


def test_a_role_that_every_sts_gives_is_well() -> None:
    walk = Walk()
    sessions, polls = walk.look(walk.after(150))
    assert (sessions.check, sessions.verdict) == ("evidence account", "ok")
    for region in (HERE, WEST, EAST):
        assert region in sessions.says
    assert (polls.check, polls.verdict) == ("evidence polls", "ok")


def test_an_sts_that_gives_nothing_is_named() -> None:
    """Such as one that nobody activated in that account: the next outage would miss it."""
    walk = Walk()
    patient = walk.after(150)
    walk.stage.cloud.wire.services["sts", WEST] = SecurityTokens(Tokens(walk.stage.kernel))
    (sessions, _) = walk.look(patient)
    assert sessions.verdict == "bad"
    assert f"STS in {WEST}: " in sessions.says
    assert "AccessDenied" in sessions.says


def test_that_you_may_not_is_no_word_about_the_functions() -> None:
    walk = Walk(**ALONE)
    patient = changed(walk.after(150), evidence=Access(role=role_arn(HERE), external_id="another"))
    sessions, polls = walk.look(patient)
    assert sessions.verdict == "unknown"
    assert "`accounts.desk` names who may" in sessions.says
    assert polls.verdict == "ok"


def test_functions_that_are_kept_out_are_seen_by_their_own_record() -> None:
    walk = Walk(**ALONE)
    walk.stage.cloud.tokens.roles.clear()
    _, polls = walk.look(walk.after(150))
    assert polls.verdict == "bad"
    assert f"nobody lets us be {role_arn(HERE)}" in polls.says


def test_without_a_tick_nothing_is_known_of_the_functions() -> None:
    walk = Walk(**ALONE)
    _, polls = walk.look(walk.after(5))
    assert polls.verdict == "unknown"


def test_alarms_are_looked_for_where_they_live_and_canaries_are_left_to_their_signals() -> None:
    walk = Walk(**ALONE)
    patient = walk.after(150)
    rows = {(each.check, each.where): each for each in examine([patient])}
    assert rows["alarms", EAST].verdict == "ok", rows["alarms", EAST].says
    assert ("evidence account", HERE) in rows
    assert ("signals", HERE) in rows
    assert f"account {APPLICATION}" in told(canaries.canaries(patient), "skipped")
    assert EXTERNAL_ID not in " ".join(each.says for each in rows.values())


def arc_away(allowed: frozenset[str]) -> Walk:
    return Walk(redraw=lambda plan: plan, before=partial(elsewhere, allowed=allowed), **ALONE)


def test_a_cluster_in_another_account_is_asked_by_the_role_there() -> None:
    walk = arc_away(MOVE)
    patient = walk.after(5)
    rows = [*switch.endpoints(patient)]
    assert [each.verdict for each in rows] == 5 * ["ok"], rows
    assert told(switch.safety_rules(patient), "skipped") == f"ARC lives in account {ARC}: look there"
    assert {s.role.account for s in walk.stage.cloud.tokens.given.values()} == {ARC}


def test_that_you_may_not_ask_a_cluster_is_no_word_about_its_endpoints() -> None:
    walk = arc_away(MOVE)
    patient = walk.after(5)
    walk.stage.cloud.tokens.roles.clear()
    refused = [*switch.endpoints(patient)]
    assert [each.verdict for each in refused] == 5 * ["unknown"], refused
    assert all("you may not ask it: nobody lets us be" in each.says for each in refused)
    denied = [*switch.endpoints(arc_away(frozenset()).after(5))]
    assert [each.verdict for each in denied] == 5 * ["unknown"], denied
    assert all("you may not ask it: " in each.says and "AccessDenied" in each.says for each in denied)


def test_an_endpoint_that_hangs_is_bad_there_too() -> None:
    walk = arc_away(MOVE)
    patient = walk.after(5)
    walk.stage.faults.arc[WEST] = "hung"
    rows = {each.where: each for each in switch.endpoints(patient)}
    assert [where for where, each in rows.items() if each.verdict == "bad"] == [WEST]
    assert "does not answer" in rows[WEST].says


def test_a_session_is_named_after_the_deployment() -> None:
    """CloudTrail of the other account shows it: of two deployments each has its own."""
    walk = Walk(**ALONE)
    patient = changed(walk.after(5), prefix="guard")
    names: list[str] = []
    sts = walk.stage.cloud.wire.services["sts", HERE]

    class Heard:
        @property
        def operations(self) -> Any:
            def assume(call: Any) -> Any:
                names.append(str(call.params["RoleSessionName"]))
                return sts.operations["AssumeRole"](call)

            return {"AssumeRole": assume}

    walk.stage.cloud.wire.services["sts", HERE] = Heard()
    walk.look(patient)
    assert names == ["guard-doctor"]
    make = virtual_clients(walk.stage.cloud.wire, walk.stage.runtime, walk.stage.faults)
    deps = build(patient.deployment, clients=make, runtime=walk.stage.runtime)
    deps.readiness.read(("replication", "storefront-orders", EAST, WEST))
    assert names == ["guard-doctor", f"guard-{HERE}"]


def test_in_one_account_there_is_nothing_to_look_at() -> None:
    stage, _ = set_up(**ALONE)
    stage.advance(90)
    assert {each.verdict for each in accounts.accounts(patients(stage)[0])} == {"skipped"}

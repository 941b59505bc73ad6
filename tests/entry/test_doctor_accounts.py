"""The doctor's rows about another account: who may go there, by which STS, and what the functions met."""

from typing import Any

from controller.entry.doctor import accounts, canaries, examine
from controller.entry.doctor.finding import Patient
from controller.rehearsal.services.sts import SecurityTokens, Tokens
from controller.settings import Access
from tests.entry.examined_deployment import changed, patients, told
from tests.support.drill_run import ALONE, set_up
from tests.support.two_accounts import APPLICATION, EXTERNAL_ID, moved_out, role_arn

HERE, EAST, WEST = "us-east-2", "us-east-1", "us-west-2"


class Walk:
    """Two accounts and three controllers, a few minutes after they began."""

    def __init__(self, **changes: Any) -> None:
        self.stage, _ = set_up(redraw=moved_out, **changes)

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


def test_in_one_account_there_is_nothing_to_look_at() -> None:
    stage, _ = set_up(**ALONE)
    stage.advance(90)
    assert {each.verdict for each in accounts.accounts(patients(stage)[0])} == {"skipped"}

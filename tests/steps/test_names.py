"""Names that are made of the policy's: what AWS takes, and what a person finds again."""

import itertools
import re

import pytest

from controller.core.incident.state import Incident, Phase
from controller.core.text import SUBJECT, abridge
from controller.rehearsal.services.stepfunctions.text import check_name
from controller.steps.context.deps import Deps
from controller.steps.context.paging import page, tell_untold
from controller.steps.incident.driver import LONGEST_NAME, execution_name
from tests.support.policy_scene import EAST
from tests.support.world import World, world

LONGEST = "us-isob-northeast-1"
"""The longest name of a Region that a policy takes, but for two letters that none has."""
BIGGEST = 10**9


def incident(application: str, region: str = EAST, number: int = 17, intent: str = "evacuate") -> Incident:
    return Incident(f"{application}-{region}-{number}", region, Phase.OPEN, 0.0, "x", 1, intent=intent)


def test_names_that_fit_are_as_they_were() -> None:
    assert execution_name(incident("storefront"), 0) == "evacuate-storefront-us-east-1-17"
    assert execution_name(incident("storefront"), 1) == "evacuate-storefront-us-east-1-17-2"
    assert execution_name(incident("storefront", intent="drill"), 0) == "drill-storefront-us-east-1-17"


@pytest.mark.parametrize(("run", "intent"), [(0, "evacuate"), (11, "evacuate"), (0, "restore"), (3, "drill")])
def test_a_name_of_eighty_characters_is_whole_and_one_more_is_cut_in_the_application(
    run: int, intent: str
) -> None:
    room = LONGEST_NAME - len(execution_name(incident("", intent=intent), run))
    whole = execution_name(incident("a" * room, intent=intent), run)
    assert whole == f"{intent}-{'a' * room}-us-east-1-17" + (f"-{run + 1}" if run else "")
    cut = execution_name(incident("a" * (room + 1), intent=intent), run)
    assert len(cut) == len(whole) == LONGEST_NAME
    assert cut.startswith(f"{intent}-aaaaaaaaaa")
    end = "-us-east-1-17" + (f"-{run + 1}" if run else "")
    assert re.fullmatch(rf"{intent}-a+-[0-9a-f]{{8}}{end}", cut)


def test_the_longest_names_of_all_are_taken_and_each_is_another() -> None:
    applications = ["a" * 63, "a" * 62 + "b", "a" * 54, "storefront", "-".join("ab" * 16) + "-" * 30 + "x"]
    regions, numbers, runs = (EAST, LONGEST), (1, 17, BIGGEST), (0, 1, 10**5)
    intents = ("evacuate", "restore", "drill")
    every = [
        execution_name(incident(application, region, number, intent), run)
        for application, region, number, intent, run in itertools.product(
            applications, regions, numbers, intents, runs
        )
    ]
    assert len(set(every)) == len(every) == 270
    assert all(check_name(name) == name for name in every)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in every)  # what logging wants too


@pytest.mark.parametrize(("length", "shown"), [(SUBJECT, SUBJECT), (SUBJECT + 1, SUBJECT)])
def test_the_subject_of_a_page_keeps_its_end_which_says_the_matter(length: int, shown: int) -> None:
    subject = "s" * (length - 18) + ": target-not-ready"
    assert len(abridge(subject)) == shown
    assert abridge(subject).endswith("sss: target-not-ready")
    assert (".." in abridge(subject)) is (length > SUBJECT)


def sent(w: World) -> list[str]:
    return [notice.subject for notice in w.stage.cloud.outbox.notices]


def test_a_long_subject_is_cut_in_its_middle_also_where_it_is_late() -> None:
    w = world()
    subject = f"{'a' * 63}-{LONGEST}-{BIGGEST}: target-not-ready"
    deps: Deps = w.deps
    assert page(deps, subject, "x")
    w.trouble = lambda call: "refused" if call.service == "sns" else None
    assert not page(deps, subject, "x", key="k")
    w.trouble = lambda call: None
    tell_untold(deps, w.state)
    assert len(sent(w)) == 2
    assert {(len(each), each[-40:]) for each in sent(w)} == {(SUBJECT, f"..{subject}"[-40:])}
